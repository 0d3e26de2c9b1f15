import Foundation
import Studies
import Tasks
import Training

/// Plots that belong together, under a heading.
struct PlotSection {
  var title: String
  /// How to read them.
  var note: String
  var plots: [Plot]
}

/// The plots of one task.
struct TaskPlots {
  private let results: TaskResults
  private let style: (String) -> PlotStyle

  /// Prepares the plots of a task.
  ///
  /// - Parameter style: An optimizer's style, by its label.
  init(_ results: TaskResults, style: @escaping (String) -> PlotStyle) {
    self.results = results
    self.style = style
  }

  /// All plots that there is anything to see in, section by section.
  var sections: [PlotSection] {
    let areRepeated = results.groups.contains { $0.runs.count > 1 }
    let band =
      areRepeated ? "Lines are medians over seeds, bands their 95 % confidence intervals." : ""
    let time = "Time is that of the steps, evaluation aside."
    let bins =
      areRepeated
      ? "Lines are medians over seeds and over steps too close to tell apart"
      : "Where steps are too close to tell apart, lines are their medians"
    return [
      PlotSection(
        title: "Where the steps went",
        note: "The way of each run over the contours of the loss, from ○ to the minimum at +.",
        plots: [trajectories].compactMap { $0 }),
      PlotSection(
        title: "Loss", note: band.isEmpty ? time : "\(band) \(time)",
        plots: Self.losses.compactMap { loss($0, over: .seconds) }
          + Self.losses.compactMap { loss($0, over: .epochs) }),
      PlotSection(
        title: "Accuracy", note: band,
        plots: [(Metric.validationAccuracy, "Validation"), (.testAccuracy, "Test")]
          .compactMap(accuracy)),
      PlotSection(
        title: "What the heuristics chose",
        note:
          "\(bins), and bands reach from the 10th to the 90th percentile. "
          + "λ shrinks where ρ is above ¾, and grows below ¼.",
        plots: [
          steps(.learningRate, "Learning rate α"), steps(.damping, "Damping λ"), ratios, momentum,
        ].compactMap { $0 }),
    ].filter { !$0.plots.isEmpty }
  }

  private static let losses: [(metric: Metric, name: String)] = [
    (.meanTrainingLoss, "Training"), (.validationLoss, "Validation"), (.testLoss, "Test"),
  ]

  private func lines(_ curve: (RunGroup) -> [CurvePoint]) -> [Plot.Line] {
    results.groups.map { Plot.Line(label: $0.label, style: style($0.label), points: curve($0)) }
      .filter { !$0.points.isEmpty }
  }

  private func name(_ parts: String...) -> String {
    ([results.task.rawValue] + parts).joined(separator: "-")
  }

  private func loss(_ kind: (metric: Metric, name: String), over abscissa: Abscissa) -> Plot? {
    let lines = lines { group in
      group.curve(of: kind.metric, over: abscissa).filter { $0.median > 0 }
    }
    // Where a run explodes, the others should still be seen.
    let starts = lines.compactMap { $0.points.first?.median }.filter(\.isFinite).sorted()
    let start = starts.isEmpty ? 1 : starts[(starts.count - 1) / 2]
    let heights = lines.flatMap(\.points).flatMap { [$0.low, $0.median, $0.high] }
    guard
      let x = Axis.logarithmic(
        abscissa == .seconds ? "seconds" : "epoch", covering: lines.flatMap(\.points).map(\.x)),
      let y = Axis.logarithmic("", covering: heights.filter { $0 <= 10 * start })
    else { return nil }
    return Plot(
      name: name(kind.name.lowercased(), "loss", abscissa.rawValue), title: "\(kind.name) loss",
      x: x, y: y, lines: lines)
  }

  private func accuracy(_ metric: Metric, _ title: String) -> Plot? {
    let lines = lines { $0.curve(of: metric, over: .epochs) }
    let points = lines.flatMap(\.points)
    guard let x = Axis.logarithmic("epoch", covering: points.map(\.x)),
      let low = points.map(\.low).min(), let high = points.map(\.high).max()
    else { return nil }
    let room = max(0.03 * (high - low), 0.002)
    let range = max(low - room, 0)...min(high + room, 1)
    return Plot(
      name: name(title.lowercased(), "accuracy"), title: "\(title) accuracy", x: x,
      y: .linear("", range) { String(format: "%.4g %%", 100 * $0) }, lines: lines)
  }

  private func steps(_ metric: Metric, _ title: String) -> Plot? {
    let lines = lines { group in group.stepCurve(of: metric).filter { $0.median > 0 } }
    let points = lines.flatMap(\.points)
    guard let x = Axis.logarithmic("step", covering: points.map(\.x)),
      let y = Axis.logarithmic("", covering: Self.heights(lines))
    else { return nil }
    let word = metric == .damping ? "damping" : "learning-rate"
    return Plot(name: name(word), title: title, x: x, y: y, lines: lines)
  }

  /// The heights of lines and bands, without those that a few steps alone have.
  private static func heights(_ lines: [Plot.Line]) -> [Double] {
    let ranges = lines.map { line in
      let sorted = line.points.map(\.median).sorted()
      return (low: sorted[sorted.count / 20], high: sorted[sorted.count - 1 - sorted.count / 20])
    }
    guard let low = ranges.map(\.low).min(), let high = ranges.map(\.high).max() else { return [] }
    let heights = lines.flatMap(\.points).flatMap { [$0.low, $0.median, $0.high] }
    return heights.filter { (low / 30...high * 30).contains($0) }
  }

  private var ratios: Plot? {
    let lines = lines { $0.stepCurve(of: .reductionRatio) }
    guard let x = Axis.logarithmic("step", covering: lines.flatMap(\.points).map(\.x)) else {
      return nil
    }
    return Plot(
      name: name("reduction-ratio"), title: "Reduction ratio ρ", x: x, y: .linear("", -0.5...2),
      lines: lines, guides: [0.25, 0.75])
  }

  private var momentum: Plot? {
    let lines = lines { $0.stepCurve(of: .momentum) }
    let heights = lines.flatMap(\.points).flatMap { [$0.low, $0.median, $0.high] }
      .filter(\.isFinite).sorted()
    guard let x = Axis.logarithmic("step", covering: lines.flatMap(\.points).map(\.x)),
      !heights.isEmpty
    else { return nil }
    let (low, high) = (heights[heights.count / 50], heights[heights.count - 1 - heights.count / 50])
    return Plot(
      name: name("momentum"), title: "Momentum μ", x: x,
      y: .linear("", (low - 0.05)...(high + 0.05)),
      lines: lines)
  }

  private var trajectories: Plot? {
    guard results.task == .rosenbrock else { return nil }
    let lines = results.groups.flatMap { group in
      // Runs that differ in nothing but an unused seed have the same way.
      var ways: [[CurvePoint]] = []
      for run in group.runs {
        let way = Self.way(run)
        if way.count > 1, !ways.contains(way) { ways.append(way) }
      }
      return ways.map { Plot.Line(label: group.label, style: style(group.label), points: $0) }
    }
    guard !lines.isEmpty else { return nil }
    let points = lines.flatMap(\.points)
    func range(_ values: [Double], _ least: ClosedRange<Double>, _ most: ClosedRange<Double>)
      -> ClosedRange<Double>
    {
      let inside = values.filter { most.contains($0) }
      return min(inside.min() ?? 0, least.lowerBound)...max(inside.max() ?? 0, least.upperBound)
    }
    return Plot(
      name: name("trajectories"), title: "Trajectories",
      x: .linear("x", range(points.map(\.x), -0.25...1.35, -2...2)),
      y: .linear("y", range(points.map(\.median), -1.2...1.35, -2...3)), lines: lines,
      showsRosenbrock: true)
  }

  /// The positions of a run, thinned where they are many.
  private static func way(_ run: RunRecord) -> [CurvePoint] {
    guard let log = run.log else { return [] }
    let (x, y) = (log[.positionX], log[.positionY])
    let count = min(x.values.count, y.values.count)
    var points = [CurvePoint(x: 1, median: -1, low: -1, high: -1)]
    var next = 0.0
    for index in 0..<count where Double(index) >= next || index == count - 1 {
      next = max(Double(index) + 1, Double(index) * 1.01)
      let (a, b) = (Double(x.values[index]), Double(y.values[index]))
      if a.isFinite, b.isFinite { points.append(CurvePoint(x: a, median: b, low: b, high: b)) }
    }
    return points
  }
}
