import Foundation
import Studies

/// The plots of the sweeps of a ``Tuning`` on one task.
struct SweepPlots {
  private let results: TuningResults
  private var plan: TuningPlan { results.plan }

  /// Prepares the plots.
  init(_ results: TuningResults) { self.results = results }

  /// The names of the sweeps that there are results of, in order.
  var names: [String] {
    var names: [String] = []
    for sweep in sweeps where !names.contains(sweep.name) { names.append(sweep.name) }
    return names
  }

  private var sweeps: [Tuning.Sweep] {
    let labels = plan.optimizers.map(\.label)
    return plan.tuning.sweeps(of: plan.task).filter { sweep in
      labels.contains(sweep.optimizer)
        && sweep.values.contains { !results.outcomes(of: sweep.label($0)).isEmpty }
    }
  }

  /// The losses at the end over the values of a sweep.
  func ends(of name: String) -> [Plot] {
    [
      ends(name, "training-loss", "Training loss at the end") { $0.final($0.trainingLoss) },
      ends(name, "validation-loss", "Validation loss at the end") { $0.final($0.validationLoss) },
      ends(name, "test-loss", "Test loss at the end") { $0.final($0.testLoss) },
    ].compactMap { $0 }
  }

  /// The losses along runs, a line a value.
  func curves(of name: String) -> [Plot] {
    sweeps.filter { $0.name == name }.flatMap { sweep -> [Plot] in
      let title = title(sweep.optimizer)
      return [
        curves(sweep, .trainingLoss, "\(title): training loss, by \(sweep.name)"),
        curves(sweep, .testLoss, "\(title): test loss, by \(sweep.name)"),
      ].compactMap { $0 }
    }
  }

  private func title(_ label: String) -> String {
    plan.optimizers.first { $0.label == label }?.title ?? label
  }

  private func ends(
    _ name: String, _ figure: String, _ title: String, _ loss: (RunOutcome) -> Double?
  ) -> Plot? {
    let lines = sweeps.filter { $0.name == name }.compactMap { sweep -> Plot.Line? in
      let points = sweep.values.compactMap { values -> CurvePoint? in
        let losses = results.outcomes(of: sweep.label(values)).compactMap(loss)
        guard let x = Double(values[0]), !losses.isEmpty else { return nil }
        let median = ResampledMedian(losses, ResampledMedian.resamples(of: losses.count))
        return CurvePoint(
          x: x, median: median.mean, low: median.mean - median.deviation,
          high: median.mean + median.deviation)
      }
      guard points.contains(where: \.median.isFinite) else { return nil }
      return Plot.Line(
        label: self.title(sweep.optimizer), style: results.style(of: sweep.optimizer),
        points: points)
    }
    let heights = lines.flatMap(\.points).map(\.median).filter(\.isFinite).sorted()
    guard let lowest = heights.first, let setting = sweeps.first(where: { $0.name == name }),
      let x = Axis.logarithmic(
        setting.settings[0], covering: lines.flatMap(\.points).map(\.x)),
      let y = Axis.logarithmic("", covering: heights.filter { $0 <= 1000 * lowest })
    else { return nil }
    return Plot(name: "sweep-\(name)-\(figure)", title: title, x: x, y: y, lines: lines)
  }

  private func curves(
    _ sweep: Tuning.Sweep, _ quantity: RunCurve.Quantity, _ title: String
  ) -> Plot? {
    let lines = sweep.values.enumerated().compactMap { index, values -> Plot.Line? in
      let points = results.curves(of: sweep.label(values)).curve(quantity, over: .seconds)
      guard points.contains(where: \.median.isFinite) else { return nil }
      let share = Double(index) / Double(max(sweep.values.count - 1, 1))
      return Plot.Line(label: values[0], style: PlotStyle(share: share), points: points)
    }
    var plot = Plot(
      name: "sweep-\(sweep.name)-\(sweep.optimizer)-\(quantity.rawValue)", title: title,
      lines: lines, over: .seconds, axisBreak: plan.task.axisBreak)
    plot?.hasOwnLegend = true
    return plot
  }
}
