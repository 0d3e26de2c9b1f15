/// Prodigy's direction, Adam's with an estimate of the step size in it (Mishchenko and Defazio 2023,
/// Algorithm 4).
///
///     m ← β₁m + (1 − β₁)·d·g
///     v ← β₂v + (1 − β₂)·d²g²
///     r ← √β₂·r + (1 − √β₂)·d²·gᵀ(θ₀ − θ)
///     s ← √β₂·s + (1 − √β₂)·d²·g
///     direction: d·m / (√v + dε), with the d from before this step
///     d ← max(d, c·r/‖s‖₁)
///
/// d is a lower bound of the distance from the first parameters θ₀ to a solution, and never falls. It
/// is meant for a fixed learning rate of 1, or a schedule that ends below; the algorithm's γ is 1 in
/// r and s, where a constant one would cancel. Weight decay that is scaled by the learning rate is
/// scaled by d too.
///
/// The state's vectors are m, v, s and θ₀, its numbers d and r; s and r are divided by d₀², which
/// d's estimate does not feel and single precision does.
public struct Prodigy: Direction, Hashable, Codable {
  /// β₁, the decay of the gradient's average. Default 0.9.
  public var beta1: Double
  /// β₂, the decay of the squared gradient's average. Default 0.999.
  public var beta2: Double
  /// ε, added to the root in units of d. Default 1e-8.
  public var epsilon: Double
  /// d₀, where the estimate starts: a distance that is certainly too small. Default 1e-6.
  public var initialEstimate: Double
  /// c, a factor on the estimate. Default 1.
  public var coefficient: Double

  /// Makes the direction.
  ///
  /// - Precondition: 0 ≤ β₁ < 1, 0 < β₂ < 1, ε ≥ 0, d₀ > 0, c > 0.
  public init(
    beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8,
    initialEstimate: Double = 1e-6, coefficient: Double = 1
  ) {
    precondition((0..<1).contains(beta1), "beta1 is \(beta1), but must lie in 0..<1")
    precondition(0 < beta2 && beta2 < 1, "beta2 is \(beta2), but must lie between 0 and 1")
    precondition(epsilon >= 0, "epsilon is \(epsilon), but must not be negative")
    precondition(
      initialEstimate > 0 && coefficient > 0, "initialEstimate and coefficient must be positive")
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.initialEstimate = initialEstimate
    self.coefficient = coefficient
  }

  public func makeState<V: ParameterVector>(for parameters: V) -> DirectionState<V> {
    DirectionState(
      vectors: (0..<4).map { _ in parameters.zeros() }, scalars: [initialEstimate, 0])
  }

  public func advance<L: Linearization>(
    _ input: DirectionInput<L>, from state: DirectionState<L.Vector>,
    to next: inout DirectionState<L.Vector>, direction: inout L.Vector
  ) -> DirectionProducts {
    let gradient = input.gradient
    let estimate = state.scalars[0]
    let decay = beta2.squareRoot()
    let ratio = estimate / initialEstimate
    let gain = (1 - decay) * ratio * ratio
    next.vectors[3] = state.step == 0 ? input.parameters : state.vectors[3]

    direction.formLinearCombination(1, next.vectors[3], -1, input.parameters)
    let r = decay * state.scalars[1] + gain * gradient.dot(direction)
    next.vectors[2].formLinearCombination(decay, state.vectors[2], gain, gradient)
    let norm = next.vectors[2].sumOfMagnitudes(scratch: &direction)
    next.scalars[0] = norm > 0 ? max(estimate, coefficient * r / norm) : estimate
    next.scalars[1] = r

    var coefficients = AdamCoefficients(
      beta1: beta1, beta2: beta2, epsilon: estimate * epsilon, epsilonRoot: 0, step: next.step)
    coefficients.firstGain *= estimate
    coefficients.secondGain *= estimate * estimate
    coefficients.firstCorrection = estimate
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
