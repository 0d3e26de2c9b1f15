/// The Levenberg–Marquardt rule for λ (Clarke and Hernández-Lobato 2024, §3.2; Martens and Grosse
/// 2015, §6.5).
///
/// With the reduction ratio ρ = true change of the loss / change predicted by the quadratic model:
/// λ is multiplied by ω_dec where ρ > ¾, by ω_inc where ρ < ¼, and kept within its bounds. It is
/// raised too where the step breaks down or is rejected, where ρ is not finite, and where the model
/// predicts no decrease; where the prediction is lost in rounding, below 8 ulp of the loss, it stays.
public struct LevenbergMarquardt: Damping, Codable {
  /// λ₀, ω_dec, ω_inc, floor and ceiling. Default: 1e-3, ½, 2, 1e-8, none.
  public var bounds: DampingBounds
  /// What stands for the curvature inside the predicted change. Default: the model's own.
  public var ratioCurvature: RatioCurvature
  /// T: λ adapts after steps T, 2T, …, by the T-th power of ω_dec or ω_inc, and the loss after a
  /// step is evaluated then only. Default 1.
  public var interval: Int

  /// λ as it has been adapted.
  private var adapted: Double?

  /// What stands for uᵀ(C+λI)u inside the predicted change of ρ, u the update; α is not affected.
  public enum RatioCurvature: String, Codable, Sendable, CaseIterable {
    /// uᵀ(C+λI)u, as in α.
    case model
    /// uᵀCu, without λ: K-FAC's variant (Martens and Grosse 2015, §6.5, as kfac-jax has it).
    case undamped
    /// uᵀĈu with the direction's own approximation Ĉ of the curvature, without λ: what K-FAC has at
    /// no further product with C, where learning rate and momentum need none either.
    case direction
  }

  /// Makes the rule.
  public init(
    initial: Double = 1e-3, decreaseFactor: Double = 0.5, increaseFactor: Double = 2,
    floor: Double = 1e-8, ceiling: Double? = nil, ratioCurvature: RatioCurvature = .model,
    interval: Int = 1
  ) {
    bounds = DampingBounds(
      initial: initial, decreaseFactor: decreaseFactor, increaseFactor: increaseFactor,
      floor: floor, ceiling: ceiling)
    self.ratioCurvature = ratioCurvature
    self.interval = interval
  }

  public static let settings =
    DampingBounds.settings(in: \LevenbergMarquardt.bounds) + [
      Setting(
        "ratio-curvature", \.ratioCurvature, "What stands for the curvature inside ρ."),
      Setting(
        "interval", \.interval, .positive, "Steps from one adaptation of λ to the next."),
    ]

  public var problem: String? { bounds.problem }

  public func damping(at step: Int) -> Double { adapted ?? bounds.initial }

  public func needs(at step: Int) -> DampingNeeds {
    var needs: DampingNeeds = isDue(step) ? .newLoss : []
    if ratioCurvature != .direction {
      needs.insert(.curvature)
    } else if isDue(step) {
      needs.insert(.directionCurvature)
    }
    return needs
  }

  public var allNeeds: DampingNeeds { needs(at: interval - 1) }

  public func predictedChange(_ step: PlannedStep) -> Double? {
    let (x, y, model) = (step.x, step.y, step.model)
    let curvature: Double? =
      switch ratioCurvature {
      case .model: model.dampedCurvature?(x, y)
      case .undamped:
        model.dampedCurvature?.adding(model.gram, scaledBy: -model.damping)(x, y)
      case .direction: step.directionCurvature
      }
    return curvature.map { model.slope(x, y) + 0.5 * $0 }
  }

  public mutating func adapt(to judgment: Judgment) -> Adaptation {
    let (model, damping) = (judgment.step.model, damping(at: judgment.step.model.step))
    var outcome = Adaptation()
    let isDue = isDue(model.step)
    if isDue { outcome = ratio(judgment) }
    if judgment.isRejected {
      adapted = bounds.increased(damping)
    } else if isDue, !outcome.events.contains(.predictionBelowRounding) {
      guard let ratio = outcome.reductionRatio, !outcome.events.contains(.predictedIncrease) else {
        adapted = bounds.increased(damping, steps: interval)
        return outcome
      }
      if ratio > 0.75 { adapted = bounds.decreased(damping, steps: interval) }
      if ratio < 0.25 { adapted = bounds.increased(damping, steps: interval) }
    }
    return outcome
  }

  public mutating func noteBreakdown() {
    adapted = bounds.increased(adapted ?? bounds.initial)
  }

  /// Whether λ adapts after this step, counted from 0.
  private func isDue(_ step: Int) -> Bool { (step + 1).isMultiple(of: interval) }

  private func ratio(_ judgment: Judgment) -> Adaptation {
    let (predicted, model) = (judgment.predictedChange ?? .nan, judgment.step.model)
    let ratio = judgment.trueChange / predicted
    var outcome = Adaptation(reductionRatio: ratio.isFinite ? ratio : nil)
    if abs(predicted) < 8 * model.ulpOfOne * abs(model.loss) || predicted == 0 {
      outcome.events = .predictionBelowRounding
    } else if predicted >= 0 {
      outcome.events = .predictedIncrease
    }
    return outcome
  }
}
