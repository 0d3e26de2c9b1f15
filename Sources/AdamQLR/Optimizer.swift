/// Runs a ``Method`` on an objective, step by step.
///
///     var parameters = [1.0, -1.0]
///     var optimizer = Optimizer(.adamQLR(), for: parameters)
///     for _ in 0..<100 {
///       let report = try optimizer.step(&parameters, on: objective)
///       print(report.loss, report.learningRate)
///     }
///
/// One step on a batch with parameters θ:
///
/// 1. Loss f and gradient g at θ; g is clipped.
/// 2. The direction d from g; d is clipped.
/// 3. The learning rate α, with dᵀ(C+λI)d where the method needs it.
/// 4. u = −αd, clipped and scaled by the envelope; θ + u.
/// 5. Where the method needs it: f(θ + u), the reduction ratio ρ, the next λ, rejection.
/// 6. Decoupled weight decay.
///
/// Nothing is silent: ``StepReport/events`` names what was out of the ordinary. A step on which a
/// loss, the gradient or the curvature is not finite, or which would put a non-finite value into
/// the parameters, leaves the parameters and all state but λ as they were; λ is raised.
///
/// In memory the optimizer holds the direction's state twice, so that a step can be taken back
/// without a pass over memory, and three vectors of working space.
public struct Optimizer<Vector: ParameterVector>: Sendable {
  /// What is done.
  public let method: Method
  /// What is remembered between steps. Set it to go on from a saved state.
  public var state: OptimizerState<Vector>

  private let decayRanges: [Range<Int>]?
  private var gradient: Vector
  private var direction: Vector
  private var candidate: Vector
  private var nextDirectionState: DirectionState<Vector>

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
    var report = StepReport(at: state, loss: try linearization.loss)
    guard report.loss.isFinite else { return takeBack(&report, because: .nonFiniteLoss) }

    try linearization.formGradient(&gradient)
    guard gradient.count == parameters.count else {
      let found = gradient.count
      gradient = parameters.zeros()
      throw OptimizerError.gradientCountMismatch(expected: parameters.count, found: found)
    }
    clipGradient()
    nextDirectionState.step = state.direction.step + 1
    var products = try method.direction.advance(
      DirectionInput(
        gradient: gradient, parameters: parameters, linearization: linearization,
        damping: state.scalars.damping),
      from: state.direction, to: &nextDirectionState, direction: &direction)
    if let limit = method.clipping.directionElement {
      direction.clamp(to: -limit...limit)
      products = gradient.products(withDirection: direction)
    }
    report.note(products)
    guard products.areFinite else { return takeBack(&report, because: .nonFiniteGradient) }
    if products.directionDotDirection == 0 {
      report.events.insert(.zeroDirection)
      advanceState(state.scalars)
      return report
    }

    let source: O.Linearized
    if case .quadraticModel(let model) = method.learningRate, model.usesIndependentBatch {
      guard let independent else { throw OptimizerError.independentBatchMissing }
      source = try independent.linearize(at: parameters)
      report.slope = try source.slopes(along: [direction])[0]
      guard report.slope.isFinite else { return takeBack(&report, because: .nonFiniteGradient) }
    } else {
      source = linearization
    }
    let sourceLoss = source === linearization ? report.loss : try source.loss
    guard sourceLoss.isFinite else { return takeBack(&report, because: .nonFiniteLoss) }

    // 3. The learning rate.
    var scalars = state.scalars
    if needsCurvature {
      let raw = try source.curvatureProducts(of: [direction], curvature)[0][0]
      let damped = modelCurvature(raw, products, &scalars)
      guard raw.isFinite, damped.isFinite else {
        return takeBack(&report, because: .nonFiniteCurvature)
      }
      report.curvature = damped
    }
    report.learningRate = chooseLearningRate(&report, &scalars)

    // 4. The candidate.
    let clippedFactor = fitUpdate(&report, products)
    let scale = -report.learningRate * clippedFactor * report.envelope
    let decay = decayFactor(report)
    let decaysFirst = method.quirks.contains(.unclippedPrediction) || !needsNewLoss
    let isFused = decaysFirst && decayRanges == nil
    var isFinite = candidate.formLinearCombination(
      isFused ? 1 - decay : 1, parameters, scale, direction)
    if decay != 0, decaysFirst, !isFused {
      isFinite = candidate.add(parameters, scaledBy: -decay, in: decayRanges) && isFinite
    }
    guard isFinite, report.learningRate.isFinite else {
      return takeBack(&report, because: .nonFiniteUpdate)
    }

    // 5. Its judgment.
    if needsNewLoss {
      let isDisplaced = needsCurvature && (decay == 0 || !decaysFirst)
      let newLoss = try source.loss(at: candidate, offset: isDisplaced ? [scale] : nil)
      report.newLoss = newLoss
      guard newLoss.isFinite else { return takeBack(&report, because: .nonFiniteLoss) }
      report.trueChange = newLoss - sourceLoss
      scalars.damping = try nextDamping(&report, sourceLoss, scale, products)
      report.nextDamping = scalars.damping
      if report.events.contains(.rejected) {
        if case .acceptOrReject = method.damping {
          state.step += 1
          state.scalars.damping = scalars.damping
        } else {
          advanceState(scalars)
          // θ did not move along d, so the next gradient has nothing to say about this α.
          state.previousDirection = state.previousDirection?.zeros()
        }
        return report
      }
    }

    // 6. Weight decay.
    if decay != 0, !decaysFirst {
      guard candidate.add(parameters, scaledBy: -decay, in: decayRanges) else {
        return takeBack(&report, because: .nonFiniteUpdate)
      }
    }
    swap(&parameters, &candidate)
    advanceState(scalars)
    return report
  }
}

extension Optimizer {
  private var needsCurvature: Bool {
    if case .quadraticModel = method.learningRate { return true }
    if case .levenbergMarquardt = method.damping { return true }
    return false
  }

  private var needsNewLoss: Bool {
    switch method.damping {
    case .levenbergMarquardt, .acceptOrReject: true
    case .none, .constant: method.rejectsIncrease
    }
  }

  private var curvature: Curvature {
    if case .quadraticModel(let model) = method.learningRate { return model.curvature }
    return .fisher
  }

  private var isSaddleFree: Bool {
    if case .quadraticModel(let model) = method.learningRate { return model.isSaddleFree }
    return false
  }

  private mutating func clipGradient() {
    guard let limit = method.clipping.gradientNorm else { return }
    let norm = gradient.norm
    if norm > limit, norm.isFinite { gradient.scale(by: limit / norm) }
  }

  /// dᵀ(C+λI)d with memory and averaging, from dᵀCd.
  private func modelCurvature(
    _ raw: Double, _ products: DirectionProducts, _ scalars: inout OptimizerState<Vector>.Scalars
  ) -> Double {
    let squaredNorm = products.directionDotDirection
    guard case .quadraticModel(let model) = method.learningRate else {
      return raw + scalars.damping * squaredNorm
    }
    var curvature = raw
    if let decay = model.memory {
      scalars.rememberedCurvature = max(decay * scalars.rememberedCurvature, raw / squaredNorm)
      curvature = scalars.rememberedCurvature * squaredNorm
    }
    curvature += scalars.damping * squaredNorm
    if let r = model.curvatureAveraging {
      scalars.averagedCurvature = r * scalars.averagedCurvature + (1 - r) * curvature
      curvature = scalars.averagedCurvature
    }
    return curvature
  }

  /// α, after every refinement; notes what is out of the ordinary.
  private func chooseLearningRate(
    _ report: inout StepReport, _ scalars: inout OptimizerState<Vector>.Scalars
  ) -> Double {
    if report.slope <= 0 { report.events.insert(.ascentDirection) }
    if let curvature = report.curvature, curvature <= 0, !isSaddleFree {
      report.events.insert(.negativeCurvature)
    }
    switch method.learningRate {
    case .fixed(let value):
      return value
    case .schedule(let schedule):
      return schedule.value(at: state.step)
    case .hypergradient(_, let rate):
      if let previousDirection = state.previousDirection {
        scalars.learnedRate += rate * gradient.dot(previousDirection)
      }
      return scalars.learnedRate
    case .quadraticModel(let model):
      report.envelope = model.envelope?.factor(at: state.step) ?? 1
      let curvature = report.curvature ?? .nan
      let isSigned = method.quirks.contains(.signedCurvature) && !model.isSaddleFree
      var rate = report.slope / (isSigned ? curvature : abs(curvature))
      if model.usesIndependentBatch { rate = max(rate, 0) }
      if let limit = model.clipping { rate = min(max(rate, -limit), limit) }
      rate *= model.amplification
      if let r = model.averaging {
        scalars.averagedRate = r * scalars.averagedRate + (1 - r) * rate
        rate = scalars.averagedRate
      }
      return rate
    }
  }

  /// Notes ‖u‖ and returns the factor that update clipping asks for.
  private func fitUpdate(_ report: inout StepReport, _ products: DirectionProducts) -> Double {
    let norm = abs(report.learningRate) * products.directionDotDirection.squareRoot()
    guard let limit = method.clipping.updateNorm, norm > limit else {
      report.updateNorm = norm
      return 1
    }
    report.updateNorm = limit
    return limit / norm
  }

  private func decayFactor(_ report: StepReport) -> Double {
    let decay = method.weightDecay
    return decay.isScaledByLearningRate ? decay.rate * report.learningRate : decay.rate
  }

  /// Notes ρ or a rejection, and returns the λ that follows.
  private func nextDamping(
    _ report: inout StepReport, _ loss: Double, _ scale: Double, _ products: DirectionProducts
  ) throws -> Double {
    let damping = state.scalars.damping
    let trueChange = report.trueChange ?? .nan
    let isIncrease = trueChange > 0
    if isIncrease, method.rejectsIncrease { report.events.insert(.rejected) }
    switch method.damping {
    case .none, .constant:
      return damping
    case .acceptOrReject(let rule):
      if isIncrease { report.events.insert(.rejected) }
      if method.quirks.contains(.unboundedAcceptOrReject) {
        return damping * (isIncrease ? rule.increaseFactor : rule.decreaseFactor)
      }
      return isIncrease ? rule.increased(damping) : rule.decreased(damping)
    case .levenbergMarquardt(let rule):
      let ratio = try reductionRatio(&report, loss, scale, products, rule)
      if report.events.contains(.rejected) { return rule.increased(damping) }
      guard !report.events.contains(.predictionBelowRounding) else { return damping }
      guard let ratio, !report.events.contains(.predictedIncrease) else {
        return rule.increased(damping)
      }
      if ratio > 0.75 { return rule.decreased(damping) }
      if ratio < 0.25 { return rule.increased(damping) }
      return damping
    }
  }

  /// ρ, `nil` where it is not finite.
  private func reductionRatio(
    _ report: inout StepReport, _ loss: Double, _ scale: Double, _ products: DirectionProducts,
    _ rule: LevenbergMarquardt
  ) throws -> Double? {
    let t = method.quirks.contains(.unclippedPrediction) ? -report.learningRate : scale
    let curvature = ratioCurvature(rule, products) ?? report.curvature ?? .nan
    let predicted = t * report.slope + 0.5 * t * t * curvature
    report.predictedChange = predicted
    let ratio = (report.trueChange ?? .nan) / predicted
    if ratio.isFinite { report.reductionRatio = ratio }
    if !method.quirks.contains(.unguardedRatio) {
      if abs(predicted) < 8 * candidate.ulpOfOne * abs(loss) || predicted == 0 {
        report.events.insert(.predictionBelowRounding)
      } else if predicted >= 0 {
        report.events.insert(.predictedIncrease)
      }
    }
    return report.reductionRatio
  }

  /// dᵀ((λ + √v)⊙d) or dᵀ((λ + v)⊙d), where ρ asks for one of them.
  private func ratioCurvature(
    _ rule: LevenbergMarquardt, _ products: DirectionProducts
  ) -> Double? {
    guard rule.ratioCurvature != .model, state.direction.vectors.count > 1 else { return nil }
    let moment = state.direction.vectors[1]
    var weighted = moment.zeros()
    if rule.ratioCurvature == .adamRoot {
      var root = moment.zeros()
      root.formSquareRoot(of: moment, plus: 0)
      weighted.formProduct(root, direction)
    } else {
      weighted.formProduct(moment, direction)
    }
    return direction.dot(weighted) + state.scalars.damping * products.directionDotDirection
  }

  private mutating func advanceState(_ scalars: OptimizerState<Vector>.Scalars) {
    state.step += 1
    state.scalars = scalars
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
    case .none, .constant: break
    case .levenbergMarquardt(let rule), .acceptOrReject(let rule):
      state.scalars.damping = rule.increased(state.scalars.damping)
    }
    report.nextDamping = state.scalars.damping
    return report
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
