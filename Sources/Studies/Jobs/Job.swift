import AdamQLR
import AdamQLRNetworks
import Foundation
import Training

/// A run that can be made anywhere: its settings, the directory of its data among them, and where its
/// files are while it is made. What comes of it is a ``RunOutcome``, a value.
public struct Job: Codable, Hashable, Sendable {
  /// The settings as YAML.
  public var settings: String
  /// The run's directory. A run that is there goes on.
  public var directory: String

  /// A job.
  public init(settings: String, directory: String) {
    self.settings = settings
    self.directory = directory
  }
}

/// What the process that makes a job says of it, a line of JSON each.
enum JobMessage: Codable {
  /// The part of the run that is behind.
  case progress(Double)
  /// The run is over.
  case finished(RunOutcome)
  /// It was stopped before its end.
  case stopped
  /// It cannot be made, with the complaint.
  case failed(String)
}

extension Job {
  /// Makes the run, or what is left of it.
  ///
  /// - Parameters:
  ///   - report: Is told several times a second which part of the run is behind.
  ///   - goesOn: Is asked after every step.
  /// - Returns: What came of it; `nil`: it was stopped.
  /// - Throws: What makes the run impossible.
  public func make(
    reporting report: (Double) -> Void = { _ in }, while goesOn: () -> Bool = { true }
  ) throws -> RunOutcome? {
    let clock = ContinuousClock()
    let start = clock.now
    var reported = start
    let settings = try Settings(yaml: settings, from: directory)
    let existing = try? RunDirectory(existing: directory)
    let run =
      try existing.map { try TrainingRun(resuming: $0, settings) }
      ?? TrainingRun(settings, in: directory)
    let totalSteps = run.trainer.totalSteps
    let summary = try run.run { event in
      let now = clock.now
      if case .step(let step) = event, (now - reported).seconds > 0.25 {
        reported = now
        let ofSteps = totalSteps.map { Double(step.step) / Double(max($0, 1)) }
        let ofSeconds = settings.seconds.map { (now - start).seconds / $0 }
        report(min(max(ofSteps ?? 0, ofSeconds ?? 0), 1))
      }
      return goesOn() ? .goOn : .stop
    }
    guard summary.isComplete || summary.divergence != nil else { return nil }
    return RunOutcome(
      summary, examples: run.trainer.problem.training.count, curve: run.trainer.curve,
      wallSeconds: (clock.now - start).seconds)
  }
}

extension RunOutcome {
  fileprivate init(
    _ summary: TrainingSummary, examples: Int, curve: LearningCurve, wallSeconds: Double
  ) {
    self.init(
      examples: examples, steps: summary.steps, trainingLoss: summary.training.loss,
      seconds: summary.seconds, wallSeconds: wallSeconds)
    hasDiverged = summary.divergence != nil
    nonFiniteSteps = StepEvents.nonFinite.names.reduce(0) { $0 + (summary.events[$1] ?? 0) }
    validationLoss = summary.validation?.loss
    testLoss = summary.test?.loss
    validationAccuracy = summary.validation?.accuracy
    testAccuracy = summary.test?.accuracy
    note(curve)
  }
}
