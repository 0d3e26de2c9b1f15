/// α learned by gradient descent on itself (Baydin et al. 2018, equation 5):
///
///     α ← α + β·g_tᵀd_{t−1}
///
/// with the loss's gradient at this step and the direction along which the last one moved.
public struct Hypergradient: LearningRate, Codable {
  /// α before the first step.
  public var initial: Double
  /// β, the rate at which α learns.
  public var rate: Double

  /// α as it has been learned.
  private var learned: Double?

  /// Makes the rule.
  public init(initial: Double, rate: Double = 1e-3) {
    self.initial = initial
    self.rate = rate
  }

  public static let settings = [
    Setting<Hypergradient>(
      "value", \.initial, .nonnegative, "Fixed rate, schedule's peak, or start."),
    Setting<Hypergradient>(
      "hypergradient-rate", \.rate, .any,
      "Hypergradient: rate at which the learning rate learns."),
  ]

  public var needs: RateNeeds { .previousMove }

  public mutating func rate(_ model: inout QuadraticModel) -> Double {
    let value = (learned ?? initial) + rate * (model.previous?.slope ?? 0)
    learned = value
    return value
  }
}
