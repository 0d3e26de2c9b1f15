import Tasks
import Training

extension TaskMetrics {
  /// The metrics for a reader.
  ///
  /// - Parameters:
  ///   - part: Of which examples, for the heading.
  ///   - target: The name of the target, where it has one.
  func lines(of part: String, target: String?) -> [String] {
    switch self {
    case .regression(let metrics):
      let unit = target.map { "in units of '\($0)'" } ?? "in the target's units"
      return [
        "\(part), \(unit): RMSE \(metrics.rmse.short), MAE \(metrics.mae.short)"
          + (metrics.rSquared.map { ", R² \($0.short)" } ?? "")
      ]
    case .classification(let matrix): return Self.lines(matrix, part)
    }
  }

  private static func lines(_ matrix: ConfusionMatrix, _ part: String) -> [String] {
    // Of very many classes a terminal shows the hardest.
    let most = 30
    let order =
      matrix.classes.count <= most
      ? Array(matrix.classes.indices)
      : Array(
        matrix.classes.indices.sorted { (matrix.f1($0) ?? 2) < (matrix.f1($1) ?? 2) }
          .prefix(most))
    let showsCounts = matrix.classes.count <= 12
    var table = TextTable(
      headings: [part, "examples", "precision", "recall", "F1"]
        + (showsCounts ? matrix.classes.map { "→ \($0)" } : []))
    for i in order {
      table.add(
        [
          matrix.classes[i], matrix.support(i).grouped, matrix.precision(i)?.percent ?? "–",
          matrix.recall(i)?.percent ?? "–", matrix.f1(i)?.percent ?? "–",
        ] + (showsCounts ? matrix.counts[i].map(\.grouped) : []))
    }
    let rest = matrix.classes.count - order.count
    return table.lines + (rest > 0 ? ["and \(rest) classes that went better"] : [])
      + (matrix.balancedAccuracy.map { ["balanced accuracy \($0.percent)"] } ?? [])
  }
}

extension JSONLine {
  /// How good predictions are.
  init(_ metrics: TaskMetrics) {
    self.init()
    add(metrics)
  }

  /// How good predictions are at the end of a run.
  init(_ metrics: FinalMetrics) {
    self.init()
    add("part", metrics.part.rawValue)
    add("weights", metrics.weights.rawValue)
    add(metrics.values)
  }

  private mutating func add(_ metrics: TaskMetrics) {
    switch metrics {
    case .regression(let metrics):
      add("rmse", metrics.rmse)
      add("mae", metrics.mae)
      add("r2", metrics.rSquared)
    case .classification(let matrix):
      add("balanced_accuracy", matrix.balancedAccuracy)
      add(
        "classes",
        matrix.classes.indices.map { i in
          var line = JSONLine()
          line.add("class", matrix.classes[i])
          line.add("examples", matrix.support(i))
          line.add("precision", matrix.precision(i))
          line.add("recall", matrix.recall(i))
          line.add("f1", matrix.f1(i))
          return line
        })
      add("confusion", rows: matrix.counts)
    }
  }
}
