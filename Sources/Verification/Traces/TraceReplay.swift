import AdamQLR
import AdamQLRNetworks

/// How far our run of a reference trace is from the reference's.
///
/// The deviation of a figure is |ours − reference| / max(|reference|, s), with s = 1e-8·|loss| for
/// changes of the loss, 1e-8 for ρ, and 0 for all others; of the final parameters, the largest
/// difference over the largest magnitude of each.
public struct TraceReplay: Sendable {
  /// The largest deviation; infinite where a figure is missing or no number.
  public let deviation: Double
  /// The figure with that deviation.
  public let figure: String
  /// Its step, counted from 1; `nil` for the final parameters.
  public let step: Int?
  /// The number of figures compared.
  public let comparisons: Int

  /// Where the largest deviation is, in words.
  public var place: String { step.map { "\(figure) at step \($0)" } ?? "final \(figure)" }

  /// Replays a trace in double precision.
  ///
  /// - Throws: ``TraceError`` where the trace cannot be replayed, and what a step throws.
  public init(_ trace: ReferenceTrace) throws {
    let problem = try ReferenceProblem(trace)
    let method = try Method(reference: trace.optimizer)
    var worst = Worst()
    var parameters = problem.parameters
    var optimizer = try Optimizer(method, for: parameters)
    for (index, expected) in trace.steps.enumerated() {
      let before = parameters
      let report = try optimizer.step(&parameters, on: problem.objective(on: trace.batches[index]))
      let figures = Self.figures(report, method, from: before, to: parameters)
      for (name, reference) in expected.sorted(by: { $0.key < $1.key }) {
        guard !Self.isIgnored(name), let reference else { continue }
        guard let ours = figures[name] else {
          throw TraceError.unsupported("the figure '\(name)'")
        }
        let floor = Self.floor(name, loss: report.loss)
        let deviation = ours.map { abs($0 - reference) / max(abs(reference), floor) }
        worst.note(ours == reference ? 0 : deviation ?? .infinity, name, index + 1)
      }
    }
    for (name, values) in problem.named(parameters) {
      guard let reference = trace.finalParameters[name]?.values else { continue }
      let scale = reference.map(abs).max() ?? 0
      let difference = zip(values, reference).map { abs($0 - $1) }.reduce(0) {
        $1.isNaN ? .infinity : max($0, $1)
      }
      worst.note(difference == 0 ? 0 : difference / scale, name, nil)
    }
    deviation = worst.deviation
    figure = worst.figure
    step = worst.step
    comparisons = worst.count
  }

  /// A step's figures under the names of the traces; `nil` is a figure that has no value.
  private static func figures(
    _ report: StepReport, _ method: Method, from before: FlatVector, to after: FlatVector
  ) -> [String: Double?] {
    var updateNorm: Double? = report.updateNorm
    if method.weightDecay.rate != 0 {
      // The reference's update includes the decay.
      var difference = before
      difference.formLinearCombination(1, after, -1, before)
      updateNorm = difference.norm
    }
    return [
      "loss": report.loss, "learning_rate": report.learningRate,
      "lr_curvature": report.curvature, "grad_direction_product": report.slope,
      "gradient_norm": report.gradientNorm, "update_norm": updateNorm,
      "envelope_factor": report.envelope, "true_change": report.trueChange,
      "model_change": report.predictedChange, "rho": report.reductionRatio,
      // The figures of K-FAC's traces have names of their own, and λ is that of the step.
      "damping": method.direction is KFAC ? report.damping : report.nextDamping,
      "momentum": report.momentum, "new_loss": report.newLoss,
      "quad_model_change": report.predictedChange,
      "scaled_grad_norm_sq": report.scaledGradientSquaredNorm,
    ]
  }

  private static func isIgnored(_ name: String) -> Bool {
    ["batch_size", "data_seen", "precon_damping", "step"].contains(name)
  }

  private static func floor(_ name: String, loss: Double) -> Double {
    switch name {
    case "true_change", "model_change", "quad_model_change": 1e-8 * abs(loss)
    case "rho": 1e-8
    default: 0
    }
  }

  private struct Worst {
    var deviation = -1.0
    var figure = ""
    var step: Int?
    var count = 0

    mutating func note(_ deviation: Double, _ figure: String, _ step: Int?) {
      count += 1
      let deviation = deviation.isNaN ? .infinity : deviation
      if deviation > self.deviation {
        (self.deviation, self.figure, self.step) = (deviation, figure, step)
      }
    }
  }
}
