import AdamQLRNetworks

/// The evaluations along a run, in their order: its learning curve.
///
///     let summary = try run.run { _ in .goOn }
///     let curve = summary.curve ?? LearningCurve()
///     print(curve.lowest?.validation?.loss, curve.lowest?.test?.loss, curve.lowest?.step)
///     print(curve.first(withValidationLossAtMost: 0.1)?.seconds)
///
/// It is part of a run's checkpoints, so it is whole also after an interruption, to the last bit but
/// for times. As JSON it is an array of evaluations.
public struct LearningCurve: Hashable, Sendable {
  /// What an evaluation found.
  public struct Evaluation: Hashable, Codable, Sendable {
    /// The number of the epoch that it came after or in, from 1.
    public var epoch: Int
    /// The number of steps made before it.
    public var step: Int
    /// The time of these steps in seconds, evaluations aside.
    public var seconds: Double
    /// The mean of the batches' losses since the evaluation before, each before its step, weighted by
    /// their sizes.
    public var trainingLoss: Double
    /// The score on the validation examples, where there are any.
    public var validation: Score?
    /// The score on the test examples, where there are any.
    public var test: Score?

    /// An evaluation.
    public init(
      epoch: Int, step: Int, seconds: Double, trainingLoss: Double, validation: Score? = nil,
      test: Score? = nil
    ) {
      self.epoch = epoch
      self.step = step
      self.seconds = seconds
      self.trainingLoss = trainingLoss
      self.validation = validation
      self.test = test
    }
  }

  /// The evaluations.
  public private(set) var evaluations: [Evaluation] = []
  private var lowestIndex: Int?

  /// The curve of some evaluations.
  ///
  /// - Parameter evaluations: In their order. Default: none.
  public init(_ evaluations: [Evaluation] = []) {
    for evaluation in evaluations { append(evaluation) }
  }

  /// The evaluation with the lowest validation loss, of equals the first; `nil` where there is none
  /// with a finite one.
  public var lowest: Evaluation? { lowestIndex.map { evaluations[$0] } }

  /// The number of evaluations since ``lowest``, or of all where there is none.
  public var countSinceLowest: Int { evaluations.count - 1 - (lowestIndex ?? -1) }

  /// The first evaluation with a validation loss of at most `bound`: its steps and seconds are those
  /// to that loss, to the grain of the evaluations.
  public func first(withValidationLossAtMost bound: Double) -> Evaluation? {
    evaluations.first { $0.validation.map { $0.loss <= bound } ?? false }
  }

  /// Adds the latest evaluation.
  mutating func append(_ evaluation: Evaluation) {
    evaluations.append(evaluation)
    guard let loss = evaluation.validation?.loss, loss.isFinite,
      loss < lowest?.validation?.loss ?? .infinity
    else { return }
    lowestIndex = evaluations.count - 1
  }
}

extension LearningCurve: Codable {
  public init(from decoder: any Decoder) throws {
    self.init(try decoder.singleValueContainer().decode([Evaluation].self))
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(evaluations)
  }
}
