import Files

extension TableEncoding {
  /// Encoded inputs.
  public struct Inputs<Scalar: BinaryFloatingPoint & Sendable>: Sendable {
    /// The number of rows.
    public let count: Int
    /// The inputs, row after row.
    public let values: [Scalar]
    /// How many cells of a column are words that no row had that trained, where there are any.
    public let unseen: [String: Int]
  }

  /// Reads a file to encode.
  ///
  /// - Throws: ``DataError``, as `CSVTable(file:format:)`.
  public func readTable(_ path: String) throws(DataError) -> CSVTable {
    try CSVTable(file: path, format: format)
  }

  /// The inputs of a table's rows.
  ///
  /// - Parameters:
  ///   - table: Has at least the columns that are inputs, in any order; without a header, all that
  ///     the training file had, or all but the target.
  ///   - rows: The rows wanted, in their order. Default all.
  /// - Throws: ``DataError`` where columns are absent, or a cell cannot be encoded: it is missing
  ///   and must not be, or is not the number or truth value that the training file has there.
  @_specialize(where Scalar == Float)
  @_specialize(where Scalar == Double)
  public func encode<Scalar: BinaryFloatingPoint & Sendable>(
    _ table: CSVTable, rows: [Int]? = nil, as type: Scalar.Type = Scalar.self
  ) throws(DataError) -> Inputs<Scalar> {
    let places = try places(in: table)
    let rows = rows ?? Array(0..<table.rowCount)
    // Cells that lie together are read faster.
    let inFileOrder = rows.enumerated().sorted { $0.element < $1.element }
    let width = featureCount
    var values = [Scalar](repeating: 0, count: rows.count * width)
    var unseen: [String: Int] = [:]
    var offset = 0
    for (input, column) in zip(inputs, places) {
      switch input.kind {
      case .number(let scale):
        for (i, row) in inFileOrder {
          if let value = try number(table, row, column) {
            values[i * width + offset] = Scalar(try normalized(value, scale, table, row, column))
          }
        }
      case .boolean(let usual, let scale):
        for (i, row) in inFileOrder {
          let value = try boolean(table, row, column) ?? usual
          values[i * width + offset] = Scalar(scale.normalized(value ? 1 : 0))
        }
      case .date(let order, let parts):
        for (i, row) in inFileOrder {
          guard let date = try date(table, row, column, order) else { continue }
          for (j, part) in parts.enumerated() {
            if let value = date.part(part.kind) {
              values[i * width + offset + j] = Scalar(
                try normalized(value, part.scale, table, row, column))
            }
          }
        }
      case .category(let names, let usual):
        let numbers = Dictionary(zip(names, names.indices)) { first, _ in first }
        for (i, row) in inFileOrder {
          if let number = numbers[try word(table, row, column) ?? usual] {
            values[i * width + offset + number] = 1
          } else {
            unseen[input.name, default: 0] += 1
          }
        }
      }
      offset += input.width
    }
    return Inputs(count: rows.count, values: values, unseen: unseen)
  }

  /// The targets of a table's rows: numbers normalized, or classes.
  ///
  /// - Throws: ``DataError`` where there is no target, or a cell of it is missing, no number, too
  ///   large, or a class that the training file does not have.
  public func encodeTargets<Scalar: BinaryFloatingPoint & Sendable>(
    _ table: CSVTable, rows: [Int]? = nil, as type: Scalar.Type = Scalar.self
  ) throws(DataError) -> Targets<Scalar> {
    let column = try targetColumn(in: table)
    let rows = rows ?? Array(0..<table.rowCount)
    switch target {
    case .number(let scale):
      var values: [Scalar] = []
      values.reserveCapacity(rows.count)
      for row in rows {
        guard case .number(let value) = table.value(row: row, column: column) else {
          throw table.unusable(row, column, expected: "a number, for it is the target")
        }
        values.append(Scalar(try normalized(value, scale, table, row, column)))
      }
      return .values(values, columns: 1)
    case .classes(let names, let areNumbers):
      let numbers = Dictionary(zip(names, names.indices)) { first, _ in first }
      var classes: [Int64] = []
      classes.reserveCapacity(rows.count)
      for row in rows {
        let name = table.className(row, column, areNumbers: areNumbers)
        guard let number = name.flatMap({ numbers[$0] }) else {
          throw table.unusable(row, column, expected: "one of the classes \(listed(names))")
        }
        classes.append(Int64(number))
      }
      return .classes(classes, count: names.count)
    }
  }

  /// The rows of a table that have a target, where those that have none are to be left out.
  ///
  /// - Throws: ``DataError`` where there is no target.
  func withTarget(_ table: CSVTable) throws(DataError) -> CSVTable {
    guard missingTarget == .drop else { return table }
    return table.droppingMissing(try targetColumn(in: table))
  }

  /// Inputs and targets of a table's rows.
  ///
  /// - Throws: ``DataError``, as `encode` and `encodeTargets`.
  public func examples<Scalar: BinaryFloatingPoint & Sendable>(
    _ table: CSVTable, rows: [Int]? = nil, as type: Scalar.Type = Scalar.self
  ) throws(DataError) -> Examples<Scalar> {
    let inputs: Inputs<Scalar> = try encode(table, rows: rows)
    return Examples(
      count: inputs.count, inputs: inputs.values, targets: try encodeTargets(table, rows: rows))
  }

  /// The place of the target in a table.
  private func targetColumn(in table: CSVTable) throws(DataError) -> Int {
    if format.header == .absent {
      guard table.columns.count == columnCount else {
        throw table.wrongWidth(expected: "\(columnCount) columns, the target the \(targetName)th")
      }
      return targetPlace
    }
    guard let column = table.columns.firstIndex(of: targetName) else {
      throw .malformed(
        file: table.file, found: "no column '\(printable(targetName))', the target",
        expected: "it among \(listed(table.columns))")
    }
    return column
  }

  /// The places of the inputs in a table.
  private func places(in table: CSVTable) throws(DataError) -> [Int] {
    if format.header == .absent {
      switch table.columns.count {
      case columnCount: return inputs.map(\.place)
      case columnCount - 1: return inputs.map { $0.place - ($0.place > targetPlace ? 1 : 0) }
      default:
        throw table.wrongWidth(
          expected: "\(columnCount) columns as in the training file, or \(columnCount - 1) "
            + "without the target")
      }
    }
    let numbers = Dictionary(zip(table.columns, table.columns.indices)) { first, _ in first }
    let absent = inputs.map(\.name).filter { numbers[$0] == nil }
    guard absent.isEmpty else {
      throw .malformed(
        file: table.file,
        found: "no column \(listed(absent)) among \(listed(table.columns))",
        expected: "all that the network was trained on")
    }
    return inputs.compactMap { numbers[$0.name] }
  }

  /// A number that is not missing, or `nil` where it is and may be.
  private func number(
    _ table: CSVTable, _ row: Int, _ column: Int
  ) throws(DataError) -> Double? {
    switch table.value(row: row, column: column) {
    case .number(let value): return value
    case .missing where missing == .impute: return nil
    case .missing: throw table.missing(row, column)
    case .infinite, .text: throw table.unusable(row, column, expected: "a number")
    }
  }

  private func boolean(
    _ table: CSVTable, _ row: Int, _ column: Int
  ) throws(DataError) -> Bool? {
    guard let word = try word(table, row, column) else { return nil }
    guard let value = truthValue(word) else {
      throw table.unusable(row, column, expected: "true or false, or yes or no")
    }
    return value
  }

  private func date(
    _ table: CSVTable, _ row: Int, _ column: Int, _ order: DateOrder
  ) throws(DataError) -> CalendarDate? {
    guard let word = try word(table, row, column) else { return nil }
    guard let date = CalendarDate(word, order) else {
      throw table.unusable(
        row, column,
        expected: "a date as in the training file"
          + (order == .dayFirst ? ", day before month" : ", month before day"))
    }
    return date
  }

  private func word(
    _ table: CSVTable, _ row: Int, _ column: Int
  ) throws(DataError) -> String? {
    if case .missing = table.value(row: row, column: column) {
      if missing == .refuse { throw table.missing(row, column) }
      return nil
    }
    return table.text(row: row, column: column)
  }

  private func normalized(
    _ value: Double, _ scale: Scale, _ table: CSVTable, _ row: Int, _ column: Int
  ) throws(DataError) -> Double {
    let result = scale.normalized(value)
    // Networks may be of single precision, and square what they are given.
    guard abs(result) < 1e15 else {
      throw table.error(
        row: row, column: column, found: "\(value) is too far from the numbers that trained",
        expected: "about \(scale.mean) ± \(scale.deviation)")
    }
    return result
  }
}

/// What a word says, if it is a truth value.
func truthValue(_ word: String) -> Bool? {
  switch word.lowercased() {
  case "true", "yes": true
  case "false", "no": false
  default: nil
  }
}

extension CSVTable {
  /// The table without the rows in which a cell of this column is missing.
  func droppingMissing(_ column: Int) -> CSVTable {
    let rows = (0..<rowCount).filter {
      if case .missing = value(row: $0, column: column) { false } else { true }
    }
    return rows.count == rowCount ? self : selecting(rows)
  }

  /// The class that a cell names; `nil` where it is missing. Numbers are written in one way.
  func className(_ row: Int, _ column: Int, areNumbers: Bool) -> String? {
    switch value(row: row, column: column) {
    case .missing: return nil
    case .number(let value) where areNumbers:
      return Int(exactly: value).map(String.init) ?? "\(value)"
    default: return text(row: row, column: column)
    }
  }

  /// An error about a cell that is missing.
  func missing(_ row: Int, _ column: Int) -> DataError {
    let word = text(row: row, column: column)
    return error(
      row: row, column: column,
      found: word.isEmpty ? "an empty cell" : "'\(printable(word))' for a missing value",
      expected: "a value; data.missing=impute fills in what is usual")
  }

  /// An error about a cell of another kind than expected.
  func unusable(_ row: Int, _ column: Int, expected: String) -> DataError {
    let word = text(row: row, column: column)
    let found =
      switch value(row: row, column: column) {
      case .missing: word.isEmpty ? "an empty cell" : "'\(printable(word))' for a missing value"
      case .infinite: "'\(printable(word))' is infinite or beyond 1.8e308"
      case .number, .text: "'\(printable(word))'"
      }
    return error(row: row, column: column, found: found, expected: expected)
  }

  /// An error about the number of columns of a file without a header.
  fileprivate func wrongWidth(expected: String) -> DataError {
    let count = columns.count
    return .malformed(
      file: file, found: count == 1 ? "1 column" : "\(count) columns", expected: expected)
  }
}
