import Files

/// Finds out what the columns of a table are.
struct ColumnFitting {
  let table: CSVTable
  let training: [Int]
  let source: TableSource

  /// What a column is to be.
  enum Form { case any, words, dates }

  /// How an input is encoded; `nil` where it is left out.
  func input(
    _ column: Int, _ form: Form, _ notes: inout [String]
  ) throws(DataError) -> TableEncoding.Kind? {
    let census = CellCensus(table, column)
    if let row = census.firstMissing, source.missing == .refuse {
      throw table.missing(row, column)
    }
    var leftOut: String?
    let kind = try kind(column, form, census, &notes) { leftOut = $0 }
    if let leftOut {
      notes.append("column '\(name(column))' is left out: \(leftOut)")
    } else if let kind, census.missing > 0 {
      let value: String =
        switch kind {
        case .number(let scale): "their mean, \(Float(scale.mean))"
        case .boolean(let usual, _): "the most frequent, \(usual)"
        case .category(_, let usual): "the most frequent, '\(printable(usual))'"
        case .date: "their means"
        }
      notes.append(
        "column '\(name(column))': \(counted(census.missing, "missing cell")) filled with \(value)")
    }
    return kind
  }

  private func kind(
    _ column: Int, _ form: Form, _ census: CellCensus, _ notes: inout [String],
    _ leaveOut: (String) -> Void
  ) throws(DataError) -> TableEncoding.Kind? {
    if census.missing == table.rowCount {
      leaveOut("it is empty")
      return nil
    }
    switch form {
    case .words: return words(column, isCategorical: true, census, &notes, leaveOut)
    case .dates: return try dates(column, census, leaveOut)
    case .any: break
    }
    if try isNumeric(column, census, remedy: "data.categorical=[\(name(column))]", &notes) {
      return try numbers(column, &notes, leaveOut)
    }
    if census.areDates, let row = (0..<table.rowCount).first(where: { !isMissing($0, column) }) {
      leaveOut(
        "it has dates, such as '\(printable(table.text(row: row, column: column)))'; "
          + "data.dates=[\(name(column))] makes numbers of them")
      return nil
    }
    if census.areTruthValues { return try truthValues(column, leaveOut) }
    return words(column, isCategorical: false, census, &notes, leaveOut)
  }

  private func numbers(
    _ column: Int, _ notes: inout [String], _ leaveOut: (String) -> Void
  ) throws(DataError) -> TableEncoding.Kind? {
    // In the file's order, for cells that lie together are read faster.
    let all = (0..<table.rowCount).map { row -> Double in
      if case .number(let value) = table.value(row: row, column: column) { value } else { .nan }
    }
    let values = training.lazy.map { all[$0] }.filter { !$0.isNaN }
    guard let least = values.min(), least != values.max() else {
      leaveOut("it is the same in all rows that train")
      return nil
    }
    if countsRows(column) {
      notes.append(
        "column '\(name(column))' counts the rows; if it says nothing else, "
          + "data.ignore=[\(name(column))]")
    }
    return .number(try scale(Array(values), column))
  }

  private func truthValues(
    _ column: Int, _ leaveOut: (String) -> Void
  ) throws(DataError) -> TableEncoding.Kind? {
    let values: [Double] = training.compactMap { row in
      isMissing(row, column)
        ? nil : truthValue(table.text(row: row, column: column)) == true ? 1 : 0
    }
    guard let least = values.min(), least != values.max() else {
      leaveOut("it is the same in all rows that train")
      return nil
    }
    let share = values.reduce(0, +) / Double(values.count)
    return .boolean(usual: share > 0.5, scale: try scale(values, column))
  }

  private func words(
    _ column: Int, isCategorical: Bool, _ census: CellCensus, _ notes: inout [String],
    _ leaveOut: (String) -> Void
  ) -> TableEncoding.Kind? {
    var counts: [String: Int] = [:]
    for row in training where !isMissing(row, column) {
      counts[table.text(row: row, column: column), default: 0] += 1
    }
    guard counts.count > 1 else {
      leaveOut("it is the same in all rows that train")
      return nil
    }
    let known = counts.values.reduce(0, +)
    let order = counts.keys.sorted {
      let (a, b) = (counts[$0] ?? 0, counts[$1] ?? 0)
      return a > b || a == b && $0 < $1
    }
    if !isCategorical {
      if counts.count * 2 > known {
        leaveOut(
          "\(counts.count) different words in \(known) rows; data.categorical=[\(name(column))] "
            + "keeps it")
        return nil
      }
      if census.numbers > 0 {
        notes.append(
          "column '\(name(column))' is taken for words, though \(census.numbers) of its "
            + "\(census.known) cells are numbers; data.categorical=[\(name(column))] says that it is"
        )
      }
    }
    noteSpellings(counts.keys.sorted(), column, "words", &notes)
    if counts.count > source.maxCategories {
      notes.append(
        "column '\(name(column))' has \(counts.count) different words: the \(source.maxCategories) "
          + "most frequent are inputs (data.max-categories), the others as good as unknown")
    } else if counts.count > Self.manyCategories, !isCategorical {
      notes.append(
        "column '\(name(column))' has \(counts.count) different words, each of which is an input; "
          + "data.ignore=[\(name(column))] leaves it out, data.max-categories limits them")
    }
    return .category(names: order.prefix(source.maxCategories).sorted(), usual: order[0])
  }

  private func dates(
    _ column: Int, _ census: CellCensus, _ leaveOut: (String) -> Void
  ) throws(DataError) -> TableEncoding.Kind? {
    let rows = (0..<table.rowCount).filter { !isMissing($0, column) }
    var order = source.dateOrder
    if order == .auto {
      func fail(_ order: DateOrder) -> Int? {
        rows.first { CalendarDate(table.text(row: $0, column: column), order) == nil }
      }
      let (day, month) = (fail(.dayFirst), fail(.monthFirst))
      if day == nil, month == nil,
        let row = rows.first(where: {
          CalendarDate.isAmbiguous(table.text(row: $0, column: column))
        })
      {
        throw table.error(
          row: row, column: column,
          found: "'\(printable(table.text(row: row, column: column)))' may begin with the day or "
            + "the month, and so may all dates of the column",
          expected: "data.date-order=day-first or month-first beside data.dates")
      }
      order = day == nil || month != nil ? .dayFirst : .monthFirst
    }
    if let row = rows.first(where: {
      CalendarDate(table.text(row: $0, column: column), order) == nil
    }) {
      throw table.unusable(
        row, column,
        expected: "a date, for the column is in data.dates, such as 2024-03-01, 2024-03-01 14:05, "
          + "01.03.2024 or 14:05:09")
    }
    var parts: [TableEncoding.DatePart] = []
    for kind in TableEncoding.DatePart.Kind.allCases {
      let values = training.compactMap { row -> Double? in
        isMissing(row, column)
          ? nil : CalendarDate(table.text(row: row, column: column), order)?.part(kind)
      }
      guard let least = values.min(), least != values.max() else { continue }
      parts.append(.init(kind: kind, scale: try scale(values, column)))
    }
    if parts.isEmpty {
      leaveOut("its dates are the same in all rows that train")
      return nil
    }
    return .date(order: order, parts: parts)
  }

  /// Whether a column is numeric: all its cells are numbers.
  ///
  /// - Throws: ``DataError`` where most are, so that the others look like mistakes, or they cannot be
  ///   read as numbers of one kind.
  func isNumeric(
    _ column: Int, _ census: CellCensus, remedy: String, _ notes: inout [String]
  ) throws(DataError) -> Bool {
    if let row = census.firstText {
      if census.unreadNumbers == census.texts { throw unreadable(row, column, remedy) }
      guard census.numbers * 2 < census.known else {
        let word = printable(table.text(row: row, column: column))
        throw table.unusable(
          row, column,
          expected: "a number, as \(census.numbers) of the column's \(census.known) values are; "
            + "data.missing-values=[\(word)] takes it for a missing one, \(remedy) takes all for "
            + "words")
      }
      return false
    }
    if let row = census.firstInfinite { throw table.unusable(row, column, expected: "a number") }
    try checkUnits(column, census, remedy, &notes)
    return census.numbers > 0
  }

  private func unreadable(_ row: Int, _ column: Int, _ remedy: String) -> DataError {
    let expected =
      switch table.doubt(column: column) {
      case .ambiguous:
        "a number that is surely one: data.thousands=comma reads its comma as a mark of thousands, "
          + "data.decimal=comma as that of decimals"
      case .contradicted(let others):
        "decimals of one kind in a file that has \(others); data.decimal says which, and "
          + "data.thousands what groups digits; data.ignore=[\(name(column))] leaves the column out"
      case nil:
        "a number as data.decimal and data.thousands have them; \(remedy) takes all for words"
      }
    return table.unusable(row, column, expected: expected)
  }

  private func checkUnits(
    _ column: Int, _ census: CellCensus, _ remedy: String, _ notes: inout [String]
  ) throws(DataError) {
    let units = census.units.sorted { $0.value < $1.value }
    let named = units.filter { $0.key != nil }
    guard let (unit, _) = named.first else { return }
    let second = named.dropFirst().first ?? units.first { $0.key == nil && unit == .percent }
    if let second {
      let first = table.text(row: named[0].value, column: column)
      throw table.unusable(
        second.value, column,
        expected: "one unit in the column, which also has '\(printable(first))'; "
          + "\(remedy) takes all for words")
    }
    let what = unit == .percent ? "percentages" : "amounts of money"
    let example = printable(table.text(row: named[0].value, column: column))
    notes.append("column '\(name(column))' has \(what), such as '\(example)', read as numbers")
  }

  /// Says that names differ in nothing but case.
  func noteSpellings(
    _ names: [String], _ column: Int, _ what: String, _ notes: inout [String]
  ) {
    let groups = Dictionary(grouping: names) { $0.lowercased() }.values.filter { $0.count > 1 }
    guard let group = groups.map({ $0.sorted() }).min(by: { $0[0] < $1[0] }) else { return }
    let more = groups.count > 1 ? ", and \(counted(groups.count - 1, "more group"))" : ""
    notes.append(
      "column '\(name(column))': \(listed(group)) differ only in case, and are different "
        + "\(what)\(more)")
  }

  /// Whether a column has the target's words in every row.
  func repeatsTarget(_ column: Int, _ target: Int) -> Bool {
    (0..<table.rowCount).allSatisfy {
      table.text(row: $0, column: column) == table.text(row: $0, column: target)
    }
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

  func scale(_ values: [Double], _ column: Int) throws(DataError) -> TableEncoding.Scale {
    let normalization = Normalization(of: values, columns: 1)
    let (mean, deviation) = (normalization.means[0], normalization.deviations[0])
    guard mean.isFinite, deviation.isFinite else {
      throw .malformed(
        file: table.file,
        found: "numbers up to \(values.lazy.map(abs).max() ?? 0) in column '\(name(column))'",
        expected: "numbers whose squares stay below 1.8e308")
    }
    return TableEncoding.Scale(mean: mean, deviation: deviation)
  }

  func name(_ column: Int) -> String { printable(table.columns[column]) }

  private func isMissing(_ row: Int, _ column: Int) -> Bool {
    if case .missing = table.value(row: row, column: column) { true } else { false }
  }

  /// From how many words on a column is worth a note.
  private static let manyCategories = 50
}

extension CalendarDate {
  /// A number that is made of the date; `nil` where it has none such.
  func part(_ kind: TableEncoding.DatePart.Kind) -> Double? {
    switch kind {
    case .year: day.map { Double($0.year) }
    case .dayOfYear: dayOfYear.map(Double.init)
    case .weekday: weekday.map(Double.init)
    case .seconds: seconds
    }
  }
}
