import Foundation
import Studies

/// The plots of the searches of a ``Tuning`` on one task.
struct SearchPlots {
  private let results: TuningResults
  private var plan: TuningPlan { results.plan }

  /// Prepares the plots.
  init(_ results: TuningResults) { self.results = results }

  /// The last report of each trial of an optimizer, by its number.
  private func last(_ label: String) -> [Int: TrialReport] {
    var last: [Int: TrialReport] = [:]
    for report in results.reports where report.optimizer == label { last[report.trial] = report }
    return last
  }

  private func loss(_ report: TrialReport) -> Double { report.loss(plan.tuning.metric) }

  /// The lowest loss so far over the time of trials made one after the other.
  var progress: [Plot] {
    let lines = searched.compactMap { index, optimizer -> Plot.Line? in
      var points: [CurvePoint] = []
      var (seconds, lowest) = (0.0, Double.infinity)
      for (_, report) in last(optimizer.label).sorted(by: { $0.key < $1.key }) {
        seconds += report.seconds
        lowest = min(lowest, loss(report))
        points.append(CurvePoint(x: seconds, median: lowest, low: lowest, high: lowest))
      }
      guard points.contains(where: \.median.isFinite) else { return nil }
      return Plot.Line(
        label: optimizer.title, style: results.style(of: optimizer.label), points: points)
    }
    let plot = Plot(
      name: "search-progress", title: "Lowest loss found over time", lines: lines, over: .seconds)
    return plot.map { [$0] } ?? []
  }

  /// The optimizers that are searched, with their places among all.
  private var searched: [(Int, Tuning.Optimizer)] {
    plan.optimizers.enumerated().filter { plan.trials[$0.element.label] != nil }.map { ($0, $1) }
  }

  /// Of each setting that is searched, the trials' last losses over its values.
  var slices: [Plot] {
    var names: [String] = []
    for (_, optimizer) in searched {
      for parameter in plan.tuning.space(of: optimizer, on: plan.task)?.parameters ?? []
      where !names.contains(parameter.name) {
        names.append(parameter.name)
      }
    }
    return names.compactMap(slice)
  }

  private func slice(_ name: String) -> Plot? {
    let isComplement = searched.contains { _, optimizer in
      plan.tuning.space(of: optimizer, on: plan.task)?.parameters.contains {
        guard $0.name == name, case .oneMinusLogUniform = $0.distribution else { return false }
        return true
      } ?? false
    }
    let lines = searched.compactMap { index, optimizer -> Plot.Line? in
      let trials = plan.trials[optimizer.label] ?? []
      let points = last(optimizer.label).sorted { $0.key < $1.key }.compactMap {
        trial, report -> CurvePoint? in
        guard let text = trials[trial].values.first(where: { $0.name == name })?.text,
          let value = Double(text), loss(report).isFinite
        else { return nil }
        let x = isComplement ? 1 - value : value
        return CurvePoint(x: x, median: loss(report), low: loss(report), high: loss(report))
      }
      guard !points.isEmpty else { return nil }
      return Plot.Line(
        label: optimizer.title, style: results.style(of: optimizer.label), points: points,
        isScattered: true)
    }
    let heights = lines.flatMap(\.points).map(\.median).sorted()
    guard let lowest = heights.first, lowest > 0,
      let x = Axis.logarithmic(
        isComplement ? "1 − \(name)" : name, covering: lines.flatMap(\.points).map(\.x)),
      let y = Axis.logarithmic("", covering: heights.filter { $0 <= 1000 * lowest })
    else { return nil }
    return Plot(
      name: "search-\(name)", title: "Trials by \(name)", x: x, y: y, lines: lines)
  }
}
