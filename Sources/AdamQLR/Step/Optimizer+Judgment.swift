/// The candidate and its judgment: the predicted and the true change of the loss, what is accepted,
/// the next λ.
extension Optimizer {
  /// Whether the loss after this step is evaluated.
  var needsNewLoss: Bool {
    method.acceptance.isUsed || state.damping.needs(at: state.step).contains(.newLoss)
  }

  /// The share of θ that decays, before the loss is evaluated anew or after that.
  func decay(
    _ choice: StepRecord.Choice, _ products: DirectionProducts
  ) -> (before: Double, after: Double) {
    let rule = method.weightDecay
    let decay =
      rule.isScaledByLearningRate
      ? rule.rate * abs(choice.planned.x) * products.stepSize : rule.rate
    return rule.isJudged || !needsNewLoss ? (decay, 0) : (0, decay)
  }

  /// What the model predicts for the step, where the damping says so.
  func predict<L: Linearization<Vector>>(
    _ choice: StepRecord.Choice, at linearization: L
  ) throws -> StepRecord.Outcome {
    var planned = choice.planned
    if state.damping.needs(at: state.step).contains(.directionCurvature) {
      planned.directionCurvature = try directionCurvature(planned, at: linearization)
    }
    return StepRecord.Outcome(predictedChange: state.damping.predictedChange(planned))
  }

  /// uᵀĈu with the direction's own curvature, the regularization's included.
  private func directionCurvature<L: Linearization<Vector>>(
    _ planned: PlannedStep, at linearization: L
  ) throws -> Double {
    let (x, y) = (planned.x, planned.y)
    var (update, factor) = (workspace.direction, x * x)
    if let velocity = state.velocity {
      factor = 1
      update.formLinearCombination(
        x, workspace.direction, planned.model.hasVelocity ? y : 0, velocity)
    }
    guard
      let product = try method.direction.curvature(
        along: update, from: state.direction, to: workspace.directionState, at: linearization)
    else { throw OptimizerError.directionCurvatureUnavailable }
    return factor * product + method.weightDecay.l2 * planned.model.gram(x, y)
  }

  /// Forms the parameters after the step.
  ///
  /// - Returns: Tells whether they are finite, where a device is still to say so.
  mutating func move(
    _ parameters: Vector, _ choice: StepRecord.Choice, _ decay: Double
  ) throws(Breakdown) -> Deferred<Bool>? {
    let planned = choice.planned
    let isFused = decayRanges == nil
    var isFinite = workspace.move(
      from: parameters, isFused ? 1 - decay : 1, planned.x, planned.y,
      planned.model.hasVelocity ? state.velocity : nil)
    if decay != 0, !isFused {
      isFinite = workspace.decay(parameters, by: decay, in: decayRanges) && isFinite
    }
    let check = workspace.candidate.deferredFiniteness()
    try Breakdown.unless(
      isFinite && planned.learningRate.isFinite && planned.y.isFinite, .nonFiniteUpdate)
    return check
  }

  /// Evaluates the loss at the candidate, and lets acceptance and damping judge the step.
  func judge<L: Linearization<Vector>>(
    _ source: L, _ choice: StepRecord.Choice, _ decay: Double,
    _ outcome: inout StepRecord.Outcome, _ record: inout StepRecord, _ isFinite: Deferred<Bool>?
  ) throws {
    let (planned, candidate) = (choice.planned, workspace.candidate)
    let displacement =
      needsCurvature && decay == 0
      ? Displacement(
        along: directions(planned.model),
        by: planned.model.hasVelocity ? [planned.x, planned.y] : [planned.x]) : nil
    let newLoss =
      try source.loss(at: candidate, displacement: displacement) + regularization(at: candidate)
    outcome.newLoss = newLoss
    record.outcome = outcome
    try Breakdown.unless(isFinite?.value ?? true, .nonFiniteUpdate)
    try Breakdown.unless(newLoss.isFinite, .nonFiniteLoss)
    let change = newLoss - planned.model.loss
    var (acceptance, damping) = (state.acceptance, state.damping)
    outcome.trueChange = change
    outcome.verdict = acceptance.verdict(on: planned, trueChange: change)
    let adaptation = damping.adapt(
      to: Judgment(
        step: planned, newLoss: newLoss, predictedChange: outcome.predictedChange,
        isRejected: outcome.verdict != .accepted))
    outcome.reductionRatio = adaptation.reductionRatio
    (outcome.acceptance, outcome.damping) = (acceptance, damping)
    record.outcome = outcome
    record.events.formUnion(adaptation.events)
    if outcome.verdict != .accepted { record.events.insert(.rejected) }
  }
}
