/// What came out of each optimizer, as medians over its runs.
///
/// A run that diverged counts with infinite losses, so that an optimizer that does so more often than
/// not has no finite median.
public struct ResultTable: Sendable {
  /// One optimizer.
  public struct Row: Sendable {
    /// Its name.
    public var label: String
    /// The number of its runs.
    public var runCount: Int
    /// The number of those that diverged.
    public var divergedCount: Int
    /// The number of those that are not over, and count with their latest figures.
    public var unfinishedCount: Int
    /// The median of each figure with its 95 % confidence interval; absent where no run has it.
    public var estimates: [Figure: Estimate]
  }

  /// The optimizers, in order.
  public let rows: [Row]
  /// The figures that any of them has.
  public let figures: [Figure]

  /// Makes the table of some optimizers.
  public init(_ groups: [RunGroup]) {
    let rows = groups.map(Row.init)
    self.rows = rows
    figures = Figure.allCases.filter { figure in
      rows.contains { $0.estimates[figure] != nil }
    }
  }
}

extension ResultTable.Row {
  fileprivate init(_ group: RunGroup) {
    label = group.label
    runCount = group.runs.count
    divergedCount = group.runs.count { $0.state == .diverged }
    unfinishedCount = group.runs.count { !$0.isOver }
    estimates = [:]
    for figure in Figure.allCases {
      let values = group.runs.compactMap { $0.value(figure) }
      guard !values.isEmpty else { continue }
      estimates[figure] = MedianBootstrap(count: values.count).estimate(values)
    }
  }

  /// How many runs there are, and what has become of those that did not finish.
  public var runs: String {
    var parts: [String] = []
    if divergedCount > 0 { parts.append("\(divergedCount) diverged") }
    if unfinishedCount > 0 { parts.append("\(unfinishedCount) unfinished") }
    return parts.isEmpty ? "\(runCount)" : "\(runCount) (\(parts.joined(separator: ", ")))"
  }
}
