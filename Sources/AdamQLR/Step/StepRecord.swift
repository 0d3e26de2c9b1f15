/// What the stages of a step hand on, kept for the report that is made of it at the end.
struct StepRecord {
  /// The number of the step, counted from 0.
  let step: Int
  /// λ.
  let damping: Double
  /// Whether the learning rate weighs the slope along the direction of the step before.
  let isPreviousReported: Bool
  var head: Head?
  var model: QuadraticModel?
  var choice: Choice?
  var outcome: Outcome?
  var events: StepEvents = []

  /// What is known before the step's length.
  struct Head {
    /// f(θ), on the step's batch.
    var loss: Double
    /// The products of g and d.
    var products: DirectionProducts
    /// α²·gᵀd before the norm constraint, where there is one.
    var scaledGradientSquaredNorm: Double?
    /// What g says about the direction of the step before.
    var previous: QuadraticModel.PreviousDirection?
  }

  /// The length of the step.
  struct Choice {
    /// The step.
    var planned: PlannedStep
    /// μ; `nil` where the method has no momentum.
    var momentum: Double?
    /// ‖u‖ before the envelope.
    var updateNorm: Double
    /// The envelope's factor.
    var envelope: Double
    /// The rules, as they are after the step.
    var learningRate: any LearningRate
    var momentumRule: any Momentum
  }

  /// What came of it.
  struct Outcome {
    /// What the quadratic model predicts, where the damping says so.
    var predictedChange: Double?
    /// The loss after it, where that was evaluated, and by how much it changed.
    var newLoss: Double?
    var trueChange: Double?
    var reductionRatio: Double?
    var verdict = Verdict.accepted
    /// The rules, as they are after the step; `nil`: as before.
    var damping: (any Damping)?
    var acceptance: (any Acceptance)?
  }

  /// The report.
  ///
  /// - Parameter nextDamping: λ of the next step.
  func report(nextDamping: Double) -> StepReport {
    let products = head?.products
    return StepReport(
      step: step + 1, loss: head?.loss ?? .nan,
      gradientNorm: products?.gradientDotGradient.squareRoot() ?? .nan,
      directionNorm: products?.directionDotDirection.squareRoot() ?? .nan,
      slope: model?.slope ?? products?.gradientDotDirection ?? .nan,
      previousSlope: isPreviousReported ? head?.previous?.slope : nil,
      curvature: choice?.planned.model.dampedCurvature?.dd,
      learningRate: choice?.planned.learningRate ?? .nan,
      appliedLearningRate: choice.map { -$0.planned.x * (products?.stepSize ?? 1) },
      momentum: choice?.momentum,
      scaledGradientSquaredNorm: head?.scaledGradientSquaredNorm,
      updateNorm: choice?.updateNorm ?? 0, envelope: choice?.envelope ?? 1, damping: damping,
      nextDamping: nextDamping, newLoss: outcome?.newLoss, trueChange: outcome?.trueChange,
      predictedChange: outcome?.predictedChange, reductionRatio: outcome?.reductionRatio,
      events: events)
  }
}

/// That a step cannot go on: it is taken back.
struct Breakdown: Error {
  let event: StepEvents

  init(_ event: StepEvents) { self.event = event }

  /// Fails with `event` unless something holds.
  static func unless(_ holds: Bool, _ event: StepEvents) throws(Breakdown) {
    if !holds { throw Breakdown(event) }
  }
}
