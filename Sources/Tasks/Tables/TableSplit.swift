import Files
import AdamQLRTorch

/// How the rows of a table are divided into those that train, validate and test.
public enum TableSplit: String, Codable, CaseIterable, Sendable {
  /// At random.
  case random
  /// At random, of each class the same share.
  case stratified
  /// At random, rows with the same word in a column together.
  case group
  /// By a column of numbers or dates: the last rows test, those before them validate.
  case time
}

/// The rows of each part.
struct TableDivision {
  var training: [Int]
  var validation: [Int]
  var test: [Int]

  func counts(test hasOwn: Bool) -> TableSummary.Rows {
    .init(training: training.count, validation: validation.count, test: hasOwn ? test.count : 0)
  }
}

extension TableSource {
  /// The rows of each part, in an order that is shuffled.
  func divide(_ table: CSVTable) throws(DataError) -> TableDivision {
    let testShare = testPath == nil ? testFraction : 0
    var generator = SeededGenerator(seed: 0, stream: "table/rows")
    let division: TableDivision
    switch split {
    case .random:
      let order = generator.permutation(of: table.rowCount)
      division = Self.divide(order, testShare, validationFraction)
    case .stratified:
      division = try stratified(table, testShare, &generator)
    case .group:
      division = try grouped(table, testShare, &generator)
    case .time:
      // In batches the rows are in another order anyway.
      let known = Self.divide(try inTime(table), testShare, validationFraction)
      let order = generator.permutation(of: known.training.count)
      division = TableDivision(
        training: order.map { known.training[$0] }, validation: known.validation, test: known.test)
    }
    guard
      division.training.count > 1, testShare == 0 || !division.test.isEmpty,
      validationFraction == 0 || !division.validation.isEmpty
    else {
      throw .malformed(
        file: table.file, found: counted(table.rowCount, "row"),
        expected: "enough that at least 2 train, and a share of \(testShare) test "
          + "(data.test) and of \(validationFraction) validate (data.validation)")
    }
    return division
  }

  /// The rows of each part, in this order: the last test, those before them validate.
  static func divide(
    _ order: [Int], _ testShare: Double, _ validationFraction: Double
  ) -> TableDivision {
    let testCount = Int((Double(order.count) * testShare).rounded())
    let known = order.count - testCount
    let split = Split(count: known, validationFraction: validationFraction)
    return TableDivision(
      training: Array(order[split.training]), validation: Array(order[split.validation]),
      test: Array(order[known...]))
  }

  private func stratified(
    _ table: CSVTable, _ testShare: Double, _ generator: inout SeededGenerator
  ) throws(DataError) -> TableDivision {
    let column = try table.column(target)
    let classes = Dictionary(grouping: 0..<table.rowCount) { table.text(row: $0, column: column) }
    guard classes.count * 2 <= table.rowCount else {
      throw .malformed(
        file: table.file,
        found: "\(classes.count) different values of the target in \(table.rowCount) rows",
        expected: "classes, so that each can be divided by data.split=stratified")
    }
    var result = TableDivision(training: [], validation: [], test: [])
    for (_, rows) in classes.sorted(by: { $0.key < $1.key }) {
      let order = generator.permutation(of: rows.count).map { rows[$0] }
      let part = Self.divide(order, testShare, validationFraction)
      result.training += part.training
      result.validation += part.validation
      result.test += part.test
    }
    return result
  }

  private func grouped(
    _ table: CSVTable, _ testShare: Double, _ generator: inout SeededGenerator
  ) throws(DataError) -> TableDivision {
    let column = try table.splitColumn(self)
    let groups = Dictionary(grouping: 0..<table.rowCount) { table.text(row: $0, column: column) }
      .sorted { $0.key < $1.key }.map(\.value)
    let needed = 1 + (testShare > 0 ? 1 : 0) + (validationFraction > 0 ? 1 : 0)
    guard groups.count >= needed else {
      throw .malformed(
        file: table.file,
        found: "\(counted(groups.count, "group")) in column '\(printable(table.columns[column]))'",
        expected: "at least \(needed), so that each part has one")
    }
    let testCount = Double(table.rowCount) * testShare
    let validationCount = (Double(table.rowCount) - testCount) * validationFraction
    var result = TableDivision(training: [], validation: [], test: [])
    for index in generator.permutation(of: groups.count) {
      // A group goes where at least half of it is wanted.
      let half = Double(groups[index].count) / 2
      if testShare > 0, result.test.isEmpty || Double(result.test.count) + half <= testCount {
        result.test += groups[index]
      } else if validationFraction > 0,
        result.validation.isEmpty || Double(result.validation.count) + half <= validationCount
      {
        result.validation += groups[index]
      } else {
        result.training += groups[index]
      }
    }
    return result
  }

  /// The rows by time, those of the same time in the file's order.
  private func inTime(_ table: CSVTable) throws(DataError) -> [Int] {
    let column = try table.splitColumn(self)
    let rows = 0..<table.rowCount
    var times: [Double] = []
    for row in rows {
      let text = table.text(row: row, column: column)
      switch table.value(row: row, column: column) {
      case .number(let value): times.append(value)
      case .text:
        guard let date = CalendarDate(text, dateOrder) else { fallthrough }
        if dateOrder == .auto, CalendarDate.isAmbiguous(text) {
          throw table.error(
            row: row, column: column,
            found: "'\(printable(text))' may begin with the day or the month",
            expected: "data.date-order=day-first or month-first beside data.split=time")
        }
        times.append(date.instant)
      case .missing, .infinite:
        throw table.unusable(row, column, expected: "a number or a date, for data.split=time")
      }
    }
    return rows.sorted { (times[$0], $0) < (times[$1], $1) }
  }
}

extension CSVTable {
  /// The place of the column that a division goes by.
  func splitColumn(_ source: TableSource) throws(DataError) -> Int {
    guard let name = source.splitColumn else {
      throw .malformed(
        file: file, found: "data.split=\(source.split.rawValue) without data.split-column",
        expected: "the column to divide by")
    }
    return try column(name)
  }
}
