import AdamQLRNetworks
import Tasks

import AdamQLR

/// What happens in a training run.
public enum TrainingEvent: Sendable {
  /// A step was made.
  case step(StepReport)
  /// Epochs are over, as many as lie between two evaluations.
  case epoch(EpochReport)
  /// The run has diverged, as the last steps show, and is at its end.
  case diverged(StepReport, Divergence)
}

/// Whether a run goes on.
public enum Continuation: Sendable {
  /// It goes on.
  case goOn
  /// It ends here.
  case stop
}

/// The epochs since the evaluation before, in figures.
public struct EpochReport: Sendable {
  /// The number of the last of them, from 1.
  public var number: Int
  /// The number of steps made so far.
  public var step: Int
  /// The mean of their batches' losses, each before its step, weighted by their sizes.
  public var trainingLoss: Double
  /// The score on the validation examples after them.
  public var validation: Score?
  /// The score on the test examples after them.
  public var test: Score?
  /// Their last step.
  public var last: StepReport
  /// The time of all steps so far, evaluation aside.
  public var seconds: Double
  /// Whether the validation loss is below that of every evaluation before.
  public var isLowest = false
  /// How the run ended early with this evaluation, if it did.
  public var earlyStop: EarlyStop?
}

/// What came out of a training run.
public struct TrainingSummary: Codable, Sendable {
  /// The score on the training examples at the end.
  public var training: Score
  /// The score on the validation examples.
  public var validation: Score?
  /// The score on the test examples.
  public var test: Score?
  /// The number of steps made.
  public var steps: Int
  /// The time they took, evaluation aside.
  public var seconds: Double
  /// Whether the run came to its end, rather than being stopped.
  public var isComplete: Bool
  /// How the run diverged, if it did.
  public var divergence: Divergence?
  /// How often each thing out of the ordinary happened.
  public var events: [String: Int]
  /// The evaluations along the run, the one with the lowest validation loss among them; `nil` of a run
  /// of an earlier version.
  public var curve: LearningCurve?
  /// The scores of the weights with the lowest validation loss; `nil` where there are no validation
  /// examples, or no evaluation on them was finite.
  public var best: BestScores?
  /// How the run was stopped early, if it was; it is complete then.
  public var earlyStop: EarlyStop?
  /// How good predictions are in the words and units of the task, with the weights that the settings
  /// say; `nil` of texts, and in a run of an earlier version.
  public var metrics: FinalMetrics?
}

/// How good predictions are at the end of a run.
public struct FinalMetrics: Hashable, Codable, Sendable {
  /// The part of the examples that they are of: those that test, else those that validate, else those
  /// that train.
  public var part: Part
  /// With which weights.
  public var weights: Weights.Choice
  /// The metrics.
  public var values: TaskMetrics

  /// A part of the examples.
  public enum Part: String, Codable, Sendable {
    case training, validation, test
  }
}

/// The scores of the weights with the lowest validation loss of any evaluation, of equals the first.
public struct BestScores: Hashable, Codable, Sendable {
  /// The number of the epoch that they come from, from 1.
  public var epoch: Int
  /// The number of steps made before.
  public var step: Int
  /// The score on the training examples.
  public var training: Score
  /// The score on the validation examples.
  public var validation: Score
  /// The score on the test examples.
  public var test: Score?
}

extension LearningCurve.Evaluation {
  /// The evaluation that ends these epochs.
  init(_ report: EpochReport) {
    self.init(
      epoch: report.number, step: report.step, seconds: report.seconds,
      trainingLoss: report.trainingLoss, validation: report.validation, test: report.test)
  }
}
