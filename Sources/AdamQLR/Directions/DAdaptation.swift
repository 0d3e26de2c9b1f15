/// Adam's direction with a step size by D-Adaptation in it (Defazio and Mishchenko 2023,
/// Algorithm 5).
///
///     m ← β₁m + (1 − β₁)·d·g
///     v ← β₂v + (1 − β₂)·g²
///     direction: m / (√v + ε)
///     r ← √β₂·r + (1 − √β₂)·d·gᵀ(s/(√v + ε)), with the s from before this step
///     s ← √β₂·s + (1 − √β₂)·d·g
///     d ← max(d, r/((1 − √β₂)·‖s‖₁))
///
/// d is a lower bound of the distance from the first parameters to a solution, and never falls. It is
/// meant for a fixed learning rate of 1; another one, or a schedule, multiplies the step and is
/// unknown to the estimate, so that the algorithm's γ is 1. Weight decay that is scaled by the
/// learning rate is scaled by d too. The state's vectors are m, v and s, its numbers d and r.
public struct DAdaptation: Direction, Hashable, Codable {
  /// β₁, the decay of the gradient's average. Default 0.9.
  public var beta1: Double
  /// β₂, the decay of the squared gradient's average. Default 0.999.
  public var beta2: Double
  /// ε, added to the root of the second moment. Default 1e-8.
  public var epsilon: Double
  /// d₀, where the estimate starts: a distance that is certainly too small. Default 1e-6.
  public var initialEstimate: Double

  /// Makes the direction.
  ///
  /// - Precondition: 0 ≤ β₁ < 1, 0 < β₂ < 1, ε ≥ 0, d₀ > 0.
  public init(
    beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8,
    initialEstimate: Double = 1e-6
  ) {
    precondition((0..<1).contains(beta1), "beta1 is \(beta1), but must lie in 0..<1")
    precondition(0 < beta2 && beta2 < 1, "beta2 is \(beta2), but must lie between 0 and 1")
    precondition(epsilon >= 0, "epsilon is \(epsilon), but must not be negative")
    precondition(
      initialEstimate > 0, "initialEstimate is \(initialEstimate), but must be positive")
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.initialEstimate = initialEstimate
  }

  public func makeState<V: ParameterVector>(for parameters: V) -> DirectionState<V> {
    DirectionState(
      vectors: (0..<3).map { _ in parameters.zeros() }, scalars: [initialEstimate, 0])
  }

  public func advance<L: Linearization>(
    _ input: DirectionInput<L>, from state: DirectionState<L.Vector>,
    to next: inout DirectionState<L.Vector>, direction: inout L.Vector
  ) -> DirectionProducts {
    let gradient = input.gradient
    let (estimate, decay) = (state.scalars[0], beta2.squareRoot())
    _ = direction.formScaledGradient(
      AdamCoefficients(decay: beta2, gain: 1 - beta2, epsilon: epsilon),
      gradient: gradient, second: state.vectors[1], nextSecond: &next.vectors[1])
    let r =
      decay * state.scalars[1] + (1 - decay) * estimate * direction.dot(state.vectors[2])
    next.vectors[2].formLinearCombination(
      decay, state.vectors[2], (1 - decay) * estimate, gradient)
    let norm = next.vectors[2].sumOfMagnitudes(scratch: &direction)
    next.scalars[0] = norm > 0 ? max(estimate, r / ((1 - decay) * norm)) : estimate
    next.scalars[1] = r

    var coefficients = AdamCoefficients(
      beta1: beta1, beta2: beta2, epsilon: epsilon, epsilonRoot: 0, step: next.step)
    coefficients.firstGain *= estimate
    coefficients.firstCorrection = 1
    coefficients.secondCorrection = 1
    var products = next.vectors.withUnsafeMutableBufferPointer { moments in
      let moments = moments
      return direction.formAdamDirection(
        coefficients, gradient: gradient, first: state.vectors[0], second: state.vectors[1],
        nextFirst: &moments[0], nextSecond: &moments[1])
    }
    products.stepSize = estimate
    return products
  }
}
