/// What a table's cell says.
enum CellValue {
  /// Nothing: it is empty, or one of the spellings of a missing value.
  case missing
  /// A finite number.
  case number(Double)
  /// A number beyond double precision, or an infinity by name.
  case infinite
  /// Anything else.
  case text
}

/// Reads what cells say.
struct CellReader: Hashable, Sendable {
  /// How cells say that they have no value.
  var missing = MissingCellSpellings()
  /// How numbers are written.
  var style = NumberStyle()

  /// What a cell says. Blanks around it count for nothing.
  func value(_ cell: Span<UInt8>) -> CellValue {
    let plain = plainValue(cell)
    guard case .text = plain, let value = NumberText(cell)?.value(style) else { return plain }
    if missing.contains(value) { return .missing }
    return value.isFinite ? .number(value) : .infinite
  }

  /// What a cell says, if a number is nothing but sign, digits, decimals and a power of ten.
  func plainValue(_ cell: Span<UInt8>) -> CellValue {
    var (start, end) = (0, cell.count)
    while start < end, isBlank(cell[start]) { start += 1 }
    while start < end, isBlank(cell[end - 1]) { end -= 1 }
    let hasComma = style.decimal == .comma
    var scan = DecimalScan()
    for i in start..<end where scan.isValid { scan.take(Self.digit(cell[i], hasComma)) }
    if scan.isNumber {
      if let value = scan.exactValue {
        return missing.hasNumbers && missing.contains(value) ? .missing : .number(value)
      }
      let word = (start..<end).map { Self.digit(cell[$0], hasComma) }
      let value = Double(String(decoding: word, as: UTF8.self)) ?? .infinity
      if missing.contains(value) { return .missing }
      return value.isFinite ? .number(value) : .infinite
    }
    if missing.contains(cell, start..<end) { return .missing }
    // No infinity is longer than '-infinity'.
    guard end - start <= 9 else { return .text }
    switch String(decoding: (start..<end).map { cell[$0] | 0x20 }, as: UTF8.self) {
    case "inf", "+inf", "-inf", "infinity", "+infinity", "-infinity": return .infinite
    default: return .text
    }
  }

  /// A byte as it would be with a decimal point.
  @inline(__always)
  private static func digit(_ byte: UInt8, _ hasComma: Bool) -> UInt8 {
    guard hasComma else { return byte }
    switch byte {
    case UInt8(ascii: ","): return UInt8(ascii: ".")
    case UInt8(ascii: "."): return UInt8(ascii: ",")
    default: return byte
    }
  }
}
