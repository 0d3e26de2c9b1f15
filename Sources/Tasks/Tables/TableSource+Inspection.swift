import Files

extension TableSource {
  /// What would be understood of the table, and everything that a run would refuse.
  ///
  /// - Parameter target: Whether ``target`` is known; where it is not, all columns count as inputs.
  /// - Throws: ``DataError`` where the file is no table, or named columns are not there.
  public func inspect(withTarget hasTarget: Bool = true) throws(DataError) -> TableSummary {
    let whole = try CSVTable(file: path, format: format)
    let targetPlace = hasTarget ? try whole.column(target) : nil
    var table = whole
    if let targetPlace, missingTarget == .drop { table = whole.droppingMissing(targetPlace) }
    var summary = TableSummary(whole, used: table, target: targetPlace)
    var division = TableDivision(training: Array(0..<table.rowCount), validation: [], test: [])
    if hasTarget {
      summary.attempt { summary throws(DataError) in
        division = try divide(table)
        summary.rows = division.counts(test: testPath == nil)
      }
    }
    let fitting = ColumnFitting(table: table, training: division.training, source: self)
    let forms = try ColumnForms(self, table)
    if let targetPlace {
      summary.attempt { summary throws(DataError) in
        let kind = kind == .auto && forms.isCategorical(targetPlace) ? .classification : kind
        let target = try fitting.target(targetPlace, kind, &summary.notes)
        _ = try fitting.classWeights(target, targetPlace)
        summary.describe(target, targetPlace, table)
      }
    }
    for place in table.columns.indices where place != targetPlace {
      let name = table.columns[place]
      if let role = forms.unusedRole(place) {
        summary.columns.append(.init(name: name, role: role, width: 0))
        continue
      }
      var column = TableSummary.Column(name: name, role: .refused, width: 0)
      summary.attempt { summary throws(DataError) in
        column = .init(name: name, try fitting.input(place, forms.form(place), &summary.notes))
      }
      summary.columns.append(column)
    }
    return summary
  }
}

extension TableSummary {
  /// Does something, and keeps what a run would refuse.
  fileprivate mutating func attempt(_ body: (inout TableSummary) throws(DataError) -> Void) {
    do { try body(&self) } catch { problems.append(error.description) }
  }
}

/// What columns are to be, by the settings.
struct ColumnForms {
  private let ignored: Set<Int>
  private let categorical: Set<Int>
  private let dates: Set<Int>
  private let group: Int?

  init(_ source: TableSource, _ table: CSVTable) throws(DataError) {
    ignored = try table.places(source.ignored)
    categorical = try table.places(source.categorical)
    dates = try table.places(source.dates)
    group = source.split == .group ? try table.splitColumn(source) : nil
    if let both = categorical.intersection(dates).min() {
      throw .malformed(
        file: table.file,
        found: "column '\(printable(table.columns[both]))' in data.categorical and data.dates",
        expected: "it in one of them")
    }
  }

  func isCategorical(_ place: Int) -> Bool { categorical.contains(place) }

  func isIgnored(_ place: Int) -> Bool { ignored.contains(place) }

  /// What a column is that is no input; `nil` of others.
  func unusedRole(_ place: Int) -> TableSummary.Role? {
    ignored.contains(place) ? .ignored : place == group ? .group : nil
  }

  func form(_ place: Int) -> ColumnFitting.Form {
    categorical.contains(place) ? .words : dates.contains(place) ? .dates : .any
  }
}
