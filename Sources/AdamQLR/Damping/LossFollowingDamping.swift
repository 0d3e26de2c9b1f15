/// λ follows the loss alone: it is multiplied by ω_dec after a step that was accepted, by ω_inc after
/// one that was not or broke down. With ``OnlyDecreases`` that restores everything it is the paper's
/// accept-or-reject variant (Clarke and Hernández-Lobato 2024, published implementation).
public struct LossFollowingDamping: Damping, Codable {
  /// λ₀, ω_dec, ω_inc, floor and ceiling. Default: 1e-3, ½, 2, 1e-8, none.
  public var bounds: DampingBounds

  /// λ as it has been adapted.
  private var adapted: Double?

  /// Makes the rule.
  public init(_ bounds: DampingBounds = DampingBounds()) { self.bounds = bounds }

  public static let settings = DampingBounds.settings(in: \LossFollowingDamping.bounds)

  public var problem: String? { bounds.problem }

  public func damping(at step: Int) -> Double { adapted ?? bounds.initial }
  public func needs(at step: Int) -> DampingNeeds { .newLoss }

  public mutating func adapt(to judgment: Judgment) -> Adaptation {
    let damping = adapted ?? bounds.initial
    adapted = judgment.isRejected ? bounds.increased(damping) : bounds.decreased(damping)
    return Adaptation()
  }

  public mutating func noteBreakdown() {
    adapted = bounds.increased(adapted ?? bounds.initial)
  }
}
