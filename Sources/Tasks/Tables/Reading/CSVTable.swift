import Files
import Requirements

/// A table of cells, read from a text file as RFC 4180 describes it, and as programs write it.
///
/// Cells are divided by a delimiter, or by blanks, and rows by line ends (LF, CRLF or CR). A cell in
/// double quotes may contain both; a quote inside it is doubled. Blanks around a cell count for
/// nothing, nor do empty lines, rows of empty cells, lines of remarks that begin with `#`, a line
/// `sep=;`, nor a byte order mark. The text is UTF-8.
///
/// Nothing is mended in silence: ``notes`` says what was left out, and rows of different lengths,
/// quotes that are not closed or stand inside a cell, and columns of the same name are errors.
public struct CSVTable: Sendable {
  /// The file's name, for errors.
  public let file: String
  /// The names of the columns, each different; their numbers, from 1, where the file has no header.
  public let columns: [String]
  /// Whether a line names the columns.
  public let hasHeader: Bool
  /// The number of rows, the header aside.
  public var rowCount: Int { grid.rowCount }
  /// What was left out or found out, in a line each.
  public let notes: [String]

  private let grid: CellGrid
  private let reader: CellReader
  private let doubts: [Int: NumberFindings.Doubt]

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
    if let kind = foreignFormat(of: text) {
      throw .malformed(
        file: file, found: kind, expected: "text with a row on each line (CSV); save it as that")
    }
    var (grid, firstLine, notes) = try RowCollector.rows(of: text, file: file, format)
    let width = grid.columnCount
    let settled = CellReader(
      missing: format.missingCells, style: NumberFindings(format).style)
    let header = TableHeader(grid, settled, format)
    hasHeader = header.isThere
    if let note = header.note { notes.append(note) }
    columns =
      hasHeader
      ? try Self.names((0..<width).map { grid.text(0, $0) }, file: file, line: firstLine)
      : (1...width).map(String.init)
    if hasHeader { grid.cells.removeFirst(width) }
    guard grid.rowCount > 0 else {
      throw .malformed(
        file: file, found: "a header and no rows", expected: "rows below the header")
    }
    let findings = NumberFindings(format, grid)
    self.file = file
    self.grid = grid
    self.notes = notes + findings.notes
    reader = CellReader(missing: settled.missing, style: findings.style)
    doubts = findings.doubts
  }

  private init(_ table: CSVTable, _ rows: [Int]) {
    (file, columns, hasHeader) = (table.file, table.columns, table.hasHeader)
    (notes, reader, doubts) = (table.notes, table.reader, table.doubts)
    grid = table.grid.selecting(rows)
  }

  /// The table of some rows, in this order.
  func selecting(_ rows: [Int]) -> CSVTable { CSVTable(self, rows) }

  /// Names of columns, checked. A column without a name is called by its number, or
  /// `unnamed` and that where another has it for a name.
  private static func names(
    _ names: [String], file: String, line: Int
  ) throws(DataError) -> [String] {
    var numbers: [String: Int] = [:]
    var result: [String] = []
    let taken = Set(names)
    for (i, name) in names.enumerated() {
      let number = String(i + 1)
      let name = !name.isEmpty ? name : taken.contains(number) ? "unnamed \(number)" : number
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

  /// The SHA-256 of the file's text, in hexadecimal.
  var digest: String { SHA256.hexadecimal(of: grid.bytes) }

  /// How the file is read, as far as it was found out: whether it has a header, and what stands before
  /// decimals where its numbers show it.
  func settled(_ format: TableFormat) -> TableFormat {
    var format = format
    format.header = hasHeader ? .present : .absent
    if reader.style.decimal == .comma { format.decimal = .comma }
    return format
  }

  /// What a cell contains.
  ///
  /// - Precondition: There is such a cell.
  public func text(row: Int, column: Int) -> String { grid.text(range(row, column)) }

  /// What a cell says.
  func value(row: Int, column: Int) -> CellValue {
    reader.value(grid.bytes.span.extracting(range(row, column)))
  }

  /// What a cell says as a number in whatever style, if it is one.
  func numberText(row: Int, column: Int) -> NumberText? {
    NumberText(grid.bytes.span.extracting(range(row, column)))
  }

  /// What a cell says, if a number is nothing but digits, sign, decimals and a power of ten.
  func plainValue(row: Int, column: Int) -> CellValue {
    reader.plainValue(grid.bytes.span.extracting(range(row, column)))
  }

  /// Why the numbers of a column cannot be read, if they cannot.
  func doubt(column: Int) -> NumberFindings.Doubt? { doubts[column] }

  /// An error about a cell.
  func error(row: Int, column: Int, found: String, expected: String) -> DataError {
    let line = lineNumber(in: grid.bytes.span, at: range(row, column).lowerBound)
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
        : "a number from 1 to \(columns.count), for the file has no header (data.header says "
          + "whether it has)")
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
    return grid.range(row, column)
  }
}

/// Names for a message: the first of them, each in quotes.
func listed(_ names: [String]) -> String {
  let shown = names.prefix(12).map { "'\(printable($0))'" }.joined(separator: ", ")
  return names.count > 12 ? "\(shown), … (\(names.count) in all)" : shown
}
