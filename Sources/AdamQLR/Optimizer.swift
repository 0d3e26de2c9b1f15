/// Runs a ``Method`` on an objective, step by step.
///
///     var parameters = [1.0, -1.0]
///     var optimizer = Optimizer(.adamQLR(batchesPerEpoch: 1), for: parameters)
///     for _ in 0..<100 {
///       let report = try optimizer.step(&parameters, on: objective)
///       print(report.loss, report.learningRate)
///     }
///
/// One step on a batch with parameters θ:
///
/// 1. Loss f and gradient g at θ; g is clipped.
/// 2. The direction d from g; d is clipped.
/// 3. The learning rate α and the momentum μ, with products of C+λI where the method needs them.
/// 4. u = −αd + μv, v the update before, clipped and scaled by the envelope; θ + u.
/// 5. Where the method needs it: f(θ + u), the reduction ratio ρ, the next λ, rejection.
/// 6. Decoupled weight decay.
///
/// Nothing is silent: ``StepReport/events`` names what was out of the ordinary. A step on which a
/// loss, the gradient or the curvature is not finite, or which would put a non-finite value into
/// the parameters, leaves the parameters and all state but λ as they were; λ is raised.
///
/// In memory the optimizer holds the direction's state twice, so that a step can be taken back
/// without a pass over memory, likewise v where there is momentum, the direction of the step before
/// where the learning rate looks at it, and three vectors of working space.
public struct Optimizer<Vector: ParameterVector>: Sendable {
  /// What is done.
  public let method: Method
  /// What is remembered between steps. Set it to go on from a saved state.
  public var state: OptimizerState<Vector>

  let decayRanges: [Range<Int>]?
  var gradient: Vector
  var direction: Vector
  var candidate: Vector
  var nextDirectionState: DirectionState<Vector>
  // u, which becomes v; made where the method has momentum.
  var nextVelocity: Vector?

  /// Makes an optimizer for parameters like these.
  ///
  /// - Parameters:
  ///   - method: What is done at each step.
  ///   - parameters: The parameters, of which only the layout matters here.
  ///   - layout: The parameters' names and roles; needed only where weight decay excludes some.
  public init(_ method: Method, for parameters: Vector, layout: ParameterLayout? = nil) {
    precondition(
      layout.map { $0.count == parameters.count } ?? true,
      "the layout has \(layout?.count ?? 0) elements, the parameters \(parameters.count)")
    method.checkPreconditions()
    self.method = method
    decayRanges = method.weightDecay.ranges(in: layout)
    state = OptimizerState(method, for: parameters)
    nextDirectionState = method.direction.makeState(for: parameters)
    gradient = parameters.zeros()
    direction = parameters.zeros()
    candidate = parameters.zeros()
    nextVelocity = state.velocity.map { _ in parameters.zeros() }
  }

  /// Makes one step.
  ///
  /// - Parameters:
  ///   - parameters: θ, updated in place.
  ///   - objective: The loss on this step's batch.
  ///   - independent: The loss on a second batch, for methods that draw α and ρ from one.
  /// - Returns: What happened.
  /// - Throws: What the objective throws, and ``OptimizerError``; parameters and state are then as
  ///   they were.
  @discardableResult
  public mutating func step<O: Objective<Vector>>(
    _ parameters: inout Vector, on objective: O, independent: O? = nil
  ) throws -> StepReport {
    guard parameters.count == direction.count else {
      throw OptimizerError.countMismatch(expected: direction.count, found: parameters.count)
    }
    let linearization = try objective.linearize(at: parameters)
    if case .schedule(let schedule) = method.damping {
      state.scalars.damping = schedule.value(at: state.step)
    }
    var report = StepReport(at: state, loss: .nan)
    if case .schedule(let schedule) = method.damping {
      report.nextDamping = schedule.value(at: state.step + 1)
    }

    // 1. and 2. The gradient and the direction.
    try linearization.formGradient(&gradient)
    guard gradient.count == parameters.count else {
      let found = gradient.count
      gradient = parameters.zeros()
      throw OptimizerError.gradientCountMismatch(expected: parameters.count, found: found)
    }
    if method.l2 != 0 { gradient.add(parameters, scaledBy: method.l2, in: nil) }
    clipGradient()
    nextDirectionState.step = state.direction.step + 1
    var products = try method.direction.advance(
      DirectionInput(
        gradient: gradient, parameters: parameters, linearization: linearization,
        damping: state.scalars.damping, l2: method.l2, learningRate: rateInAdvance,
        previousGradientDotGradient: state.scalars.gradientDotGradient),
      from: state.direction, to: &nextDirectionState, direction: &direction)
    let previousSlope = startPreviousSlope()
    if isCurvatureCertain {
      try linearization.prepareCurvatureProducts(of: [direction], curvature)
    }
    // Only here, because a device that computes it is waited for.
    let regularization = regularization(at: parameters)
    report.loss = try linearization.loss + regularization
    guard report.loss.isFinite else { return takeBack(&report, because: .nonFiniteLoss) }
    report.events.formUnion(products.events)
    if let limit = method.clipping.directionElement {
      direction.clamp(to: -limit...limit)
      let stepSize = products.stepSize
      products = gradient.products(withDirection: direction)
      products.stepSize = stepSize
    }
    constrainNorm(&products, &report)
    report.note(products)
    guard products.areFinite else { return takeBack(&report, because: .nonFiniteGradient) }
    if products.directionDotDirection == 0 {
      report.events.insert(.zeroDirection)
      advanceState(state.scalars, products)
      return report
    }

    // 3. The quadratic model, the learning rate and the momentum.
    var model = UpdateModel(products)
    if let slope = previousSlope?(), let squaredNorm = state.scalars.previousSquaredNorm {
      report.previousSlope = slope
      model.previousSlope = slope / squaredNorm
    }
    if let velocity = state.velocity { addVelocity(velocity, to: &model) }
    let source: O.Linearized
    if case .quadraticModel(let rule) = method.learningRate, rule.usesIndependentBatch {
      guard let independent else { throw OptimizerError.independentBatchMissing }
      source = try independent.linearize(at: parameters)
      let slopes = try source.slopes(along: directions(model))
      model.directionSlope = slopes[0] + method.l2 * dotIfRegularized(parameters, direction)
      if model.hasVelocity, let velocity = state.velocity {
        model.velocitySlope = slopes[1] + method.l2 * dotIfRegularized(parameters, velocity)
      }
      report.slope = model.directionSlope
      guard model.directionSlope.isFinite, model.velocitySlope.isFinite else {
        return takeBack(&report, because: .nonFiniteGradient)
      }
    } else {
      source = linearization
    }
    let sourceLoss =
      source === linearization ? report.loss : try source.loss + regularization
    guard sourceLoss.isFinite else { return takeBack(&report, because: .nonFiniteLoss) }
    var scalars = state.scalars
    if needsCurvature {
      let raw = PlaneForm(
        try source.curvatureProducts(of: directions(model), curvature)
      ).adding(model.gram, scaledBy: method.l2)
      let damped = dampedCurvature(raw, model, &scalars)
      guard raw.isFinite, damped.isFinite else {
        return takeBack(&report, because: .nonFiniteCurvature)
      }
      model.curvature = damped
      report.curvature = damped.dd
      // Before any memory, which may hide it.
      if raw.dd + scalars.damping * model.gram.dd <= 0, !isSaddleFree {
        report.events.insert(.negativeCurvature)
      }
    }
    chooseStep(model, &report, &scalars)

    // 4. The candidate.
    let clippedFactor = fitUpdate(model, &report)
    let scale = clippedFactor * report.envelope
    let (x, y) = (-report.learningRate * scale, (report.momentum ?? 0) * scale)
    let decay = decayFactor(report, products)
    let decaysFirst = method.quirks.contains(.unclippedPrediction) || !needsNewLoss
    let isFused = decaysFirst && decayRanges == nil
    var isFinite = formCandidate(parameters, isFused ? 1 - decay : 1, x, y, model)
    if decay != 0, decaysFirst, !isFused {
      isFinite = candidate.add(parameters, scaledBy: -decay, in: decayRanges) && isFinite
    }
    let isCandidateFinite = candidate.startFinitenessCheck()
    guard isFinite, report.learningRate.isFinite, y.isFinite else {
      return takeBack(&report, because: .nonFiniteUpdate)
    }

    // 5. Its judgment.
    try predictChange(model, x, y, at: linearization, &report)
    if needsNewLoss {
      let isDisplaced = needsCurvature && (decay == 0 || !decaysFirst)
      let offset = isDisplaced ? (model.hasVelocity ? [x, y] : [x]) : nil
      let newLoss =
        try source.loss(at: candidate, offset: offset) + self.regularization(at: candidate)
      report.newLoss = newLoss
      guard isCandidateFinite?() ?? true else {
        return takeBack(&report, because: .nonFiniteUpdate)
      }
      guard newLoss.isFinite else { return takeBack(&report, because: .nonFiniteLoss) }
      report.trueChange = newLoss - sourceLoss
      scalars.damping = nextDamping(&report, sourceLoss)
      report.nextDamping = scalars.damping
      if report.events.contains(.rejected) {
        if case .acceptOrReject = method.damping {
          state.step += 1
          state.scalars.damping = scalars.damping
        } else {
          advanceState(scalars, products)
          if case .hypergradient = method.learningRate {
            // θ did not move along d, so the next gradient has nothing to say about this α.
            state.previousDirection = state.previousDirection?.zeros()
          }
        }
        return report
      }
    } else {
      guard isCandidateFinite?() ?? true else {
        return takeBack(&report, because: .nonFiniteUpdate)
      }
    }

    // 6. Weight decay.
    if decay != 0, !decaysFirst {
      guard candidate.add(parameters, scaledBy: -decay, in: decayRanges),
        candidate.startFinitenessCheck()?() ?? true
      else {
        return takeBack(&report, because: .nonFiniteUpdate)
      }
    }
    swap(&parameters, &candidate)
    swap(&state.velocity, &nextVelocity)
    scalars.lastRate = -x
    advanceState(scalars, products)
    return report
  }

  /// Where what was learned is to be judged and used, if not at `parameters` themselves; see
  /// ``Direction/evaluationPoint(for:learningRate:in:)``.
  ///
  /// - Parameter parameters: The parameters after the last step.
  public func evaluationPoint(for parameters: Vector) -> Vector? {
    guard let rate = state.scalars.lastRate else { return nil }
    return method.direction.evaluationPoint(
      for: parameters, learningRate: rate, in: state.direction)
  }
}

extension Optimizer {
  /// ½w‖θ‖².
  private func regularization(at point: Vector) -> Double {
    0.5 * method.l2 * dotIfRegularized(point, point)
  }

  private func dotIfRegularized(_ a: Vector, _ b: Vector) -> Double {
    method.l2 == 0 ? 0 : a.dot(b)
  }

  /// Whether the next question about the curvature is known as soon as the direction is.
  private var isCurvatureCertain: Bool {
    if case .quadraticModel(let rule) = method.learningRate, rule.usesIndependentBatch {
      return false
    }
    return needsCurvature && state.velocity == nil && method.clipping.directionElement == nil
      && method.clipping.normConstraint == nil
  }

  private mutating func clipGradient() {
    guard let limit = method.clipping.gradientNorm else { return }
    let norm = gradient.norm
    if norm > limit, norm.isFinite { gradient.scale(by: limit / norm) }
  }

  /// The directions of the plane in which the step lies.
  private func directions(_ model: UpdateModel) -> [Vector] {
    guard model.hasVelocity, let velocity = state.velocity else { return [direction] }
    return [direction, velocity]
  }

  /// θ·factor + x·d + y·v as the candidate; whether it is finite.
  private mutating func formCandidate(
    _ parameters: Vector, _ factor: Double, _ x: Double, _ y: Double, _ model: UpdateModel
  ) -> Bool {
    guard var update = nextVelocity.take() else {
      return candidate.formLinearCombination(factor, parameters, x, direction)
    }
    if model.hasVelocity, let velocity = state.velocity {
      update.formLinearCombination(x, direction, y, velocity)
    } else {
      update.formLinearCombination(x, direction, 0, direction)
    }
    let isFinite = candidate.formLinearCombination(factor, parameters, 1, update)
    nextVelocity = update
    return isFinite
  }

  /// Goes on to the state after a step, with gᵀg and dᵀd from its `products`.
  private mutating func advanceState(
    _ scalars: OptimizerState<Vector>.Scalars, _ products: DirectionProducts
  ) {
    state.step += 1
    state.scalars = scalars
    state.scalars.gradientDotGradient = products.gradientDotGradient
    let squaredNorm = products.directionDotDirection
    state.scalars.previousSquaredNorm =
      state.previousDirection == nil || squaredNorm == 0 ? nil : squaredNorm
    swap(&state.direction, &nextDirectionState)
    if var previous = state.previousDirection.take() {
      swap(&previous, &direction)
      state.previousDirection = previous
    }
  }

  /// Ends a step that broke down: everything stays, but λ is raised.
  private mutating func takeBack(
    _ report: inout StepReport, because event: StepEvents
  ) -> StepReport {
    report.events.insert(event)
    state.step += 1
    switch method.damping {
    case .none, .constant, .schedule: break
    case .levenbergMarquardt(let rule), .acceptOrReject(let rule):
      state.scalars.damping = rule.increased(state.scalars.damping)
      report.nextDamping = state.scalars.damping
    }
    return report
  }
}

extension PlaneForm {
  /// The products that an objective returned for one direction or two.
  fileprivate init(_ products: [[Double]]) {
    self.init(dd: products[0][0])
    if products.count > 1 { (dv, vv) = (products[0][1], products[1][1]) }
  }
}

extension StepReport {
  fileprivate init<Vector>(at state: OptimizerState<Vector>, loss: Double) {
    self.init(
      step: state.step + 1, loss: loss, gradientNorm: .nan, directionNorm: .nan, slope: .nan,
      learningRate: .nan, updateNorm: 0, envelope: 1, damping: state.scalars.damping,
      nextDamping: state.scalars.damping, events: [])
  }

  fileprivate mutating func note(_ products: DirectionProducts) {
    gradientNorm = products.gradientDotGradient.squareRoot()
    directionNorm = products.directionDotDirection.squareRoot()
    slope = products.gradientDotDirection
  }
}
