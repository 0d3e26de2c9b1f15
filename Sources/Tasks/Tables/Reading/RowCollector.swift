import Files

/// Reads all rows of a text, and leaves out what is none.
enum RowCollector {
  /// The cells, the line of the first row, and what was left out.
  ///
  /// - Throws: ``DataError`` where the text has no rows, or rows of different lengths.
  static func rows(
    of text: [UInt8], file: String, _ format: TableFormat
  ) throws(DataError) -> (CellGrid, firstLine: Int, notes: [String]) {
    let layout = try TableLayout(text, file: file, format)
    var reader = CSVReader(
      layout.divider, file: file, from: layout.start, line: layout.firstLine)
    var grid = CellGrid(bytes: text, cells: [], columnCount: 0)
    // Cells have rarely fewer than three characters, with what divides them.
    grid.cells.reserveCapacity(text.count / 4)
    var (firstLine, headerCount) = (0, 0)
    var (remarks, blankRows) = (0, 0)
    while let first = reader.nextLine(of: text.span) {
      let start = grid.cells.count
      let width = grid.columnCount
      if first == UInt8(ascii: "#"), let expected = width > 0 ? width : layout.width {
        // Unless it fits the table, as where the header is '# of rooms,price'.
        var ahead = reader
        var cells: [Range<Int>] = []
        let count = try? ahead.readRow(of: text.span, into: &cells)
        guard count == expected else {
          reader.skipLine(of: text.span)
          remarks += 1
          continue
        }
      }
      guard let count = try reader.readRow(of: text.span, into: &grid.cells) else { break }
      if width > 0 || count > 1, grid.cells[start...].allSatisfy(\.isEmpty) {
        grid.cells.removeLast(count)
        blankRows += 1
      } else if width == 0 {
        firstLine = reader.rowLine
        (grid.columnCount, headerCount) = (count, count)
        if let expected = layout.width, expected != count {
          guard expected == count + 1 else {
            throw preamble(file, reader.rowLine, count, expected)
          }
          // As R writes a header over rows with names.
          grid.cells.insert(grid.cells[start].lowerBound..<grid.cells[start].lowerBound, at: start)
          grid.columnCount = expected
        }
      } else if count != width {
        throw .malformed(
          file: file, place: .line(reader.rowLine), found: counted(count, "cell"),
          expected: "\(headerCount), as in line \(firstLine)")
      }
    }
    guard grid.columnCount > 0 else {
      throw .malformed(file: file, found: "no cells", expected: "a table with a header and rows")
    }
    var notes: [String] = []
    if remarks > 0 {
      notes.append("\(counted(remarks, "line")) that begin with '#' are no rows")
    }
    if blankRows > 0 { notes.append("\(counted(blankRows, "row")) of empty cells left out") }
    if headerCount < grid.columnCount { settleNarrowHeader(&grid, &notes) }
    return (grid, firstLine, notes)
  }

  /// A header has one cell fewer than the rows: either all rows end with a delimiter, or their first
  /// column has no name.
  private static func settleNarrowHeader(_ grid: inout CellGrid, _ notes: inout [String]) {
    let last = grid.columnCount - 1
    if (1..<grid.rowCount).allSatisfy({ grid.range($0, last).isEmpty }) {
      grid.cells.removeFirst()
      grid.cells.insert(0..<0, at: last)
      grid.removeLastColumn()
    } else {
      notes.append("the header has one cell fewer than the rows, whose first column has no name")
    }
  }

  private static func preamble(
    _ file: String, _ line: Int, _ count: Int, _ expected: Int
  ) -> DataError {
    .malformed(
      file: file, place: .line(line), found: counted(count, "cell"),
      expected: "\(expected), as in most lines below; data.skip-lines leaves out lines before the "
        + "table")
  }
}

/// A count with its noun: "1 row", "2 rows".
func counted(_ count: Int, _ noun: String, _ plural: String? = nil) -> String {
  count == 1 ? "1 \(noun)" : "\(count) \(plural ?? noun + "s")"
}

/// Whether the first row of a table names its columns.
struct TableHeader {
  private(set) var isThere: Bool
  /// What is worth knowing of it.
  private(set) var note: String?

  init(_ grid: CellGrid, _ reader: CellReader, _ format: TableFormat) {
    switch format.header {
    case .present: isThere = true
    case .absent: isThere = false
    case .auto:
      let columns = 0..<grid.columnCount
      func isNumber(_ row: Int, _ column: Int) -> Bool {
        let cell = grid.bytes.span.extracting(grid.range(row, column))
        return switch reader.value(cell) {
        case .number, .infinite: true
        case .missing: false
        case .text: NumberText(cell) != nil
        }
      }
      isThere = columns.allSatisfy { !isNumber(0, $0) }
      guard !isThere, grid.rowCount > 1 else { return }
      if Self.countsColumns(columns.map { grid.text(0, $0) }) {
        isThere = true
        note =
          "the first line counts the columns and was taken for their names; data.header=false if it "
          + "is a row"
        return
      }
      func isMissing(_ row: Int, _ column: Int) -> Bool {
        reader.missing.contains(grid.bytes.span.extracting(grid.range(row, column)))
      }
      // A word over numbers is a name.
      isThere = columns.contains { column in
        !isNumber(0, column) && !isMissing(0, column)
          && (1..<grid.rowCount).allSatisfy { isNumber($0, column) || isMissing($0, column) }
          && (1..<grid.rowCount).contains { isNumber($0, column) }
      }
      if isThere {
        note =
          "the first line has a word over a column of numbers and was taken for the header; "
          + "data.header=false if it is a row"
      }
    }
  }

  /// Whether names are 0, 1, 2, … or 1, 2, 3, …, as programs number columns that have none; perhaps
  /// behind an empty one, over an index.
  private static func countsColumns(_ names: [String]) -> Bool {
    let numbers = names.first == "" ? names.dropFirst() : names[...]
    guard numbers.count > 2, let first = numbers.first.flatMap(Int.init), (0...1).contains(first)
    else { return false }
    return zip(numbers, first...).allSatisfy { $0 == String($1) }
  }
}
