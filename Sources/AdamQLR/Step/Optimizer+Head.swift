/// The head of a step: loss, gradient and direction.
extension Optimizer {
  /// Evaluates the objective and forms the direction.
  mutating func formHead<L: Linearization<Vector>>(
    _ linearization: L, at parameters: Vector, _ record: inout StepRecord
  ) throws -> StepRecord.Head {
    // What answers for the curvature may hold on to d.
    if needsCurvature { workspace.keepDirection() }
    try formGradient(linearization, at: parameters)
    var products = try advanceDirection(directionInput(linearization, at: parameters, record))
    let previous = startPrevious(at: parameters)
    if isCurvatureCertain {
      try linearization.prepareCurvatureProducts(
        of: [workspace.direction], method.model.curvature.matrix)
    }
    // Only here, because a device that computes it is waited for.
    let regularization = regularization(at: parameters)
    let loss = try linearization.loss + regularization
    record.events.formUnion(products.events)
    guard loss.isFinite else {
      record.head = StepRecord.Head(loss: loss, products: .unknown)
      throw Breakdown(.nonFiniteLoss)
    }
    clipDirection(&products)
    var head = StepRecord.Head(loss: loss, products: products)
    constrainNorm(method.learningRate.knownRate(at: state.step), &head)
    record.head = head
    try Breakdown.unless(head.products.areFinite, .nonFiniteGradient)
    head.previous = previous?.value
    record.head = head
    return head
  }

  /// What the direction may look at in this step.
  func directionInput(
    _ linearization: any Linearization<Vector>, at parameters: Vector, _ record: StepRecord
  ) -> DirectionInput<Vector> {
    DirectionInput(
      gradient: workspace.gradient, parameters: parameters, linearization: linearization,
      layout: layout, damping: record.damping, l2: method.weightDecay.l2,
      learningRate: method.learningRate.knownRate(at: state.step),
      previousGradientDotGradient: state.gradientDotGradient)
  }

  private mutating func advanceDirection(
    _ input: DirectionInput<Vector>
  ) throws -> DirectionProducts {
    workspace.directionState.step = state.direction.step + 1
    workspace.directionState.scalars = state.direction.scalars
    return try method.direction.advance(
      input, from: state.direction, to: &workspace.directionState,
      direction: &workspace.direction)
  }

  /// Goes on to what the direction remembers after the step.
  mutating func commitDirection(_ input: DirectionInput<Vector>) {
    method.direction.commit(input, &workspace.directionState, to: &state.direction)
    state.direction.step = workspace.directionState.step
    state.direction.scalars = workspace.directionState.scalars
  }

  /// ½w‖θ‖².
  func regularization(at point: Vector) -> Double {
    0.5 * method.weightDecay.l2 * dotIfRegularized(point, point)
  }

  func dotIfRegularized(_ a: Vector, _ b: Vector) -> Double {
    method.weightDecay.l2 == 0 ? 0 : a.dot(b)
  }

  /// Whether a step moves where d is 0: by v, or by decay, which may be multiplied by an α that is then
  /// unknown.
  var movesWithoutDirection: Bool {
    let rate = method.learningRate.knownRate(at: state.step) ?? 0
    let decays = !method.weightDecay.isScaledByLearningRate || rate != 0
    return decays && method.weightDecay.rate != 0
      || state.velocity.map { $0.dot($0) > 0 } ?? false
  }

  private mutating func formGradient<L: Linearization<Vector>>(
    _ linearization: L, at parameters: Vector
  ) throws {
    try linearization.formGradient(&workspace.gradient)
    guard workspace.gradient.count == parameters.count else {
      let found = workspace.gradient.count
      workspace.gradient = parameters.zeros()
      throw OptimizerError.gradientCountMismatch(expected: parameters.count, found: found)
    }
    let l2 = method.weightDecay.l2
    if l2 != 0 { workspace.gradient.add(parameters, scaledBy: l2, in: nil) }
    guard let limit = method.clipping.gradientNorm else { return }
    let norm = workspace.gradient.norm
    if norm > limit, norm.isFinite { workspace.gradient.scale(by: limit / norm) }
  }

  private mutating func clipDirection(_ products: inout DirectionProducts) {
    guard let limit = method.clipping.directionElement else { return }
    workspace.direction.clamp(to: -limit...limit)
    var clipped = workspace.gradient.products(withDirection: workspace.direction)
    clipped.stepSize = products.stepSize
    // Of a square that overflowed in a moment the direction shows nothing.
    if products.gradientDotGradient.isInfinite { clipped.gradientDotGradient = .infinity }
    products = clipped
  }

  /// Scales the direction to α²·gᵀd ≤ c.
  private mutating func constrainNorm(_ rate: Double?, _ head: inout StepRecord.Head) {
    guard let limit = method.clipping.normConstraint, let rate else { return }
    let norm = rate * rate * head.products.gradientDotDirection
    head.scaledGradientSquaredNorm = norm
    guard norm > limit, norm.isFinite else { return }
    let factor = (limit / norm).squareRoot()
    workspace.direction.scale(by: factor)
    head.products.gradientDotDirection *= factor
    head.products.directionDotDirection *= factor * factor
  }

  /// Begins to compute the slope along the direction of the step before, where α looks at it.
  private func startPrevious(
    at parameters: Vector
  ) -> Deferred<QuadraticModel.PreviousDirection>? {
    guard let previous = state.previousDirection, let squaredNorm = state.previousSquaredNorm
    else { return nil }
    let (slope, rate) = (workspace.gradient.deferredDot(previous), state.previousRate)
    // The gradient of what the direction descends, where that is more than the loss.
    let isOfMove = method.learningRate.needs.contains(.previousMove)
    let l2 = isOfMove ? method.direction.l2 : 0
    let shift = l2 == 0 ? 0 : l2 * parameters.dot(previous)
    return Deferred { .init(slope: slope.value + shift, squaredNorm: squaredNorm, rate: rate) }
  }

  /// Whether the next question about the curvature is known as soon as the direction is.
  private var isCurvatureCertain: Bool {
    needsCurvature && method.model.batch == .own && state.velocity == nil
      && method.clipping.directionElement == nil && method.clipping.normConstraint == nil
  }
}

extension DirectionProducts {
  /// Those of a step that broke down before.
  fileprivate static let unknown = DirectionProducts(
    gradientDotDirection: .nan, directionDotDirection: .nan, gradientDotGradient: .nan)
}
