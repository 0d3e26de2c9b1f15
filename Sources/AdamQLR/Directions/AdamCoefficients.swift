/// What one step of Adam's direction, or of a relative of it, needs besides vectors.
///
///     m ← β₁m + a₁g
///     v ← β₂v + a₂g²
///     d = (c₁m + c₀g) / (√(c₂v + ε_root) + ε)
///
/// Adam (Kingma and Ba 2015, Algorithm 1) has a₁ = 1 − β₁, a₂ = 1 − β₂, c₀ = 0, and the bias
/// corrections c₁ = 1/(1 − β₁ᵗ) and c₂ = 1/(1 − β₂ᵗ) at step t.
public struct AdamCoefficients: Hashable, Sendable {
  /// β₁, the decay of the first moment.
  public var beta1: Double
  /// a₁, the weight of the gradient in the first moment.
  public var firstGain: Double
  /// β₂, the decay of the second moment.
  public var beta2: Double
  /// a₂, the weight of the squared gradient in the second moment.
  public var secondGain: Double
  /// ε, added to the root.
  public var epsilon: Double
  /// ε_root, added inside the root.
  public var epsilonRoot: Double
  /// c₁, the factor on the first moment.
  public var firstCorrection: Double
  /// c₂, the factor on the second moment.
  public var secondCorrection: Double
  /// c₀, the weight of the gradient beside the first moment.
  public var gradientWeight = 0.0

  /// Adam's coefficients of `step`, counted from 1.
  public init(beta1: Double, beta2: Double, epsilon: Double, epsilonRoot: Double, step: Int) {
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.epsilonRoot = epsilonRoot
    firstGain = 1 - beta1
    secondGain = 1 - beta2
    firstCorrection = 1 / (1 - power(beta1, step))
    secondCorrection = 1 / (1 - power(beta2, step))
  }

  /// The coefficients of d = c₀g/(√v + ε), without a first moment and without corrections.
  init(decay: Double, gain: Double, epsilon: Double, gradientWeight: Double = 1) {
    beta1 = 0
    firstGain = 0
    beta2 = decay
    secondGain = gain
    self.epsilon = epsilon
    epsilonRoot = 0
    firstCorrection = 0
    secondCorrection = 1
    self.gradientWeight = gradientWeight
  }
}

/// √(1 − β₂ᵗ)/(1 − β₁ᵗ) at step t, counted from 1: both of Adam's bias corrections as one factor.
func biasCorrection(beta1: Double, beta2: Double, step: Int) -> Double {
  (1 - power(beta2, step)).squareRoot() / (1 - power(beta1, step))
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
