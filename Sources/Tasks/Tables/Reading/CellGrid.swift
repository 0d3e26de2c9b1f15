/// Where the cells of a table are in its text.
struct CellGrid: Sendable {
  /// The text.
  let bytes: [UInt8]
  /// The places of the cells, row after row, quotes and blanks around them aside.
  var cells: [Range<Int>]
  /// The number of cells in a row.
  var columnCount: Int

  /// The number of rows.
  var rowCount: Int { columnCount > 0 ? cells.count / columnCount : 0 }

  func range(_ row: Int, _ column: Int) -> Range<Int> { cells[row * columnCount + column] }

  /// What a cell contains, quotes taken off.
  func text(_ row: Int, _ column: Int) -> String { text(range(row, column)) }

  func text(_ range: Range<Int>) -> String {
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

  /// The table of some rows.
  func selecting(_ rows: [Int]) -> CellGrid {
    var result = self
    result.cells = rows.flatMap { cells[($0 * columnCount)..<(($0 + 1) * columnCount)] }
    return result
  }

  /// The table without its last column.
  mutating func removeLastColumn() {
    let count = columnCount
    cells = cells.enumerated().compactMap { $0.offset % count == count - 1 ? nil : $0.element }
    columnCount -= 1
  }
}
