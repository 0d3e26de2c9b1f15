import AdamQLR

/// How far a run has come, and what it has seen on its way.
struct Progress: Codable, Sendable {
  /// The number of steps made.
  var step = 0
  /// The time that they took.
  var seconds = 0.0
  /// The step after which an evaluation is due.
  var unevaluated: StepReport?
  /// How the run was seen to have diverged.
  private(set) var divergence: Divergence?
  /// How often each thing out of the ordinary happened.
  private(set) var events: [String: Int] = [:]
  /// The evaluations.
  private(set) var curve = LearningCurve()

  private var lossSum = 0.0
  private var exampleCount = 0
  private var firstLoss: Double?
  private var explodedSteps = 0
  private var lastSound: StepReport?

  /// The number of exploded steps in a row that make a run diverged: one may be a batch's doing.
  private static let patience = 10

  /// The mean of the batches' losses since the last evaluation, weighted by their sizes.
  var meanLoss: Double { lossSum / Double(exampleCount) }

  /// Notes a step.
  ///
  /// - Parameters:
  ///   - count: The size of its batch.
  ///   - factor: How many times the first loss (at least 1) is too much; `nil`: nothing is.
  mutating func note(_ report: StepReport, count: Int, factor: Double?) {
    lossSum += report.loss * Double(count)
    exampleCount += count
    if !report.events.isEmpty {
      for name in report.events.names { events[name, default: 0] += 1 }
    }
    guard let factor else { return }
    let first = firstLoss ?? report.loss
    firstLoss = first
    let isExploded =
      !(report.loss <= factor * max(first, 1)) || !report.events.isDisjoint(with: .nonFinite)
    guard isExploded else {
      explodedSteps = 0
      lastSound = report
      return
    }
    explodedSteps += 1
    guard explodedSteps >= Self.patience else { return }
    divergence = Divergence(step: step, loss: report.loss, cause: lastSound)
  }

  /// Notes an evaluation, and starts to gather losses anew.
  mutating func note(_ evaluation: LearningCurve.Evaluation) {
    curve.append(evaluation)
    unevaluated = nil
    lossSum = 0
    exampleCount = 0
  }
}

/// How a run diverged.
public struct Divergence: Codable, Sendable {
  /// The step at which it was given up.
  public var step: Int
  /// The loss before that step.
  public var loss: Double
  /// The last step before losses exploded; `nil` where they were so from the start.
  public var cause: StepReport?
}
