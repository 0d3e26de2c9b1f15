import Foundation
import Studies

/// The plots of a study: for each task the judged loss against the batch size, a line an optimizer.
struct StudyPlots {
  private let analysis: StudyAnalysis

  init(_ analysis: StudyAnalysis) { self.analysis = analysis }

  /// The name of a task's plot.
  static func name(_ task: String) -> String { "\(task)-loss" }

  /// Those that there is anything to see in.
  var plots: [Plot] { analysis.study.tasks.compactMap { plot($0.name) } }

  private func plot(_ task: String) -> Plot? {
    let cells = analysis.cells.filter { $0.task == task }
    let lines = analysis.study.shownLabels.enumerated().compactMap { index, label -> Plot.Line? in
      let points = cells.compactMap { cell -> CurvePoint? in
        guard let loss = cell.entries[label]?.loss, loss > 0 else { return nil }
        return CurvePoint(x: Double(cell.size), median: loss, low: loss, high: loss)
      }
      guard points.contains(where: \.median.isFinite) else { return nil }
      return Plot.Line(label: label, style: PlotStyle(index), points: points)
    }
    let heights = lines.flatMap(\.points).map(\.median).filter(\.isFinite).sorted()
    guard !heights.isEmpty else { return nil }
    // Where one explodes, the others should still be seen.
    let middle = heights[(heights.count - 1) / 2]
    guard
      let x = Axis.logarithmic("batch size", covering: cells.map { Double($0.size) }),
      let y = Axis.logarithmic("", covering: heights.filter { $0 <= 30 * middle })
    else { return nil }
    let judged = cells.contains(where: \.isJudgedByValidation) ? "Validation loss" : "Loss"
    return Plot(name: Self.name(task), title: "\(judged), \(task)", x: x, y: y, lines: lines)
  }

  /// A loss or a ratio.
  static func text(_ value: Double) -> String {
    value.isInfinite ? "∞" : String(format: "%.3g", value)
  }

  /// A time, roughly.
  static func duration(_ seconds: Double) -> String {
    if seconds < 90 { return String(format: "%.0f s", seconds) }
    if seconds < 5400 { return String(format: "%.0f min", seconds / 60) }
    return String(format: "%.1f h", seconds / 3600)
  }
}
