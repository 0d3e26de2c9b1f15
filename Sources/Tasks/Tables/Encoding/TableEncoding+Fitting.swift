import Files

extension TableEncoding {
  /// Fits an encoding to a table.
  ///
  /// Whether a column has numbers, truth values, dates or words, and which classes there are, is told
  /// from all rows; means, deviations and categories from the rows that train. Columns that cannot
  /// help are left out.
  ///
  /// - Parameters:
  ///   - table: The table, with the rows that are used.
  ///   - training: Those of its rows that train.
  ///   - source: What is known of the table.
  ///   - summary: Is told what became of each column.
  /// - Throws: ``DataError`` where a named column is not there, cells are missing and must not be,
  ///   or there is nothing to learn from or to predict.
  init(
    fitting table: CSVTable, training: [Int], _ source: TableSource, _ summary: inout TableSummary
  ) throws(DataError) {
    let targetPlace = try table.column(source.target)
    let forms = try ColumnForms(source, table)
    guard !forms.isIgnored(targetPlace) else {
      throw .malformed(
        file: table.file, found: "column '\(printable(source.target))' in data.ignore",
        expected: "it to be used, for it is data.target")
    }
    let fitting = ColumnFitting(table: table, training: training, source: source)
    target = try fitting.target(
      targetPlace,
      source.kind == .auto && forms.isCategorical(targetPlace) ? .classification : source.kind,
      &summary.notes)
    classWeights = try fitting.classWeights(target, targetPlace)
    var inputs: [Input] = []
    for place in table.columns.indices where place != targetPlace {
      let name = table.columns[place]
      if let role = forms.unusedRole(place) {
        summary.columns.append(.init(name: name, role: role, width: 0))
        continue
      }
      let kind = try fitting.input(place, forms.form(place), &summary.notes)
      if let kind { inputs.append(Input(name: name, place: place, kind: kind)) }
      summary.columns.append(.init(name: name, kind))
    }
    guard !inputs.isEmpty else {
      throw .malformed(
        file: table.file,
        found: table.columns.count == 1
          ? "1 column in line 1" : "no column to predict '\(printable(source.target))' from",
        expected: table.columns.count == 1
          ? "at least 2; data.delimiter says what divides them"
          : "at least one that is not ignored and varies"
            + summary.notes.map { "; \($0)" }.joined())
    }
    for input in inputs where fitting.repeatsTarget(input.place, targetPlace) {
      summary.notes.append(
        "column '\(printable(input.name))' is the same as the target in every row; if it is known "
          + "only with the target, data.ignore=[\(printable(input.name))]")
    }
    self.inputs = inputs
    self.targetPlace = targetPlace
    targetName = table.columns[targetPlace]
    missing = source.missing
    missingTarget = source.missingTarget
    format = table.settled(source.format)
    columnCount = table.columns.count
    digest = table.digest
  }
}

extension CSVTable {
  /// The places of columns, given their names or numbers.
  func places(_ names: [String]) throws(DataError) -> Set<Int> {
    var places: Set<Int> = []
    for name in names { places.insert(try column(name)) }
    return places
  }
}
