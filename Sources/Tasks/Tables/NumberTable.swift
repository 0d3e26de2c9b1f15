import Files
import Requirements

/// A table of numbers.
public struct NumberTable: Hashable, Sendable {
  /// The number of columns.
  public let columns: Int
  /// The numbers, row after row.
  public let values: [Double]

  /// The number of rows.
  public var rows: Int { values.count / columns }

  /// Makes a table of its numbers.
  ///
  /// - Precondition: The columns are at least one, and the numbers fill whole rows.
  public init(columns: Int, values: [Double]) {
    require(
      columns > 0 && values.count % columns == 0,
      "\(values.count) numbers do not fill rows of \(columns)")
    self.columns = columns
    self.values = values
  }

  /// Reads a text file of numbers, a row on each line, separated by white space. Empty lines count
  /// for nothing.
  ///
  /// - Parameters:
  ///   - path: The file's path.
  ///   - columns: How many numbers a row must have; `nil`: as many as the first has.
  /// - Throws: ``DataError`` where the file cannot be read, has no numbers, anything that is no
  ///   finite decimal number, or a row of another length.
  public init(file path: String, columns: Int? = nil) throws(DataError) {
    try self.init(text: try readBytes(ofFile: path), file: path, columns: columns)
  }

  /// Reads the contents of such a file, given its name for errors.
  ///
  /// - Throws: ``DataError``, as `init(file:columns:)`.
  public init(
    text: [UInt8], file: String, columns: Int? = nil
  ) throws(DataError) {
    var reader = NumberReader(file: file)
    var values: [Double] = []
    var width = columns
    // Numbers have rarely fewer than four characters, with what separates them.
    values.reserveCapacity(text.count / 4)
    while let row = try reader.readRow(of: text.span, width: width, into: &values) {
      width = row
    }
    guard let width, !values.isEmpty else {
      throw .malformed(
        file: file, found: "no numbers",
        expected: columns.map { "rows of \(counted($0))" } ?? "rows of numbers")
    }
    self.init(columns: width, values: values)
  }
}

extension NumberTable {
  /// The table of the columns before one, and that of the others.
  ///
  /// - Precondition: Neither is empty.
  func divided(at column: Int) -> (NumberTable, NumberTable) {
    require(0 < column && column < columns, "column \(column) of \(columns)")
    var (left, right): ([Double], [Double]) = ([], [])
    left.reserveCapacity(rows * column)
    right.reserveCapacity(rows * (columns - column))
    for start in stride(from: 0, to: values.count, by: columns) {
      left += values[start..<(start + column)]
      right += values[(start + column)..<(start + columns)]
    }
    return (
      NumberTable(columns: column, values: left),
      NumberTable(columns: columns - column, values: right)
    )
  }
}

/// Goes through a text, row by row.
private struct NumberReader {
  let file: String
  private var position = 0
  private var line = 1
  private var lineStart = 0

  init(file: String) {
    self.file = file
  }

  /// Reads the numbers of the next line that has any, adds them to the values, and returns how many
  /// they are, or `nil` at the end of the text.
  mutating func readRow(
    of text: Span<UInt8>, width: Int?, into values: inout [Double]
  ) throws(DataError) -> Int? {
    let first = values.count
    while position < text.count {
      let byte = text[position]
      if byte == UInt8(ascii: "\n") {
        if values.count > first { break }
        position += 1
        line += 1
        lineStart = position
      } else if isSpace(byte) {
        position += 1
      } else {
        values.append(try readNumber(of: text, width: width))
      }
    }
    let count = values.count - first
    if count == 0 { return nil }
    if let width, count != width {
      throw .malformed(
        file: file, place: .line(line), found: counted(count), expected: "\(width)")
    }
    return count
  }

  /// Reads the number that begins here.
  private mutating func readNumber(
    of text: Span<UInt8>, width: Int?
  ) throws(DataError) -> Double {
    let start = position
    var scan = DecimalScan()
    while position < text.count, !isSpace(text[position]) {
      scan.take(text[position])
      position += 1
    }
    if let value = scan.exactValue { return value }

    let word = String(decoding: (start..<position).map { text[$0] }, as: UTF8.self)
    let place = DataError.Place.character(line: line, column: start - lineStart + 1)
    guard scan.isNumber, let value = Double(word) else {
      throw .malformed(
        file: file, place: place, found: "'\(printable(word))' is no number",
        expected: (width.map(counted) ?? "numbers") + " separated by white space")
    }
    guard value.isFinite else {
      throw .malformed(
        file: file, place: place, found: "'\(printable(word))' is too large",
        expected: "a number below 1.8e308")
    }
    return value
  }
}

/// White space other than the end of a line, and that too.
func isSpace(_ byte: UInt8) -> Bool {
  byte == UInt8(ascii: " ") || (UInt8(ascii: "\t")...UInt8(ascii: "\r")).contains(byte)
}

private func counted(_ numbers: Int) -> String {
  numbers == 1 ? "1 number" : "\(numbers) numbers"
}
