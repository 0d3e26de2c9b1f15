import Files
import Requirements

/// A table of cells, read from a text file as RFC 4180 describes it.
///
/// Cells are divided by a delimiter and rows by line ends (LF, CRLF or CR). A cell in double quotes
/// may contain both; a quote inside it is doubled. Blanks around a cell count for nothing, nor do
/// empty lines, nor a byte order mark. The text is UTF-8.
///
/// Nothing is mended in silence: rows of different lengths, quotes that are not closed or stand
/// inside a cell, and columns of the same name are errors.
public struct CSVTable: Sendable {
  /// The file's name, for errors.
  public let file: String
  /// The names of the columns, each different; their numbers, from 1, where the file has no header.
  public let columns: [String]
  /// Whether the first line names the columns.
  public let hasHeader: Bool
  /// The number of rows, the header aside.
  public let rowCount: Int

  private let bytes: [UInt8]
  /// The places of the cells in the file, row after row, quotes and blanks around them aside.
  private let cells: [Range<Int>]
  private let hasDecimalComma: Bool

  /// Reads a file, compressed (gzip) or not.
  ///
  /// - Throws: ``DataError`` with line and column, where the file cannot be read or is no table.
  public init(file path: String, format: TableFormat = TableFormat()) throws(DataError) {
    var bytes = try readBytes(ofFile: path)
    if Gzip.isGzip(bytes) { bytes = try Gzip.decompress(bytes, file: path) }
    try self.init(text: bytes, file: path, format: format)
  }

  /// Reads the contents of such a file, given its name for errors.
  ///
  /// - Throws: ``DataError``, as `init(file:format:)`.
  public init(
    text: [UInt8], file: String, format: TableFormat = TableFormat()
  ) throws(DataError) {
    var reader = try CSVReader(text, file: file, format)
    var cells: [Range<Int>] = []
    // Cells have rarely fewer than three characters, with what divides them.
    cells.reserveCapacity(text.count / 4)
    guard let width = try reader.readRow(of: text.span, into: &cells) else {
      throw .malformed(file: file, found: "no cells", expected: "a table with a header and rows")
    }
    let firstLine = reader.rowLine
    while let count = try reader.readRow(of: text.span, into: &cells) {
      guard count == width else {
        throw .malformed(
          file: file, place: .line(reader.rowLine), found: count == 1 ? "1 cell" : "\(count) cells",
          expected: "\(width), as in line \(firstLine)")
      }
    }
    self.file = file
    bytes = text
    hasDecimalComma = format.decimal == .comma
    let first = cells[..<width]
    hasHeader =
      switch format.header {
      case .present: true
      case .absent: false
      case .auto:
        first.allSatisfy {
          switch CellValue(text.span.extracting($0), decimalComma: format.decimal == .comma) {
          case .missing, .text: true
          case .number, .infinite: false
          }
        }
      }
    columns =
      hasHeader
      ? try Self.names(first.map { Self.text(of: text, $0) }, file: file, line: firstLine)
      : (1...width).map(String.init)
    if hasHeader { cells.removeFirst(width) }
    self.cells = cells
    rowCount = cells.count / width
    guard rowCount > 0 else {
      throw .malformed(
        file: file, found: "a header and no rows", expected: "rows below the header")
    }
  }

  /// Names of columns, checked. A column without a name is called by its number.
  private static func names(
    _ names: [String], file: String, line: Int
  ) throws(DataError) -> [String] {
    var numbers: [String: Int] = [:]
    var result: [String] = []
    for (i, name) in names.enumerated() {
      let name = name.isEmpty ? String(i + 1) : name
      if let other = numbers.updateValue(i, forKey: name) {
        throw .malformed(
          file: file, place: .line(line),
          found: "columns \(other + 1) and \(i + 1) are both called '\(printable(name))'",
          expected: "a header of different names, or data.header=false if there is none")
      }
      result.append(name)
    }
    return result
  }

  /// What a cell contains.
  ///
  /// - Precondition: There is such a cell.
  public func text(row: Int, column: Int) -> String {
    Self.text(of: bytes, range(row, column))
  }

  /// What a cell says.
  func value(row: Int, column: Int) -> CellValue {
    CellValue(bytes.span.extracting(range(row, column)), decimalComma: hasDecimalComma)
  }

  /// Whether a cell would be a number if its decimals stood behind a comma.
  func isNumberWithComma(row: Int, column: Int) -> Bool {
    if case .number = CellValue(bytes.span.extracting(range(row, column)), decimalComma: true) {
      return !hasDecimalComma
    }
    return false
  }

  /// An error about a cell.
  func error(row: Int, column: Int, found: String, expected: String) -> DataError {
    let line = lineNumber(in: bytes.span, at: range(row, column).lowerBound)
    return .malformed(
      file: file, place: .cell(line: line, column: columns[column]), found: found,
      expected: expected)
  }

  /// The place of a column, given its name or else its number from 1.
  ///
  /// - Throws: ``DataError`` with the names there are.
  public func column(_ reference: String) throws(DataError) -> Int {
    if let place = columns.firstIndex(of: reference) { return place }
    if let number = Int(reference), (1...columns.count).contains(number) { return number - 1 }
    throw .malformed(
      file: file, found: "no column '\(printable(reference))'",
      expected: hasHeader
        ? "one of \(listed(columns)), or a number from 1 to \(columns.count)"
        : "a number from 1 to \(columns.count), for the file has no header")
  }

  /// A row of cells as a line of text, without the line's end: cells are quoted where they must be.
  public static func line(of cells: [String]) -> String {
    cells.map { cell in
      let isPlain = cell.utf8.allSatisfy { byte in
        byte >= 0x20 && ![UInt8(ascii: "\""), UInt8(ascii: ",")].contains(byte)
          && ![UInt8(ascii: ";"), UInt8(ascii: "|")].contains(byte)
      }
      let isTrimmed = cell.first != " " && cell.last != " "
      // A row of one empty cell would be an empty line, which is none.
      if isPlain, isTrimmed, !(cell.isEmpty && cells.count == 1) { return cell }
      return "\""
        + cell.split(separator: "\"", omittingEmptySubsequences: false)
        .joined(separator: "\"\"") + "\""
    }.joined(separator: ",")
  }

  private func range(_ row: Int, _ column: Int) -> Range<Int> {
    require(
      (0..<rowCount).contains(row) && columns.indices.contains(column),
      "cell (\(row), \(column)) of a table of \(rowCount)×\(columns.count)")
    return cells[row * columns.count + column]
  }

  private static func text(of bytes: [UInt8], _ range: Range<Int>) -> String {
    let quote = UInt8(ascii: "\"")
    let slice = bytes[range]
    // Quotes are only in quoted cells, where they are doubled.
    guard slice.contains(quote) else { return String(decoding: slice, as: UTF8.self) }
    var result: [UInt8] = []
    var isSecond = false
    for byte in slice {
      isSecond = byte == quote && !isSecond
      if byte != quote || isSecond { result.append(byte) }
    }
    return String(decoding: result, as: UTF8.self)
  }
}

/// Names for a message: the first of them, each in quotes.
func listed(_ names: [String]) -> String {
  let shown = names.prefix(12).map { "'\(printable($0))'" }.joined(separator: ", ")
  return names.count > 12 ? "\(shown), … (\(names.count) in all)" : shown
}
