import Files

extension TableEncoding {
  /// Fits an encoding to a table.
  ///
  /// Whether a column has numbers, truth values or words, and which classes there are, is told from
  /// all rows; means, deviations and categories from the rows that train. Columns that cannot help
  /// are left out.
  ///
  /// - Parameters:
  ///   - table: The table.
  ///   - training: The rows that train.
  ///   - source: What is known of the table.
  ///   - notes: Is told what was left out or filled in, in a line each.
  /// - Throws: ``DataError`` where a named column is not there, cells are missing and must not be,
  ///   or there is nothing to learn from or to predict.
  init(
    fitting table: CSVTable, training: [Int], _ source: TableSource, notes: inout [String]
  ) throws(DataError) {
    let targetPlace = try table.column(source.target)
    var ignored: Set<Int> = []
    for name in source.ignored { ignored.insert(try table.column(name)) }
    var categorical: Set<Int> = []
    for name in source.categorical { categorical.insert(try table.column(name)) }
    guard !ignored.contains(targetPlace) else {
      throw .malformed(
        file: table.file, found: "column '\(printable(source.target))' in data.ignore",
        expected: "it to be used, for it is data.target")
    }
    let fitting = ColumnFitting(table: table, training: training, missing: source.missing)
    target = try fitting.target(
      targetPlace,
      source.kind == .auto && categorical.contains(targetPlace) ? .classification : source.kind,
      &notes)
    var inputs: [Input] = []
    for place in table.columns.indices where place != targetPlace && !ignored.contains(place) {
      let kind = try fitting.input(place, isCategorical: categorical.contains(place), &notes)
      if let kind { inputs.append(Input(name: table.columns[place], place: place, kind: kind)) }
    }
    guard !inputs.isEmpty else {
      throw .malformed(
        file: table.file,
        found: table.columns.count == 1
          ? "1 column in line 1" : "no column to predict '\(printable(source.target))' from",
        expected: table.columns.count == 1
          ? "at least 2; data.delimiter says what divides them"
          : "at least one that is not ignored and varies" + notes.map { "; \($0)" }.joined())
    }
    self.inputs = inputs
    self.targetPlace = targetPlace
    targetName = table.columns[targetPlace]
    missing = source.missing
    var format = source.format
    format.header = table.hasHeader ? .present : .absent
    self.format = format
    columnCount = table.columns.count
  }
}

/// Finds out what the columns of a table are.
private struct ColumnFitting {
  let table: CSVTable
  let training: [Int]
  let missing: MissingCells

  /// The most categories of a column, and the most classes.
  private static let mostNames = 1000

  func input(
    _ column: Int, isCategorical: Bool, _ notes: inout [String]
  ) throws(DataError) -> TableEncoding.Kind? {
    let name = printable(table.columns[column])
    let census = CellCensus(table, column)
    if let row = census.firstMissing, missing == .refuse { throw table.missing(row, column) }
    func leaveOut(_ reason: String) -> TableEncoding.Kind? {
      notes.append("column '\(name)' is left out: \(reason)")
      return nil
    }
    if census.missing == table.rowCount { return leaveOut("it is empty") }
    let kind: TableEncoding.Kind?
    if !isCategorical, try isNumeric(column, census, remedy: "data.categorical=[\(name)]") {
      let values = training.compactMap { row -> Double? in
        if case .number(let value) = table.value(row: row, column: column) { value } else { nil }
      }
      guard let least = values.min(), least != values.max() else {
        return leaveOut("it is the same in all rows that train")
      }
      if countsRows(column) {
        notes.append(
          "column '\(name)' counts the rows; if it says nothing else, data.ignore=[\(name)]")
      }
      kind = .number(try scale(values, column))
    } else {
      kind = try words(column, census, isCategorical, leaveOut)
    }
    if let kind, census.missing > 0 {
      let value: String =
        switch kind {
        case .number(let scale): "their mean, \(Float(scale.mean))"
        case .boolean(let usual, _): "the most frequent, \(usual)"
        case .category(_, let usual): "the most frequent, '\(printable(usual))'"
        }
      notes.append(
        "column '\(name)': \(census.missing) missing cell\(census.missing == 1 ? "" : "s") "
          + "filled with \(value)")
    }
    return kind
  }

  private func words(
    _ column: Int, _ census: CellCensus, _ isCategorical: Bool,
    _ leaveOut: (String) -> TableEncoding.Kind?
  ) throws(DataError) -> TableEncoding.Kind? {
    var counts: [String: Int] = [:]
    for row in training {
      if case .missing = table.value(row: row, column: column) { continue }
      counts[table.text(row: row, column: column), default: 0] += 1
    }
    guard counts.count > 1 else { return leaveOut("it is the same in all rows that train") }
    let known = counts.values.reduce(0, +)
    let names = counts.keys.sorted()
    let usual = names.max { (counts[$0] ?? 0) < (counts[$1] ?? 0) } ?? names[0]
    if !isCategorical {
      if census.areTruthValues {
        let values = names.flatMap { name in
          [Double](repeating: truthValue(name) == true ? 1 : 0, count: counts[name] ?? 0)
        }
        guard let least = values.min(), least != values.max() else {
          return leaveOut("it is the same in all rows that train")
        }
        let share = values.reduce(0, +) / Double(values.count)
        return .boolean(usual: share > 0.5, scale: try scale(values, column))
      }
      if counts.count * 2 > known {
        return leaveOut(
          "\(counts.count) different words in \(known) rows; "
            + "data.categorical=[\(printable(table.columns[column]))] keeps it")
      }
    }
    guard counts.count <= Self.mostNames else {
      throw .malformed(
        file: table.file,
        found: "\(counts.count) different words in column '\(printable(table.columns[column]))'",
        expected: "at most \(Self.mostNames) categories; data.ignore leaves it out")
    }
    return .category(names: names, usual: usual)
  }

  func target(
    _ column: Int, _ kind: TableSource.Kind, _ notes: inout [String]
  ) throws(DataError) -> TableEncoding.Target {
    let name = printable(table.columns[column])
    let census = CellCensus(table, column)
    if let row = census.firstMissing {
      throw table.unusable(row, column, expected: "a value in every row, for it is the target")
    }
    let isNumeric =
      switch kind {
      case .auto: try isNumeric(column, census, remedy: "data.kind=classification")
      case .classification: false
      case .regression: true
      }
    if isNumeric {
      var values: [Double] = []
      values.reserveCapacity(table.rowCount)
      for row in 0..<table.rowCount {
        guard case .number(let value) = table.value(row: row, column: column) else {
          throw table.unusable(row, column, expected: "a number, for it is the target")
        }
        values.append(value)
      }
      let known = training.map { values[$0] }
      guard let least = known.min(), least != known.max() else {
        throw .malformed(
          file: table.file,
          found: "the target '\(name)' is \(known.first ?? 0) in all rows that train",
          expected: "different numbers, so that there is something to learn")
      }
      let distinct = Set(values)
      if kind == .auto, distinct.count <= 10, distinct.count * 2 <= values.count,
        distinct.allSatisfy({ $0 == $0.rounded() })
      {
        notes.append(
          "the target '\(name)' has \(distinct.count) different whole numbers, predicted as "
            + "numbers; data.kind=classification takes them for classes")
      }
      return .number(try scale(known, column))
    }
    let areNumbers = census.texts == 0 && census.firstInfinite == nil
    var numbers: [String: Double] = [:]
    for row in 0..<table.rowCount {
      guard let word = table.className(row, column, areNumbers: areNumbers) else { continue }
      if case .number(let value) = table.value(row: row, column: column) {
        numbers[word] = value
      } else {
        numbers[word] = 0
      }
    }
    let names = numbers.keys.sorted {
      areNumbers ? (numbers[$0] ?? 0) < (numbers[$1] ?? 0) : $0 < $1
    }
    guard names.count > 1 else {
      throw .malformed(
        file: table.file, found: "the target '\(name)' has the one class \(listed(names))",
        expected: "at least two")
    }
    guard names.count <= Self.mostNames else {
      throw .malformed(
        file: table.file, found: "\(names.count) different values of the target '\(name)'",
        expected: "at most \(Self.mostNames) classes"
          + (areNumbers ? ", or data.kind=regression" : ""))
    }
    var absent = Set(names)
    for row in training where !absent.isEmpty {
      if let word = table.className(row, column, areNumbers: areNumbers) { absent.remove(word) }
    }
    if !absent.isEmpty {
      notes.append("no row that trains has the class \(listed(absent.sorted()))")
    }
    return .classes(names: names, areNumbers: areNumbers)
  }

  /// Whether a column is numeric: all its cells are numbers.
  ///
  /// - Throws: ``DataError`` where nearly all are, so that the others look like mistakes.
  private func isNumeric(
    _ column: Int, _ census: CellCensus, remedy: String
  ) throws(DataError) -> Bool {
    let known = table.rowCount - census.missing
    if let row = census.firstText {
      guard census.numbers * 10 < known * 9 else {
        throw table.unusable(
          row, column,
          expected: "a number, as \(census.numbers) of the column's \(known) values are; "
            + "\(remedy) takes all for words")
      }
      if census.withComma == known {
        throw table.unusable(
          row, column,
          expected: "a number with a decimal point; data.decimal=comma reads this one, "
            + "\(remedy) takes it for a word")
      }
      return false
    }
    if let row = census.firstInfinite { throw table.unusable(row, column, expected: "a number") }
    return census.numbers > 0
  }

  /// Whether a column is 0, 1, 2, … or 1, 2, 3, … from the first row to the last.
  private func countsRows(_ column: Int) -> Bool {
    guard case .number(let first) = table.value(row: 0, column: column), first == 0 || first == 1
    else { return false }
    return (0..<table.rowCount).allSatisfy { row in
      if case .number(let value) = table.value(row: row, column: column) {
        value == first + Double(row)
      } else {
        false
      }
    }
  }

  private func scale(_ values: [Double], _ column: Int) throws(DataError) -> TableEncoding.Scale {
    let normalization = Normalization(of: values, columns: 1)
    let (mean, deviation) = (normalization.means[0], normalization.deviations[0])
    guard mean.isFinite, deviation.isFinite else {
      throw .malformed(
        file: table.file,
        found: "numbers up to \(values.lazy.map(abs).max() ?? 0) in column "
          + "'\(printable(table.columns[column]))'",
        expected: "numbers whose squares stay below 1.8e308")
    }
    return TableEncoding.Scale(mean: mean, deviation: deviation)
  }
}

/// How many cells of a column are what.
private struct CellCensus {
  var numbers = 0
  var missing = 0
  var texts = 0
  var firstMissing: Int?
  var firstInfinite: Int?
  var firstText: Int?
  /// How many would be numbers if their decimals stood behind a comma.
  var withComma = 0
  /// Whether all that are not missing are truth values.
  var areTruthValues = true

  init(_ table: CSVTable, _ column: Int) {
    for row in 0..<table.rowCount {
      switch table.value(row: row, column: column) {
      case .missing:
        missing += 1
        firstMissing = firstMissing ?? row
        continue
      case .number:
        numbers += 1
      case .infinite:
        firstInfinite = firstInfinite ?? row
      case .text:
        texts += 1
        firstText = firstText ?? row
        areTruthValues =
          areTruthValues && truthValue(table.text(row: row, column: column)) != nil
      }
      if texts > 0, table.isNumberWithComma(row: row, column: column) { withComma += 1 }
    }
    areTruthValues = areTruthValues && numbers == 0 && firstInfinite == nil
  }
}
