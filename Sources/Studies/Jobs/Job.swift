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
  /// Where the run pauses, to go on with another job; `nil`: it goes on to its end.
  public var pause: Pause?
  /// About how many points along the run its ``RunCurve`` shall have; `nil`: there is none.
  public var curvePoints: Int?
  /// Whether the files of a run that is over are wanted.
  public var keepsFiles: Bool

  /// How much of a run is made before it pauses.
  public enum Pause: Codable, Hashable, Sendable {
    /// A number of steps.
    case steps(Int)
    /// A number of epochs.
    case epochs(Int)
    /// A time in seconds of steps, evaluation aside.
    case seconds(Double)
  }

  /// A job.
  public init(
    settings: String, directory: String, pause: Pause? = nil, curvePoints: Int? = nil,
    keepsFiles: Bool = true
  ) {
    self.settings = settings
    self.directory = directory
    self.pause = pause
    self.curvePoints = curvePoints
    self.keepsFiles = keepsFiles
  }
}

/// How a job ended that was not made impossible.
public enum JobEnd: Hashable, Codable, Sendable {
  /// The run is over.
  case finished(RunOutcome)
  /// The run has come to where it shall pause, with the figures there.
  case paused(RunOutcome)
  /// It was stopped before.
  case stopped
}

/// What is said of a job while it is made.
enum JobMessage: Codable {
  /// The part of it that is behind.
  case progress(Double)
  /// It has ended.
  case ended(JobEnd)
  /// It cannot be made, with the complaint.
  case failed(String)
}

extension Job {
  /// Makes the run, or what is left of it, up to where it pauses.
  ///
  /// - Parameters:
  ///   - report: Is told several times a second which part of the run is behind.
  ///   - goesOn: Is asked after every step.
  /// - Returns: What came of it.
  /// - Throws: What makes the run impossible.
  public func make(
    reporting report: (Double) -> Void = { _ in }, while goesOn: () -> Bool = { true }
  ) throws -> JobEnd {
    let clock = ContinuousClock()
    let start = clock.now
    var reported = start
    let settings = try Settings(yaml: settings, from: directory)
    let existing = try? RunDirectory(existing: directory)
    let run =
      try existing.map { try TrainingRun(resuming: $0, settings) }
      ?? TrainingRun(settings, in: directory)
    let totalSteps = run.trainer.totalSteps
    let summary = try run.run(
      while: { isBehind($0) ? false : goesOn() },
      { event in
        let now = clock.now
        if case .step(let step) = event, (now - reported).seconds > 0.25 {
          reported = now
          let ofSteps = totalSteps.map { Double(step.step) / Double(max($0, 1)) }
          let ofSeconds = settings.seconds.map { run.trainer.seconds / $0 }
          report(min(max(ofSteps ?? 0, ofSeconds ?? 0), 1))
        }
      })
    let isOver = summary.isComplete || summary.divergence != nil
    guard isOver || isBehind(run.trainer) else { return .stopped }
    var outcome = RunOutcome(
      summary, examples: run.trainer.problem.training.count, curve: run.trainer.curve,
      wallSeconds: (clock.now - start).seconds)
    if let curvePoints, isOver {
      outcome.runCurve = RunCurve(
        run.trainer.curve, log: try? run.directory.log(), pointCount: curvePoints)
    }
    return isOver ? .finished(outcome) : .paused(outcome)
  }

  /// Whether a run has come to where it pauses.
  private func isBehind(_ trainer: Trainer) -> Bool {
    switch pause {
    case .steps(let count): trainer.step >= count
    case .epochs(let count): trainer.step >= count * trainer.stepsPerEpoch
    case .seconds(let count): trainer.seconds >= count
    case nil: false
    }
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
    trainingAccuracy = summary.training.accuracy
    validationAccuracy = summary.validation?.accuracy
    testAccuracy = summary.test?.accuracy
    note(curve)
  }
}
