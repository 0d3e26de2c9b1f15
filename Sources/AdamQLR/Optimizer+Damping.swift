/// The judgment of a step: the predicted change of the loss, the reduction ratio, the next λ.
extension Optimizer {
  var needsNewLoss: Bool {
    switch method.damping {
    case .levenbergMarquardt(let rule): isAdapting(rule) || method.rejectsIncrease
    case .acceptOrReject: true
    case .none, .constant, .schedule: method.rejectsIncrease
    }
  }

  /// Whether λ adapts after this step.
  private func isAdapting(_ rule: LevenbergMarquardt) -> Bool {
    (state.step + 1).isMultiple(of: rule.interval)
  }

  /// Notes the change of the loss that the quadratic model predicts for u = x·d + y·v, where λ
  /// follows the reduction ratio.
  func predictChange<L: Linearization<Vector>>(
    _ model: UpdateModel, _ x: Double, _ y: Double, at linearization: L, _ report: inout StepReport
  ) throws {
    guard case .levenbergMarquardt(let rule) = method.damping else { return }
    let isUnclipped = method.quirks.contains(.unclippedPrediction)
    let (x, y) = isUnclipped ? (-report.learningRate, report.momentum ?? 0) : (x, y)
    guard let curvature = try ratioCurvature(rule, model, x, y, at: linearization) else { return }
    report.predictedChange = model.slope(x, y) + 0.5 * curvature
  }

  /// What stands for uᵀ(C+λI)u in the predicted change; `nil` where it costs extra and λ does not
  /// adapt now.
  private func ratioCurvature<L: Linearization<Vector>>(
    _ rule: LevenbergMarquardt, _ model: UpdateModel, _ x: Double, _ y: Double,
    at linearization: L
  ) throws -> Double? {
    let damping = state.scalars.damping
    switch rule.ratioCurvature {
    case .model:
      return model.curvature?(x, y)
    case .undamped:
      return model.curvature?.adding(model.gram, scaledBy: -damping)(x, y)
    case .direction:
      guard isAdapting(rule) else { return nil }
      // Without a vector u of its own, the product along d is as good.
      let (update, factor) = nextVelocity.map { ($0, 1) } ?? (direction, x * x)
      guard
        let product = try method.direction.curvature(
          along: update, in: nextDirectionState, at: linearization)
      else { throw OptimizerError.directionCurvatureUnavailable }
      return factor * product + method.l2 * model.gram(x, y)
    case .adam, .adamRoot:
      guard isAdapting(rule) else { return nil }
      guard state.direction.vectors.count > 1 else { return model.curvature?(x, y) }
      var update = direction
      update.formLinearCombination(x, direction, y, state.velocity ?? direction)
      return adamCurvature(along: update, isRoot: rule.ratioCurvature == .adamRoot)
        + damping * model.gram(x, y)
    }
  }

  /// uᵀ(√v⊙u) or uᵀ(v⊙u), with v Adam's second moment from before this step.
  private func adamCurvature(along update: Vector, isRoot: Bool) -> Double {
    let moment = state.direction.vectors[1]
    var weighted = moment.zeros()
    if isRoot {
      var root = moment.zeros()
      root.formSquareRoot(of: moment, plus: 0)
      weighted.formProduct(root, update)
    } else {
      weighted.formProduct(moment, update)
    }
    return update.dot(weighted)
  }

  /// Notes ρ or a rejection, and returns the λ that follows.
  func nextDamping(_ report: inout StepReport, _ loss: Double) -> Double {
    let damping = state.scalars.damping
    let trueChange = report.trueChange ?? .nan
    let isIncrease = trueChange > 0
    if isIncrease, method.rejectsIncrease { report.events.insert(.rejected) }
    switch method.damping {
    case .none, .constant, .schedule:
      return report.nextDamping
    case .acceptOrReject(let rule):
      if isIncrease { report.events.insert(.rejected) }
      if method.quirks.contains(.unboundedAcceptOrReject) {
        return damping * (isIncrease ? rule.increaseFactor : rule.decreaseFactor)
      }
      return isIncrease ? rule.increased(damping) : rule.decreased(damping)
    case .levenbergMarquardt(let rule):
      if isAdapting(rule) { noteRatio(&report, loss) }
      if report.events.contains(.rejected) { return rule.increased(damping) }
      guard isAdapting(rule), !report.events.contains(.predictionBelowRounding) else {
        return damping
      }
      guard let ratio = report.reductionRatio, !report.events.contains(.predictedIncrease) else {
        return rule.increased(damping, steps: rule.interval)
      }
      if ratio > 0.75 { return rule.decreased(damping, steps: rule.interval) }
      if ratio < 0.25 { return rule.increased(damping, steps: rule.interval) }
      return damping
    }
  }

  /// Notes ρ, unless it is not finite.
  private func noteRatio(_ report: inout StepReport, _ loss: Double) {
    let predicted = report.predictedChange ?? .nan
    let ratio = (report.trueChange ?? .nan) / predicted
    if ratio.isFinite { report.reductionRatio = ratio }
    if !method.quirks.contains(.unguardedRatio) {
      if abs(predicted) < 8 * candidate.ulpOfOne * abs(loss) || predicted == 0 {
        report.events.insert(.predictionBelowRounding)
      } else if predicted >= 0 {
        report.events.insert(.predictedIncrease)
      }
    }
  }
}
