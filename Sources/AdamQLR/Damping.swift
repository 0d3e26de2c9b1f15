/// The λ that is added to the curvature: C + λI.
public enum Damping: Hashable, Codable, Sendable {
  /// λ = 0.
  case none
  /// A constant λ.
  case constant(Double)
  /// λ as a function of the step's number.
  case schedule(Schedule)
  /// λ follows the reduction ratio.
  case levenbergMarquardt(LevenbergMarquardt)
  /// λ follows the loss alone: a step that does not raise the batch's loss is taken and λ is
  /// multiplied by the decrease factor; any other is taken back, with all state, and λ is
  /// multiplied by the increase factor.
  case acceptOrReject(LevenbergMarquardt)

  /// λ before the first step.
  public var initial: Double {
    switch self {
    case .none: 0
    case .constant(let value): value
    case .schedule(let schedule): schedule.value(at: 0)
    case .levenbergMarquardt(let rule), .acceptOrReject(let rule): rule.initial
    }
  }
}

/// The Levenberg–Marquardt rule for λ (Clarke and Hernández-Lobato 2024, §3.2; Martens and Grosse
/// 2015, §6.5).
///
/// With the reduction ratio ρ = true change of the loss / change predicted by the quadratic model:
/// λ is multiplied by the decrease factor where ρ > ¾, by the increase factor where ρ < ¼, and kept
/// within its bounds.
public struct LevenbergMarquardt: Hashable, Codable, Sendable {
  /// λ₀. Default 1e-3.
  public var initial: Double
  /// ω_dec. Default ½.
  public var decreaseFactor: Double
  /// ω_inc. Default 2.
  public var increaseFactor: Double
  /// λ is never below this. Default 1e-8.
  public var floor: Double
  /// λ is never above this. Default: no ceiling.
  public var ceiling: Double?
  /// What stands for the curvature inside the predicted change. Default: the model's own.
  public var ratioCurvature: RatioCurvature
  /// T: λ adapts after steps T, 2T, …, by the T-th power of ω_dec or ω_inc, and the loss after a
  /// step is evaluated then only. Default 1. ``Damping/acceptOrReject(_:)`` judges every step.
  public var interval: Int

  /// What stands for uᵀ(C+λI)u inside the predicted change of ρ, u the update; α is not affected.
  public enum RatioCurvature: String, Codable, Sendable, CaseIterable {
    /// uᵀ(C+λI)u, as in α.
    case model
    /// uᵀCu, without λ: K-FAC's variant (Martens and Grosse 2015, §6.5, as kfac-jax has it).
    case undamped
    /// uᵀĈu with the direction's own approximation Ĉ of the curvature, without λ: what K-FAC has at
    /// no further product with C, where learning rate and momentum need none either.
    case direction
    /// dᵀ((λ + √v)⊙d), v Adam's uncorrected second moment from before this step.
    case adamRoot = "adam-root"
    /// dᵀ((λ + v)⊙d).
    case adam
  }

  /// Makes the rule.
  ///
  /// - Precondition: λ₀ ≥ 0, 0 < ω_dec ≤ 1 ≤ ω_inc, floor ≤ ceiling, T ≥ 1.
  public init(
    initial: Double = 1e-3, decreaseFactor: Double = 0.5, increaseFactor: Double = 2,
    floor: Double = 1e-8, ceiling: Double? = nil, ratioCurvature: RatioCurvature = .model,
    interval: Int = 1
  ) {
    precondition(initial >= 0, "initial damping is \(initial), but must not be negative")
    precondition(
      0 < decreaseFactor && decreaseFactor <= 1 && increaseFactor >= 1,
      "damping factors are \(decreaseFactor) and \(increaseFactor), but must satisfy 0 < ω_dec ≤ 1 ≤ ω_inc"
    )
    precondition(
      floor >= 0 && floor <= ceiling ?? .infinity, "the floor must not exceed the ceiling")
    precondition(interval >= 1, "the interval is \(interval), but must be positive")
    self.initial = initial
    self.decreaseFactor = decreaseFactor
    self.increaseFactor = increaseFactor
    self.floor = floor
    self.ceiling = ceiling
    self.ratioCurvature = ratioCurvature
    self.interval = interval
  }

  /// λ multiplied by the decrease factor for each of some steps, within the bounds.
  func decreased(_ damping: Double, steps: Int = 1) -> Double {
    bounded(damping * power(decreaseFactor, steps))
  }

  /// λ multiplied by the increase factor for each of some steps, within the bounds.
  func increased(_ damping: Double, steps: Int = 1) -> Double {
    bounded(damping * power(increaseFactor, steps))
  }

  private func bounded(_ damping: Double) -> Double {
    min(max(damping, floor), ceiling ?? .greatestFiniteMagnitude)
  }
}
