/// What one step of Adam's direction needs besides vectors (Kingma and Ba 2015, Algorithm 1).
///
///     m ← β₁m + (1 − β₁)g
///     v ← β₂v + (1 − β₂)g²
///     d = c₁m / (√(c₂v + ε_root) + ε)
///
/// with the bias corrections c₁ = 1/(1 − β₁ᵗ) and c₂ = 1/(1 − β₂ᵗ) at step t.
public struct AdamCoefficients: Hashable, Sendable {
  /// β₁, the decay of the first moment.
  public var beta1: Double
  /// β₂, the decay of the second moment.
  public var beta2: Double
  /// ε, added to the root.
  public var epsilon: Double
  /// ε_root, added inside the root.
  public var epsilonRoot: Double
  /// c₁ = 1/(1 − β₁ᵗ).
  public var firstCorrection: Double
  /// c₂ = 1/(1 − β₂ᵗ).
  public var secondCorrection: Double

  /// The coefficients of `step`, counted from 1.
  public init(beta1: Double, beta2: Double, epsilon: Double, epsilonRoot: Double, step: Int) {
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.epsilonRoot = epsilonRoot
    firstCorrection = 1 / (1 - power(beta1, step))
    secondCorrection = 1 / (1 - power(beta2, step))
  }
}

/// `base` to a whole, nonnegative power, by repeated squaring.
func power(_ base: Double, _ exponent: Int) -> Double {
  var result = 1.0
  var factor = base
  var remaining = exponent
  while remaining > 0 {
    if remaining & 1 == 1 { result *= factor }
    factor *= factor
    remaining >>= 1
  }
  return result
}
