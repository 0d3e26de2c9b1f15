/// A cell that is a number in some way of writing: with decimals behind a point or a comma, groups of
/// digits set apart, a currency, a percent sign, or parentheses for a negative amount.
///
/// What a point or comma in it means is another question, which ``NumberStyle`` answers.
struct NumberText {
  /// What stands between digits.
  enum Separator: Hashable, Sendable { case point, comma, space, apostrophe }

  /// What a number counts.
  enum Unit: Hashable, Sendable {
    case percent
    case currency(String)
  }

  private(set) var unit: Unit?
  /// What one separator says of the others in a file, taken by itself.
  private(set) var evidence = Evidence()

  private var isNegative = false
  private var digits: [UInt8] = []
  /// The number of digits before, between and behind the separators.
  private var lengths = [0]
  private var separators: [Separator] = []
  private var exponent = ""

  /// What the separators of a number show.
  struct Evidence: Hashable, Sendable {
    /// It surely stands before decimals.
    var decimal: Separator?
    /// It surely groups digits.
    var grouping: Separator?
    /// It may do either: behind one to three digits, before three.
    var either: Separator?
  }

  /// Takes a cell apart; `nil` where it is no number in any way.
  init?(_ cell: Span<UInt8>) {
    // No number is longer, and each has a digit.
    guard cell.count <= 48, (0..<cell.count).contains(where: { isDigit(cell[$0]) }) else {
      return nil
    }
    let text = String(decoding: (0..<cell.count).map { cell[$0] }, as: UTF8.self)
    var scalars = text.unicodeScalars[...]
    trim(&scalars)
    if scalars.first == "(", scalars.last == ")" {
      isNegative = true
      scalars = scalars.dropFirst().dropLast()
    }
    takeSign(&scalars)
    guard takeUnits(&scalars) else { return nil }
    if !isNegative { takeSign(&scalars) }
    guard takeBody(scalars), let evidence = findEvidence() else { return nil }
    self.evidence = evidence
  }

  /// The number, in a style; `nil` where the style has no such number.
  func value(_ style: NumberStyle) -> Double? {
    var (whole, last) = (lengths, separators.last)
    var fraction = 0
    if last == style.decimal {
      fraction = whole.removeLast()
    } else {
      last = nil
    }
    let groupings = last == nil ? separators : separators.dropLast()
    if let grouping = groupings.first {
      guard style.groups(by: grouping), groupings.allSatisfy({ $0 == grouping }),
        Self.areGroups(whole)
      else { return nil }
    }
    var number = String(decoding: digits.dropLast(fraction), as: UTF8.self)
    if fraction > 0 { number += "." + String(decoding: digits.suffix(fraction), as: UTF8.self) }
    return Double((isNegative ? "-" : "") + (number.first == "." ? "0" : "") + number + exponent)
  }

  private mutating func takeSign(_ scalars: inout Substring.UnicodeScalarView) {
    guard let first = scalars.first, "+-\u{2212}".unicodeScalars.contains(first) else { return }
    isNegative = isNegative || first != "+"
    scalars.removeFirst()
    trim(&scalars)
  }

  /// Takes a currency before or behind the digits, or a percent sign behind them. `false` where it is
  /// anything else.
  private mutating func takeUnits(_ scalars: inout Substring.UnicodeScalarView) -> Bool {
    func isOfNumber(_ scalar: Unicode.Scalar) -> Bool {
      ("0"..."9").contains(scalar) || "+-.,'\u{2212}".unicodeScalars.contains(scalar)
    }
    let before = scalars.prefix { !isOfNumber($0) }
    scalars.removeFirst(before.count)
    let behind = scalars.suffix(scalars.reversed().prefix { !isOfNumber($0) }.count)
    scalars.removeLast(behind.count)
    trim(&scalars)
    for word in [before, behind] {
      let word = Substring(word).filter { !$0.isWhitespace }
      if word.isEmpty { continue }
      guard unit == nil else { return false }
      if word == "%" {
        unit = .percent
      } else if isCurrency(word) {
        unit = .currency(word.uppercased())
      } else {
        return false
      }
    }
    return true
  }

  private mutating func takeBody(_ scalars: Substring.UnicodeScalarView) -> Bool {
    var rest = scalars
    while let scalar = rest.popFirst() {
      switch scalar {
      case "0"..."9":
        digits.append(UInt8(scalar.value))
        lengths[lengths.count - 1] += 1
      case ".": add(.point)
      case ",": add(.comma)
      case "'", "\u{2019}": add(.apostrophe)
      case " ", "\u{a0}", "\u{202f}", "\u{2009}": add(.space)
      case "e", "E":
        let power = String(rest)
        guard !digits.isEmpty, !power.isEmpty, power.utf8.count < 6, Int(power) != nil else {
          return false
        }
        exponent = "e" + power
        rest = rest.suffix(0)
      default: return false
      }
    }
    return !digits.isEmpty && lengths.dropFirst().dropLast().allSatisfy { $0 > 0 }
  }

  private mutating func add(_ separator: Separator) {
    separators.append(separator)
    lengths.append(0)
  }

  /// `nil` where the separators are those of no number.
  private func findEvidence() -> Evidence? {
    guard let last = separators.last else { return Evidence() }
    let isDecimal = last == .point || last == .comma
    if separators.count == 1 {
      guard isDecimal else {
        return Self.areGroups(lengths) && exponent.isEmpty ? Evidence(grouping: last) : nil
      }
      let isSure =
        lengths[1] != 3 || !(1...3).contains(lengths[0]) || digits[0] == UInt8(ascii: "0")
        || !exponent.isEmpty
      return isSure ? Evidence(decimal: last) : Evidence(either: last)
    }
    let others = Set(separators.dropLast())
    guard others.count == 1, let grouping = others.first, exponent.isEmpty else { return nil }
    if grouping == last { return Self.areGroups(lengths) ? Evidence(grouping: last) : nil }
    return isDecimal && Self.areGroups(lengths.dropLast())
      ? Evidence(decimal: last, grouping: grouping) : nil
  }

  /// Whether digits are grouped as they are written anywhere: by threes, or by twos but for the last
  /// three, as in India.
  private static func areGroups(_ lengths: some BidirectionalCollection<Int>) -> Bool {
    guard let first = lengths.first, (1...3).contains(first), lengths.count > 1 else {
      return lengths.count == 1
    }
    let middle = lengths.dropFirst().dropLast()
    return lengths.last == 3
      && (middle.allSatisfy { $0 == 3 } || first < 3 && middle.allSatisfy { $0 == 2 })
  }
}

private func isDigit(_ byte: UInt8) -> Bool {
  (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
}

private func trim(_ scalars: inout Substring.UnicodeScalarView) {
  while let first = scalars.first, first.properties.isWhitespace { scalars.removeFirst() }
  while let last = scalars.last, last.properties.isWhitespace { scalars.removeLast() }
}

private func isCurrency(_ word: String) -> Bool {
  let scalars = word.unicodeScalars
  if let symbol = scalars.last, symbol.properties.generalCategory == .currencySymbol {
    // Perhaps with the country's letters: US$, R$.
    return scalars.count <= 3 && scalars.dropLast().allSatisfy { ("A"..."Z").contains($0) }
  }
  return currencyCodes.contains(word.uppercased())
}

/// Those of ISO 4217 that most data have, and usual abbreviations.
private let currencyCodes: Set<String> = [
  "AED", "ARS", "AUD", "BRL", "CAD", "CHF", "CLP", "CNY", "COP", "CZK", "DKK", "EGP", "EUR", "FR",
  "GBP", "HKD", "HUF", "IDR", "ILS", "INR", "JPY", "KR", "KRW", "KČ", "MXN", "MYR", "NGN", "NOK",
  "NZD", "PHP", "PKR", "PLN", "RON", "RS", "RUB", "SAR", "SEK", "SGD", "THB", "TRY", "TWD", "UAH",
  "USD", "VND", "ZAR", "ZŁ",
]
