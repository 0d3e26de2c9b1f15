/// How far a step goes: the quadratic model where the method needs it, α, μ, and their limits.
extension Optimizer {
  /// Whether something asks for C on the plane of this step. With a velocity the slope along the plane
  /// has dᵀCv in it, which no memory of dᵀCd stands for.
  var needsCurvature: Bool {
    state.learningRate.needs(at: state.step).contains(.curvature) || method.momentum.needsCurvature
      || state.damping.needs(at: state.step).contains(.curvature)
      || state.velocity != nil && state.learningRate.needs.contains(.curvature)
  }

  /// The directions of the plane in which a step lies.
  func directions(_ model: QuadraticModel) -> [Vector] {
    guard model.hasVelocity, let velocity = state.velocity else { return [workspace.direction] }
    return [workspace.direction, velocity]
  }

  /// Makes the quadratic model of the step.
  ///
  /// - Returns: What it was measured on.
  func measure<O: Objective<Vector>>(
    _ linearization: O.Linearized, _ independent: O?, at parameters: Vector,
    _ record: inout StepRecord
  ) throws -> O.Linearized {
    guard let head = record.head else { return linearization }
    var model = QuadraticModel(
      step: state.step, loss: head.loss, slope: head.products.gradientDotDirection,
      squaredNorm: head.products.directionDotDirection, damping: record.damping,
      ulpOfOne: parameters.ulpOfOne)
    model.previous = head.previous
    model.isJoint = method.momentum.isJoint
    model.hasRateFromModel = method.learningRate.needs.contains(.curvature)
    model.knownMomentum = state.momentum.knownMomentum(at: state.step) ?? 0
    if let velocity = state.velocity { add(velocity, to: &model) }
    var source = linearization
    if method.model.batch == .independent {
      guard let independent else { throw OptimizerError.independentBatchMissing }
      source = try independent.linearize(at: parameters)
      try measure(source, at: parameters, &model)
      record.model = model
      try Breakdown.unless(
        model.slope.isFinite && model.velocitySlope.isFinite, .nonFiniteGradient)
      try Breakdown.unless(model.loss.isFinite, .nonFiniteLoss)
    }
    if needsCurvature {
      let curvature = PlaneForm(
        try source.curvatureProducts(of: directions(model), method.model.curvature.matrix)
      ).adding(model.gram, scaledBy: method.weightDecay.l2)
      model.curvature = curvature
      record.model = model
      try Breakdown.unless(curvature.isFinite, .nonFiniteCurvature)
    }
    record.model = model
    return source
  }

  /// Notes the products with v, unless v is 0.
  private func add(_ velocity: Vector, to model: inout QuadraticModel) {
    model.gram.vv = velocity.dot(velocity)
    guard model.gram.vv > 0 else { return }
    model.hasVelocity = true
    model.gram.dv = workspace.direction.dot(velocity)
    model.velocitySlope = workspace.gradient.dot(velocity)
  }

  /// Takes slopes and loss from a batch of its own.
  private func measure<L: Linearization<Vector>>(
    _ source: L, at parameters: Vector, _ model: inout QuadraticModel
  ) throws {
    let l2 = method.weightDecay.l2
    let slopes = try source.slopes(along: directions(model))
    model.isIndependent = true
    model.slope = slopes[0] + l2 * dotIfRegularized(parameters, workspace.direction)
    if model.hasVelocity, let velocity = state.velocity {
      model.velocitySlope = slopes[1] + l2 * dotIfRegularized(parameters, velocity)
    }
    model.loss = try source.loss + regularization(at: parameters)
  }

  /// Chooses α and μ, and what limits leave of the step.
  func choose(_ record: inout StepRecord) throws(Breakdown) -> StepRecord.Choice {
    guard var model = record.model else { throw Breakdown(.nonFiniteUpdate) }
    var (rateRule, momentumRule) = (state.learningRate, state.momentum)
    let isMeasured = model.gram.dd > 0
    if isMeasured, let c = model.curvature, method.model.curvature != .saddleFreeHessian,
      // Before any memory, which may hide it.
      c.dd + model.damping * model.gram.dd <= 0
    {
      record.events.insert(.negativeCurvature)
    }
    // Along d = 0 there is nothing that a rate could be chosen by.
    let rate = isMeasured ? rateRule.rate(&model) : rateRule.knownRate(at: model.step) ?? 0
    if model.dampedCurvature == nil { model.damp() }
    try Breakdown.unless(model.dampedCurvature?.isFinite ?? true, .nonFiniteCurvature)
    if isMeasured, model.slope <= 0 { record.events.insert(.ascentDirection) }
    let momentum: Double? =
      momentumRule.isUsed
      ? momentumRule.knownMomentum(at: model.step)
        ?? momentumRule.momentum(model, learningRate: rate) : nil
    let norm = updateNorm(model, rate, momentum ?? 0)
    let limit = method.clipping.updateNorm.flatMap { norm > $0 ? $0 : nil }
    let envelope = method.envelope?.factor(at: model.step) ?? 1
    let choice = StepRecord.Choice(
      planned: PlannedStep(
        model: model, learningRate: rate, momentum: momentum ?? 0,
        scale: (limit.map { $0 / norm } ?? 1) * envelope),
      momentum: momentum, updateNorm: limit ?? norm, envelope: envelope,
      learningRate: rateRule, momentumRule: momentumRule)
    record.choice = choice
    return choice
  }

  /// ‖−αd + μv‖.
  private func updateNorm(_ model: QuadraticModel, _ rate: Double, _ momentum: Double) -> Double {
    let momentum = model.hasVelocity ? momentum : 0
    return momentum == 0
      ? abs(rate) * model.gram.dd.squareRoot() : max(model.gram(-rate, momentum), 0).squareRoot()
  }
}
