/// How far a step goes: the quadratic model where the method needs it, α, μ, and their limits.
extension Optimizer {
  var needsCurvature: Bool {
    if usesQuadraticRate || method.momentum == .quadraticModel { return true }
    if case .levenbergMarquardt(let rule) = method.damping {
      return rule.ratioCurvature != .direction
    }
    return false
  }

  private var usesQuadraticRate: Bool {
    if case .quadraticModel = method.learningRate { return true }
    return false
  }

  var curvature: Curvature {
    if case .quadraticModel(let model) = method.learningRate { return model.curvature }
    return .fisher
  }

  var isSaddleFree: Bool {
    if case .quadraticModel(let model) = method.learningRate { return model.isSaddleFree }
    return false
  }

  /// Scales the direction to α²·gᵀd ≤ c.
  mutating func constrainNorm(_ products: inout DirectionProducts, _ report: inout StepReport) {
    guard let limit = method.clipping.normConstraint, let rate = rateInAdvance else { return }
    let norm = rate * rate * products.gradientDotDirection
    report.scaledGradientSquaredNorm = norm
    guard norm > limit, norm.isFinite else { return }
    let factor = (limit / norm).squareRoot()
    direction.scale(by: factor)
    products.gradientDotDirection *= factor
    products.directionDotDirection *= factor * factor
  }

  /// α where it does not depend on the direction.
  var rateInAdvance: Double? {
    switch method.learningRate {
    case .fixed(let value): value
    case .schedule(let schedule): schedule.value(at: state.step)
    case .hypergradient, .quadraticModel: nil
    }
  }

  /// Begins to compute the slope along the direction of the step before, where α looks at it.
  func startPreviousSlope() -> (() -> Double)? {
    guard case .quadraticModel(let rule) = method.learningRate, rule.previousDirectionWeight != 0,
      let previous = state.previousDirection, state.scalars.previousSquaredNorm != nil
    else { return nil }
    return gradient.startDot(previous)
  }

  /// Notes the products with v, unless v is 0.
  func addVelocity(_ velocity: Vector, to model: inout UpdateModel) {
    model.gram.vv = velocity.dot(velocity)
    guard model.gram.vv > 0 else { return }
    model.hasVelocity = true
    model.gram.dv = direction.dot(velocity)
    model.velocitySlope = gradient.dot(velocity)
  }

  /// C+λI on the plane of the step, with memory and averaging along d, from C.
  func dampedCurvature(
    _ raw: PlaneForm, _ model: UpdateModel, _ scalars: inout OptimizerState<Vector>.Scalars
  ) -> PlaneForm {
    var curvature = raw
    if case .quadraticModel(let rule) = method.learningRate, let decay = rule.memory {
      let squaredNorm = model.gram.dd
      curvature.dd = remember(raw.dd / squaredNorm, rule, decay, &scalars) * squaredNorm
    }
    curvature = curvature.adding(model.gram, scaledBy: scalars.damping)
    if case .quadraticModel(let rule) = method.learningRate, let r = rule.curvatureAveraging {
      scalars.averagedCurvature = r * scalars.averagedCurvature + (1 - r) * curvature.dd
      curvature.dd = scalars.averagedCurvature
    }
    return curvature
  }

  /// Notes α and μ after every refinement, and what is out of the ordinary.
  func chooseStep(
    _ model: UpdateModel, _ report: inout StepReport,
    _ scalars: inout OptimizerState<Vector>.Scalars
  ) {
    if report.slope <= 0 { report.events.insert(.ascentDirection) }
    let plane =
      method.momentum == .quadraticModel ? model.minimum(ulpOfOne: candidate.ulpOfOne) : nil
    let fixedMomentum: Double? =
      switch method.momentum {
      case .none, .quadraticModel: nil
      case .fixed(let value): value
      case .schedule(let schedule): schedule.value(at: state.step)
      }
    report.learningRate = chooseRate(model, plane?.rate, fixedMomentum ?? 0, &report, &scalars)
    if method.momentum == .quadraticModel {
      // α may have been refined since, or may not come from the model at all.
      report.momentum =
        plane != nil || !usesQuadraticRate ? model.momentum(at: report.learningRate) : 0
    } else {
      report.momentum = fixedMomentum
    }
  }

  /// α.
  ///
  /// - Parameters:
  ///   - jointRate: The α that is best together with its μ, where there is one.
  ///   - momentum: The μ that is known in advance.
  private func chooseRate(
    _ model: UpdateModel, _ jointRate: Double?, _ momentum: Double, _ report: inout StepReport,
    _ scalars: inout OptimizerState<Vector>.Scalars
  ) -> Double {
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
    case .quadraticModel(let rule):
      report.envelope = rule.envelope?.factor(at: state.step) ?? 1
      let curvature = model.curvature?.dd ?? .nan
      let isSigned = method.quirks.contains(.signedCurvature) && !rule.isSaddleFree
      var slope = model.directionSlope
      if model.hasVelocity, momentum != 0 { slope += momentum * (model.curvature?.dv ?? .nan) }
      var rate = jointRate ?? slope / (isSigned ? curvature : abs(curvature))
      let doubt = takeIn(0.5 * slope * slope / abs(curvature), of: report.loss, rule, &scalars)
      if jointRate == nil, let previousSlope = model.previousSlope {
        let w = rule.previousDirectionWeight * doubt
        let previousRate = max(previousSlope, 0) * model.gram.dd / abs(curvature)
        rate = max((1 - w) * rate + w * previousRate, 0)
      }
      if rule.usesIndependentBatch { rate = max(rate, 0) }
      if let limit = rule.clipping { rate = min(max(rate, -limit), limit) }
      rate *= rule.amplification
      if let r = rule.averaging {
        scalars.averagedRate = r * scalars.averagedRate + (1 - r) * rate
        rate = scalars.averagedRate
      }
      return rate
    }
  }

  /// Notes ‖u‖ and returns the factor that update clipping asks for.
  func fitUpdate(_ model: UpdateModel, _ report: inout StepReport) -> Double {
    let momentum = model.hasVelocity ? report.momentum ?? 0 : 0
    let norm =
      momentum == 0
      ? abs(report.learningRate) * model.gram.dd.squareRoot()
      : max(model.gram(-report.learningRate, momentum), 0).squareRoot()
    guard let limit = method.clipping.updateNorm, norm > limit else {
      report.updateNorm = norm
      return 1
    }
    report.updateNorm = limit
    return limit / norm
  }

  func decayFactor(_ report: StepReport, _ products: DirectionProducts) -> Double {
    let decay = method.weightDecay
    return decay.isScaledByLearningRate
      ? decay.rate * report.learningRate * products.stepSize : decay.rate
  }
}
