import AdamQLR

/// What a run's log has figures of.
public enum Metric: Int, CaseIterable, Sendable {
  /// A batch's loss before the step.
  case trainingLoss
  /// The mean of the batches' losses since the evaluation before, weighted by their sizes.
  case meanTrainingLoss
  /// The loss on the validation examples.
  case validationLoss
  /// The loss on the test examples.
  case testLoss
  /// The batch's loss after the step, whether or not it was taken.
  case newLoss
  /// The share of validation examples classified correctly.
  case validationAccuracy
  /// The share of test examples classified correctly.
  case testAccuracy
  /// α.
  case learningRate
  /// μ.
  case momentum
  /// λ as the step used it.
  case damping
  /// ρ.
  case reductionRatio
  /// dᵀ(C+λI)d as α used it.
  case curvature
  /// gᵀd.
  case slope
  /// The true change of the batch's loss.
  case trueChange
  /// The change that the quadratic model predicts.
  case predictedChange
  /// The true change of the loss on another batch, drawn independently.
  case heldBackChange
  /// gᵀd′ with the direction d′ of the step before.
  case previousSlope
  /// ‖g‖.
  case gradientNorm
  /// ‖d‖.
  case directionNorm
  /// ‖u‖.
  case updateNorm
  /// What was out of the ordinary, as the bits of `StepEvents`; absent where nothing was.
  case events
  /// The time of all steps so far in seconds, evaluation aside.
  case seconds
  /// The first parameter, of a problem that has two.
  case positionX
  /// The second parameter, of a problem that has two.
  case positionY
  /// The rate that is applied, where it is another than α.
  case appliedLearningRate

  /// The name in the log, that of the paper's published implementation where it has one.
  public var tag: String {
    switch self {
    case .trainingLoss: "Loss/Training"
    case .meanTrainingLoss: "Loss/Training_Mean"
    case .validationLoss: "Loss/Validation"
    case .testLoss: "Loss/Test"
    case .newLoss: "Loss/After_Step"
    case .validationAccuracy: "Accuracy/Validation"
    case .testAccuracy: "Accuracy/Test"
    case .learningRate: "Adaptive/Learning_Rate"
    case .momentum: "Adaptive/Momentum"
    case .damping: "Adaptive/Damping"
    case .reductionRatio: "Adaptive/Rho"
    case .curvature: "Adaptive/Curvature"
    case .slope: "Adaptive/Slope"
    case .trueChange: "Adaptive/True_Change"
    case .predictedChange: "Adaptive/Predicted_Change"
    case .heldBackChange: "Adaptive/Held_Back_Change"
    case .previousSlope: "Adaptive/Previous_Slope"
    case .gradientNorm: "Norm/Gradient"
    case .directionNorm: "Norm/Direction"
    case .updateNorm: "Norm/Update"
    case .events: "Step/Events"
    case .seconds: "Time/Seconds"
    case .positionX: "Position/X"
    case .positionY: "Position/Y"
    case .appliedLearningRate: "Adaptive/Applied_Learning_Rate"
    }
  }
}

/// The metrics of one moment.
struct MetricRow {
  private(set) var values: [(metric: Metric, value: Double)] = []

  /// Adds a figure; `nil` and NaN say nothing and are left out.
  mutating func add(_ metric: Metric, _ value: Double?) {
    if let value, !value.isNaN { values.append((metric, value)) }
  }

  mutating func removeAll() { values.removeAll(keepingCapacity: true) }

  /// Adds a step's figures.
  mutating func add(_ report: StepReport) {
    add(.trainingLoss, report.loss)
    add(.learningRate, report.learningRate)
    if report.appliedLearningRate != report.learningRate {
      add(.appliedLearningRate, report.appliedLearningRate)
    }
    add(.momentum, report.momentum)
    add(.damping, report.damping)
    add(.reductionRatio, report.reductionRatio)
    add(.curvature, report.curvature)
    add(.slope, report.slope)
    add(.newLoss, report.newLoss)
    add(.trueChange, report.trueChange)
    add(.predictedChange, report.predictedChange)
    add(.heldBackChange, report.heldBackChange)
    add(.previousSlope, report.previousSlope)
    add(.gradientNorm, report.gradientNorm)
    add(.directionNorm, report.directionNorm)
    add(.updateNorm, report.updateNorm)
    if !report.events.isEmpty { add(.events, Double(report.events.rawValue)) }
  }

  /// Adds an evaluation's figures.
  mutating func add(_ report: EpochReport) {
    add(.meanTrainingLoss, report.trainingLoss)
    add(.validationLoss, report.validation?.loss)
    add(.validationAccuracy, report.validation?.accuracy)
    add(.testLoss, report.test?.loss)
    add(.testAccuracy, report.test?.accuracy)
    add(.seconds, report.seconds)
  }
}
