/// Divides a text as GPT-2 does: contractions, words, numbers and signs, each with a blank before it, and
/// other blanks.
struct PieceScanner {
  private let scalars: [Unicode.Scalar]

  private enum Kind { case letter, number, blank, other }

  init(_ scalars: [Unicode.Scalar]) { self.scalars = scalars }

  func forEachPiece(_ body: (Range<Int>) -> Void) {
    var start = 0
    while start < scalars.count {
      let end = self.end(from: start)
      body(start..<end)
      start = end
    }
  }

  private func end(from start: Int) -> Int {
    if scalars[start] == "'" {
      for ending in Self.contractions where scalars[(start + 1)...].starts(with: ending) {
        return start + 1 + ending.count
      }
    }
    let first = scalars[start] == " " ? start + 1 : start
    if first < scalars.count {
      let kind = Self.kind(scalars[first])
      if kind != .blank { return endOfRun(from: first, kind) }
    }
    let end = endOfRun(from: start, .blank)
    // The last blank belongs to what follows.
    return end < scalars.count && end > start + 1 ? end - 1 : end
  }

  private func endOfRun(from start: Int, _ kind: Kind) -> Int {
    var end = start + 1
    while end < scalars.count, Self.kind(scalars[end]) == kind { end += 1 }
    return end
  }

  private static func kind(_ scalar: Unicode.Scalar) -> Kind {
    if scalar.value < 0x80 {
      switch scalar {
      case "a"..."z", "A"..."Z": return .letter
      case "0"..."9": return .number
      case " ", "\t"..."\r": return .blank
      default: return .other
      }
    }
    switch scalar.properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter:
      return .letter
    case .decimalNumber, .letterNumber, .otherNumber: return .number
    default: return scalar.properties.isWhitespace ? .blank : .other
    }
  }

  private static let contractions = ["s", "t", "re", "ve", "m", "ll", "d"].map {
    Array($0.unicodeScalars)
  }
}
