/// How many cells of a column are what.
struct CellCensus {
  private(set) var numbers = 0
  private(set) var missing = 0
  private(set) var texts = 0
  private(set) var firstMissing: Int?
  private(set) var firstInfinite: Int?
  private(set) var firstText: Int?
  /// How many of the texts are numbers in a way that cannot be read.
  private(set) var unreadNumbers = 0
  /// How many of the texts are dates.
  private(set) var dates = 0
  /// Whether all that are not missing are truth values.
  private(set) var areTruthValues = true
  /// What numbers count, each with a row where they do; `nil` where they count nothing that is said.
  private(set) var units: [NumberText.Unit?: Int] = [:]

  /// The number of cells that are not missing.
  var known: Int { numbers + texts + (firstInfinite == nil ? 0 : infinite) }
  private var infinite = 0
  private var firstPlain: Int?

  init(_ table: CSVTable, _ column: Int) {
    for row in 0..<table.rowCount {
      let plain = table.plainValue(row: row, column: column)
      var (value, isPlain) = (plain, true)
      if case .text = plain {
        (value, isPlain) = (table.value(row: row, column: column), false)
      }
      switch value {
      case .missing:
        missing += 1
        firstMissing = firstMissing ?? row
      case .number:
        numbers += 1
        if isPlain {
          firstPlain = firstPlain ?? row
        } else {
          let unit = table.numberText(row: row, column: column)?.unit
          if units[unit] == nil { units[unit] = row }
        }
      case .infinite:
        infinite += 1
        firstInfinite = firstInfinite ?? row
      case .text:
        texts += 1
        firstText = firstText ?? row
        let text = table.text(row: row, column: column)
        areTruthValues = areTruthValues && truthValue(text) != nil
        if table.numberText(row: row, column: column) != nil {
          unreadNumbers += 1
        } else if dates == texts - 1, CalendarDate(text, .auto) != nil {
          dates += 1
        }
      }
    }
    if let firstPlain { units[nil] = min(units[nil] ?? firstPlain, firstPlain) }
    areTruthValues = areTruthValues && numbers == 0 && firstInfinite == nil
  }

  /// Whether all cells that are not missing are dates.
  var areDates: Bool { dates > 0 && dates == known }
}
