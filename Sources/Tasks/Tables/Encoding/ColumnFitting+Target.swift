import AdamQLRNetworks
import Files

extension ColumnFitting {
  /// The most classes.
  private static let mostClasses = 1000

  /// What is predicted.
  ///
  /// - Throws: ``DataError`` where the cells are missing, nothing can be predicted of them, or they are
  ///   not what is wanted.
  func target(
    _ column: Int, _ kind: TableSource.Kind, _ notes: inout [String]
  ) throws(DataError) -> TableEncoding.Target {
    let census = CellCensus(table, column)
    if let row = census.firstMissing { throw table.missingTarget(row, column) }
    let isNumeric =
      switch kind {
      case .auto: try isNumeric(column, census, remedy: "data.kind=classification", &notes)
      case .classification: false
      case .regression: try isAllNumbers(column, census, &notes)
      }
    return isNumeric
      ? .number(try numbers(column, kind, &notes)) : try classes(column, census, &notes)
  }

  /// How much an example of each class counts; `nil` where all count the same.
  func classWeights(
    _ target: TableEncoding.Target, _ column: Int
  ) throws(DataError) -> [Double]? {
    guard source.classWeights == .balanced else { return nil }
    guard case .classes(let names, let areNumbers) = target else {
      throw .malformed(
        file: table.file, found: "numbers to predict in column '\(name(column))'",
        expected:
          "classes for data.class-weights=balanced; data.kind=classification takes them for "
          + "classes")
    }
    let numbers = Dictionary(zip(names, names.indices)) { first, _ in first }
    let labels = training.compactMap { row in
      table.className(row, column, areNumbers: areNumbers).flatMap { numbers[$0] }.map(Int64.init)
    }
    return ClassWeightedCrossEntropy.balanced(labels, classes: names.count)
  }

  private func isAllNumbers(
    _ column: Int, _ census: CellCensus, _ notes: inout [String]
  ) throws(DataError) -> Bool {
    if let row = census.firstText, census.unreadNumbers < census.texts {
      throw table.unusable(row, column, expected: "a number, for it is the target")
    }
    return try isNumeric(column, census, remedy: "data.kind=classification", &notes)
  }

  private func numbers(
    _ column: Int, _ kind: TableSource.Kind, _ notes: inout [String]
  ) throws(DataError) -> TableEncoding.Scale {
    let values = (0..<table.rowCount).compactMap { row -> Double? in
      if case .number(let value) = table.value(row: row, column: column) { value } else { nil }
    }
    let known = training.map { values[$0] }
    guard let least = known.min(), least != known.max() else {
      throw .malformed(
        file: table.file,
        found: "the target '\(name(column))' is \(known.first ?? 0) in all rows that train",
        expected: "different numbers, so that there is something to learn")
    }
    let distinct = Set(values)
    if kind == .auto, distinct.count <= 10, distinct.count * 2 <= values.count,
      distinct.allSatisfy({ $0 == $0.rounded() })
    {
      notes.append(
        "the target '\(name(column))' has \(distinct.count) different whole numbers, predicted as "
          + "numbers; data.kind=classification takes them for classes")
    }
    return try scale(known, column)
  }

  private func classes(
    _ column: Int, _ census: CellCensus, _ notes: inout [String]
  ) throws(DataError) -> TableEncoding.Target {
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
        file: table.file, found: "the target '\(name(column))' has the one class \(listed(names))",
        expected: "at least two")
    }
    guard names.count <= Self.mostClasses else {
      throw .malformed(
        file: table.file, found: "\(names.count) different values of the target '\(name(column))'",
        expected: "at most \(Self.mostClasses) classes"
          + (areNumbers ? ", or data.kind=regression" : ""))
    }
    if census.areDates {
      notes.append(
        "the target '\(name(column))' has dates, such as '\(printable(names[0]))', each taken for a "
          + "class")
    } else if names.count * 2 > table.rowCount {
      notes.append(
        "the target '\(name(column))' has \(names.count) classes in \(table.rowCount) rows; a class "
          + "needs several to be learned")
    }
    noteSpellings(names, column, "classes", &notes)
    var absent = Set(names)
    for row in training where !absent.isEmpty {
      if let word = table.className(row, column, areNumbers: areNumbers) { absent.remove(word) }
    }
    if !absent.isEmpty {
      notes.append("no row that trains has the class \(listed(absent.sorted()))")
    }
    return .classes(names: names, areNumbers: areNumbers)
  }
}

extension CSVTable {
  /// An error about a row without a target.
  func missingTarget(_ row: Int, _ column: Int) -> DataError {
    unusable(
      row, column,
      expected: "a value in every row, for it is the target; data.missing-target=drop leaves out "
        + "rows without one")
  }
}
