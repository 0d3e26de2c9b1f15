import Files

/// How the numbers of a file are written.
struct NumberStyle: Hashable, Sendable {
  /// What stands before decimals, a point or a comma.
  var decimal = NumberText.Separator.point
  /// What groups digits; `nil`: whatever does not stand before decimals.
  var grouping: [NumberText.Separator]?

  func groups(by separator: NumberText.Separator) -> Bool {
    separator != decimal && grouping?.contains(separator) ?? true
  }
}

/// What is found out about the numbers of a file, from all of its columns of numbers.
struct NumberFindings {
  private(set) var style = NumberStyle()
  /// Columns with numbers that cannot be read, and why.
  private(set) var doubts: [Int: Doubt] = [:]
  /// What was found, in a line each.
  private(set) var notes: [String] = []

  /// Why a number cannot be read.
  enum Doubt {
    /// A comma (or a point) may stand before decimals or before thousands.
    case ambiguous
    /// Other numbers of the file have the other decimals.
    case contradicted(by: String)
  }

  /// The settings are as the file's.
  init(_ format: TableFormat) {
    style.decimal = format.decimal == .comma ? .comma : .point
    style.grouping = format.thousands.separators
  }

  /// Goes through a file's cells, as far as the settings leave anything open.
  init(_ format: TableFormat, _ grid: CellGrid) {
    self.init(format)
    let missing = format.missingCells
    let settled = CellReader(missing: missing, style: style)
    // Most files have plain numbers only.
    let unplain = (0..<grid.columnCount).filter { column in
      var isUnplain = false
      for row in 0..<grid.rowCount {
        let cell = grid.bytes.span.extracting(grid.range(row, column))
        switch settled.plainValue(cell) {
        case .text:
          guard NumberText(cell) != nil else { return false }
          isUnplain = true
        case .missing, .number, .infinite: continue
        }
      }
      return isUnplain
    }
    guard !unplain.isEmpty else { return }

    var decimals: [NumberText.Separator: String] = [:]
    var groupings: [NumberText.Separator: String] = [:]
    var ambiguous: [Int] = []
    for column in 0..<grid.columnCount {
      guard let census = SeparatorCensus(grid, column, missing) else { continue }
      decimals.merge(census.decimals) { first, _ in first }
      groupings.merge(census.groupings) { first, _ in first }
      // A point that may be either is before decimals, unless a number shows that commas are.
      guard census.either.contains(.comma) else { continue }
      // Numbers of thousands and more all have it, and those below have nothing: it groups them.
      if census.lookGrouped {
        groupings[.comma] = groupings[.comma] ?? census.example
      } else {
        ambiguous.append(column)
      }
    }
    settle(format, decimals, groupings, ambiguous, unplain)
  }

  private mutating func settle(
    _ format: TableFormat, _ decimals: [NumberText.Separator: String],
    _ groupings: [NumberText.Separator: String], _ ambiguous: [Int], _ unplain: [Int]
  ) {
    guard format.decimal == .auto else { return }
    let comma = decimals[.comma] ?? groupings[.point]
    let point = decimals[.point] ?? groupings[.comma]
    switch (comma, point) {
    case (let comma?, let point?):
      for column in unplain { doubts[column] = .contradicted(by: "'\(comma)' and '\(point)'") }
    case (let comma?, nil):
      style.decimal = .comma
      notes.append("decimals stand behind commas, as '\(comma)' shows")
    case (nil, _?):
      if let grouped = groupings[.comma] {
        notes.append("commas set thousands apart, as '\(grouped)' shows")
      }
    case (nil, nil):
      guard format.thousands == .auto else { return }
      for column in ambiguous { doubts[column] = .ambiguous }
      if !ambiguous.isEmpty { style.grouping = [.space, .apostrophe] }
    }
  }
}

/// What the numbers of one column show.
private struct SeparatorCensus {
  var decimals: [NumberText.Separator: String] = [:]
  var groupings: [NumberText.Separator: String] = [:]
  var either: Set<NumberText.Separator> = []
  var example = ""
  private var eitherCount = 0
  private var smallCount = 0
  private var largeCount = 0

  /// `nil` where not all of the column's cells are numbers.
  init?(_ grid: CellGrid, _ column: Int, _ missing: MissingCellSpellings) {
    for row in 0..<grid.rowCount {
      let span = grid.bytes.span.extracting(grid.range(row, column))
      if missing.contains(span) { continue }
      guard let text = NumberText(span) else { return nil }
      func string() -> String {
        String(decoding: (0..<span.count).map { span[$0] }, as: UTF8.self)
      }
      let evidence = text.evidence
      if let separator = evidence.decimal, decimals[separator] == nil {
        decimals[separator] = string()
      }
      if let separator = evidence.grouping, groupings[separator] == nil {
        groupings[separator] = string()
      }
      if let separator = evidence.either {
        either.insert(separator)
        eitherCount += 1
        if example.isEmpty { example = string() }
      }
      if evidence == NumberText.Evidence() {
        if span.count <= 3 { smallCount += 1 } else { largeCount += 1 }
      }
    }
  }

  /// Whether the separator that may be either does group digits, as far as many cells can tell:
  /// decimals that always were three, or none, would be strange.
  var lookGrouped: Bool {
    decimals.isEmpty && largeCount == 0 && smallCount > 0 && eitherCount >= 10
  }
}
