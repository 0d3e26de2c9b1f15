import Foundation
import Studies

/// The plots of what came out of a ``Tuning`` on one task, along runs.
struct TuningPlots {
  private let results: TuningResults
  private var plan: TuningPlan { results.plan }

  /// Prepares the plots.
  init(_ results: TuningResults) { self.results = results }

  /// Losses over time, steps and epochs.
  var losses: [Plot] {
    var plots: [Plot?] = []
    for (abscissa, words) in [
      (Abscissa.seconds, "time"), (.steps, "steps"), (.epochs, "epochs"),
    ] {
      plots.append(plot(.trainingLoss, "Training loss over \(words)", over: abscissa))
      plots.append(plot(.testLoss, "Test loss over \(words)", over: abscissa))
    }
    plots.append(plot(.validationLoss, "Validation loss over time", over: .seconds))
    plots.append(plot(.validationLoss, "Validation loss over epochs", over: .epochs))
    return plots.compactMap { $0 }
  }

  /// Accuracies over time and epochs.
  var accuracies: [Plot] {
    guard results.isClassification else { return [] }
    return [
      plot(.validationAccuracy, "Validation accuracy over time", over: .seconds, isShare: true),
      plot(.testAccuracy, "Test accuracy over time", over: .seconds, isShare: true),
      plot(.testAccuracy, "Test accuracy over epochs", over: .epochs, isShare: true),
    ].compactMap { $0 }
  }

  /// The method's own numbers.
  var adaptation: [Plot] {
    [
      plot(.learningRate, "Learning rate α over time", over: .seconds),
      plot(.learningRate, "Learning rate α over steps", over: .steps),
      plot(.damping, "Damping λ over steps", over: .steps), ratios,
    ].compactMap { $0 }
  }

  /// Ways over Rosenbrock's function.
  var trajectories: [Plot] {
    let lines = plan.optimizers.enumerated().flatMap { index, optimizer in
      results.outcomes(of: optimizer.label).compactMap { outcome -> Plot.Line? in
        guard let curve = outcome.runCurve, !curve[.positionX].isEmpty else { return nil }
        let points = zip(curve[.positionX], curve[.positionY]).filter { $0.isFinite && $1.isFinite }
        return Plot.Line(
          label: optimizer.title, style: results.style(of: optimizer.label),
          points: ([(1.0, -1.0)] + points).map {
            CurvePoint(x: $0, median: $1, low: $1, high: $1)
          })
      }
    }
    guard !lines.isEmpty else { return [] }
    return [
      Plot(
        name: "trajectories", title: "Trajectories", x: .linear("x", -1.5...1.5),
        y: .linear("y", -1.8...1.2), lines: lines, showsRosenbrock: true)
    ]
  }

  private func lines(_ quantity: RunCurve.Quantity, over abscissa: Abscissa) -> [Plot.Line] {
    plan.optimizers.enumerated().compactMap { index, optimizer in
      let points = results.curves(of: optimizer.label).curve(quantity, over: abscissa)
      // Methods without damping log none, or 0.
      guard points.contains(where: { $0.median.isFinite && $0.median > 0 }) else { return nil }
      return Plot.Line(
        label: optimizer.title, style: results.style(of: optimizer.label), points: points)
    }
  }

  private func plot(
    _ quantity: RunCurve.Quantity, _ title: String, over abscissa: Abscissa, isShare: Bool = false
  ) -> Plot? {
    Plot(
      name: "\(quantity.rawValue)-over-\(abscissa.rawValue)", title: title,
      lines: lines(quantity, over: abscissa), over: abscissa, isShare: isShare,
      axisBreak: plan.task.axisBreak)
  }

  private var ratios: Plot? {
    let lines = lines(.reductionRatio, over: .steps)
    guard let x = Axis.logarithmic("steps", covering: lines.flatMap(\.points).map(\.x)) else {
      return nil
    }
    return Plot(
      name: "reduction-ratio-over-steps", title: "Reduction ratio ρ over steps", x: x,
      y: .linear("", -0.5...2), lines: lines, guides: [0.25, 0.75])
  }
}

extension TuningResults {
  /// The curves of an optimizer's repetitions, or of a variation's.
  func curves(of label: String) -> TuningCurves {
    let size = outcomes(of: label).isEmpty ? nil : batchSizes[label]
    return TuningCurves(outcomes(of: label), batchSize: size ?? 1)
  }
}

extension Plot {
  /// Lines along runs; `nil` where there is nothing to see.
  ///
  /// - Parameters:
  ///   - axisBreak: Where, in seconds, the rest of a linear axis of time is compressed into a tenth.
  init?(
    name: String, title: String, lines: [Line], over abscissa: Abscissa, isShare: Bool = false,
    axisBreak: Double? = nil
  ) {
    let end = lines.flatMap(\.points).map(\.x).max() ?? 0
    guard end > 0 else { return nil }
    var lines = lines
    let x: Axis?
    switch abscissa {
    case .seconds:
      let axisBreak = axisBreak.flatMap { $0 < end ? $0 : nil } ?? Self.axisBreak(lines)
      if let axisBreak {
        let scale = BrokenScale(at: axisBreak, end: end)
        for line in lines.indices {
          for point in lines[line].points.indices {
            lines[line].points[point].x = scale.position(lines[line].points[point].x)
          }
        }
        x = scale.axis("seconds")
      } else {
        x = .linear("seconds", 0...end)
      }
    case .epochs: x = .linear("epochs", 0...end)
    case .steps: x = .logarithmic("steps", covering: lines.flatMap(\.points).map(\.x))
    }
    let heights = lines.flatMap(\.points).map(\.median).filter { $0.isFinite && $0 > 0 }
      .sorted()
    guard let x, let low = heights.first, let high = heights.last else { return nil }
    let y: Axis?
    if isShare {
      y = .linear("", low...max(high, low + 0.01)) { String(format: "%.4g %%", 100 * $0) }
    } else {
      // Where one loss explodes, the others should still be seen.
      let most = name.contains("loss") ? 1000 * heights[heights.count / 2] : high
      y = .logarithmic("", covering: heights.filter { $0 <= most })
    }
    guard let y else { return nil }
    self.init(name: name, title: title, x: x, y: y, lines: lines)
  }
}

extension Plot {
  /// Where an axis of time is compressed since a few lines are much longer than most; `nil`: nowhere.
  private static func axisBreak(_ lines: [Line]) -> Double? {
    let ends = lines.compactMap(\.points.last?.x).sorted()
    guard let last = ends.last, case let middle = ends[ends.count / 2], last > 4 * middle else {
      return nil
    }
    return 2 * middle
  }
}

/// A linear scale that is compressed from some point on, so that the rest takes a tenth of it.
struct BrokenScale {
  private let start: Double
  private let end: Double

  /// A scale from 0 to `end`, compressed from `start` on.
  init(at start: Double, end: Double) { (self.start, self.end) = (start, end) }

  /// Where a number is, in units of those before the break.
  func position(_ number: Double) -> Double {
    number <= start ? number : start + (number - start) / (end - start) * start / 9
  }

  /// The axis, with ticks in both parts.
  func axis(_ label: String) -> Axis {
    var axis = Axis.linear(label, 0...start)
    axis.label = "\(label) (compressed from \(String(format: "%.3g", start)) on)"
    axis.ticks.append(.init(position: position(end), text: String(format: "%.4g", end)))
    axis.range = 0...position(end)
    return axis
  }
}
