import Training

/// The figures of one run.
public struct RunOutcome: Hashable, Codable, Sendable {
  /// Whether the run diverged; its losses then count as infinite.
  public var hasDiverged = false
  /// The number of steps with a loss, gradient or curvature that was not finite.
  public var nonFiniteSteps = 0
  /// The number of examples that train.
  public var examples: Int
  /// The number of steps.
  public var steps: Int
  /// The training loss at the end.
  public var trainingLoss: Double
  /// The validation loss at the end.
  public var validationLoss: Double?
  /// The test loss at the end.
  public var testLoss: Double?
  /// The least mean of batches' losses between two evaluations.
  public var bestTrainingLoss: Double?
  /// The least validation loss of any evaluation: the *lowest*.
  public var bestValidationLoss: Double?
  /// The least test loss of any evaluation.
  public var bestTestLoss: Double?
  /// The test loss at the evaluation with the lowest validation loss, of equals at the first.
  public var testLossAtLowest: Double?
  /// The number of steps before that evaluation.
  public var lowestStep: Int?
  /// The evaluations along the run; `nil` in a result that is read back, since a row has no room for
  /// them.
  public var curve: LearningCurve?
  /// How the validation loss fell; `nil` where there is none, or no record of it.
  public var descent: Descent?
  /// What happened along the run, where that was asked for; `nil` in a result that is read back.
  public var runCurve: RunCurve?
  /// The share of training examples classified correctly; kept only beside a ``runCurve``.
  public var trainingAccuracy: Double?
  /// The share of validation examples classified correctly.
  public var validationAccuracy: Double?
  /// The share of test examples classified correctly.
  public var testAccuracy: Double?
  /// The time of the steps in seconds.
  public var seconds: Double
  /// The time of the whole run in seconds, reading data and evaluation included; of one that was
  /// interrupted, since it was resumed.
  public var wallSeconds: Double

  /// The figures of a run without validation or test examples.
  public init(
    examples: Int, steps: Int, trainingLoss: Double, seconds: Double, wallSeconds: Double
  ) {
    self.examples = examples
    self.steps = steps
    self.trainingLoss = trainingLoss
    self.seconds = seconds
    self.wallSeconds = wallSeconds
  }

  /// Notes the figures along the run.
  mutating func note(_ curve: LearningCurve) {
    func least(_ loss: (LearningCurve.Evaluation) -> Double?) -> Double? {
      curve.evaluations.compactMap(loss).filter { !$0.isNaN }.min()
    }
    bestTrainingLoss = least(\.trainingLoss)
    bestValidationLoss = least { $0.validation?.loss }
    bestTestLoss = least { $0.test?.loss }
    testLossAtLowest = curve.lowest?.test?.loss
    lowestStep = curve.lowest?.step
    self.curve = curve
    descent = Descent(curve)
  }

  /// The loss that a run is judged by: that on the validation examples, or on the test examples where
  /// there are no others, or else on those that train; infinite where the run diverged.
  public var judgedLoss: Double { counted(validationLoss ?? testLoss ?? trainingLoss) }

  /// A loss as it counts.
  func counted(_ loss: Double) -> Double { hasDiverged || !loss.isFinite ? .infinity : loss }

  /// Whether every number of the run was finite.
  public var isSound: Bool { !hasDiverged && nonFiniteSteps == 0 && judgedLoss.isFinite }
}
