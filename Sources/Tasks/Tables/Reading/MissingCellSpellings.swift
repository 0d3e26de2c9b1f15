/// How cells say that they have no value.
struct MissingCellSpellings: Hashable, Sendable {
  private var words: Set<String>
  /// Numbers that stand for no value, as -999 does in many files.
  private var numbers: Set<Double>
  private let longest: Int

  /// Empty cells always say so.
  ///
  /// - Parameters:
  ///   - others: What else does, in whatever case.
  ///   - standard: Whether the usual spellings do.
  init(_ others: [String] = [], standard: Bool = true) {
    words = standard ? Self.usual : [""]
    words.formUnion(others.map { $0.lowercased() })
    numbers = Set(others.compactMap(Double.init).filter(\.isFinite))
    longest = words.lazy.map(\.utf8.count).max() ?? 0
  }

  var hasNumbers: Bool { !numbers.isEmpty }

  func contains(_ number: Double) -> Bool { numbers.contains(number) }

  /// Whether a cell says so. Blanks around it count for nothing.
  func contains(_ cell: Span<UInt8>) -> Bool {
    var (start, end) = (0, cell.count)
    while start < end, isBlank(cell[start]) { start += 1 }
    while start < end, isBlank(cell[end - 1]) { end -= 1 }
    return contains(cell, start..<end)
  }

  func contains(_ cell: Span<UInt8>, _ range: Range<Int>) -> Bool {
    guard range.count <= longest else { return false }
    if range.isEmpty { return true }
    let word = String(decoding: range.map { cell[$0] }, as: UTF8.self).lowercased()
    return words.contains(word) || hasNumbers && Double(word).map(numbers.contains) ?? false
  }

  /// What spreadsheets, R, pandas, SQL and SAS write, in lower case.
  private static let usual: Set<String> = [
    "", "?", "-", "--", ".", "n/a", "n.a.", "na", "nan", "-nan", "nat", "nil", "none", "null",
    "(null)", "\\n", "<na>", "#n/a", "#n/a n/a", "#na", "#div/0!", "#name?", "#null!", "#num!",
    "#ref!", "#value!", "1.#ind", "-1.#ind", "1.#qnan", "-1.#qnan",
  ]
}

func isBlank(_ byte: UInt8) -> Bool {
  byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t")
}
