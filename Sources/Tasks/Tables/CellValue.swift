/// What a table's cell says.
enum CellValue {
  /// Nothing: it is empty, or `NA`, `N/A`, `NaN`, `null` or `?`, in whatever case.
  case missing
  /// A finite decimal number.
  case number(Double)
  /// A number beyond double precision, or an infinity by name.
  case infinite
  /// Anything else.
  case text

  /// Reads a cell. Blanks around it count for nothing.
  ///
  /// - Parameters:
  ///   - cell: Its bytes.
  ///   - decimalComma: Whether a number's decimals stand behind a comma, not a point.
  init(_ cell: Span<UInt8>, decimalComma: Bool) {
    var (start, end) = (0, cell.count)
    while start < end, isBlank(cell[start]) { start += 1 }
    while start < end, isBlank(cell[end - 1]) { end -= 1 }
    var scan = DecimalScan()
    for i in start..<end where scan.isValid {
      scan.take(Self.digit(cell[i], decimalComma))
    }
    if let value = scan.exactValue {
      self = .number(value)
    } else if scan.isNumber {
      let word = (start..<end).map { Self.digit(cell[$0], decimalComma) }
      let value = Double(String(decoding: word, as: UTF8.self)) ?? .infinity
      self = value.isFinite ? .number(value) : .infinite
    } else {
      // No word that means something is longer than '-infinity'.
      let word = end - start > 9 ? "-" : Self.lowercased(cell, start..<end)
      switch word {
      case "", "na", "n/a", "nan", "null", "?": self = .missing
      case "inf", "+inf", "-inf", "infinity", "+infinity", "-infinity": self = .infinite
      default: self = .text
      }
    }
  }

  /// A byte as it would be with a decimal point.
  @inline(__always)
  private static func digit(_ byte: UInt8, _ decimalComma: Bool) -> UInt8 {
    guard decimalComma else { return byte }
    switch byte {
    case UInt8(ascii: ","): return UInt8(ascii: ".")
    case UInt8(ascii: "."): return UInt8(ascii: ",")
    default: return byte
    }
  }

  private static func lowercased(_ cell: Span<UInt8>, _ range: Range<Int>) -> String {
    String(
      decoding: range.map { (65...90).contains(cell[$0]) ? cell[$0] + 32 : cell[$0] },
      as: UTF8.self)
  }
}

private func isBlank(_ byte: UInt8) -> Bool {
  byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t")
}
