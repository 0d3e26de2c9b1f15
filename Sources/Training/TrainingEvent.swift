import AdamQLR

/// What happens in a training run.
public enum TrainingEvent: Sendable {
  /// A step was made.
  case step(StepReport)
  /// An epoch is over.
  case epoch(EpochReport)
}

/// Whether a run goes on.
public enum Continuation: Sendable {
  /// It goes on.
  case goOn
  /// It ends here.
  case stop
}

/// An epoch in figures.
public struct EpochReport: Sendable {
  /// Its number, from 1.
  public var number: Int
  /// The number of steps made so far.
  public var step: Int
  /// The mean of its batches' losses, each before its step, weighted by their sizes.
  public var trainingLoss: Double
  /// The score on the validation examples after it.
  public var validation: Score?
  /// Its last step.
  public var last: StepReport
  /// The time of all steps so far, evaluation aside.
  public var seconds: Double
}

/// What came out of a training run.
public struct TrainingSummary: Sendable {
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
  /// How often each thing out of the ordinary happened.
  public var events: [String: Int]
}
