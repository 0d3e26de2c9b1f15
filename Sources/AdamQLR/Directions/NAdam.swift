/// NAdam's direction, Adam's with Nesterov's momentum (Dozat 2016, Algorithm 2, with the momentum
/// schedule and the constant decay of m that PyTorch has).
///
///     μ_t = β₁(1 − ½·0.96^(ψt))
///     m ← β₁m + (1 − β₁)g
///     v ← β₂v + (1 − β₂)g²
///     m̂ = μ_{t+1}·m/(1 − μ₁⋯μ_{t+1}) + (1 − μ_t)·g/(1 − μ₁⋯μ_t)
///     d = m̂ / (√(v/(1 − β₂ᵗ)) + ε)
///
/// The state's vectors are m and v, its number is the product of all μ so far.
public struct NAdam: Direction, Hashable, Codable {
  /// β₁, the decay of the gradient's average, and the limit of μ. Default 0.9.
  public var beta1: Double
  /// β₂, the decay of the squared gradient's average. Default 0.999.
  public var beta2: Double
  /// ε, added to the root of the second moment. Default 1e-8.
  public var epsilon: Double
  /// ψ, how fast μ rises from near ½β₁ to β₁. Default 0.004.
  public var momentumDecay: Double

  /// Makes the direction.
  public init(
    beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8,
    momentumDecay: Double = 0.004
  ) {
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.momentumDecay = momentumDecay
  }

  public static let settings: [Setting<NAdam>] = [
    Setting("beta1", \.beta1, .decay, "Decay of the first moment."),
    Setting("beta2", \.beta2, .decay, "Decay of the second moment."),
    Setting("epsilon", \.epsilon, .nonnegative, "Added to the root."),
    Setting(
      "momentum-decay", \.momentumDecay, .nonnegative, "How fast the momentum rises to beta1."),
  ]

  public func makeState<V: ParameterVector>(
    for parameters: V, layout: ParameterLayout?
  ) -> DirectionState<V> {
    DirectionState(vectors: [parameters.zeros(), parameters.zeros()], scalars: [1])
  }

  public func advance<V: ParameterVector>(
    _ input: DirectionInput<V>, from state: DirectionState<V>, to next: inout DirectionState<V>,
    direction: inout V
  ) -> DirectionProducts {
    let (now, after) = (momentum(next.step), momentum(next.step + 1))
    let product = state.scalars[0] * now
    next.scalars[0] = product
    var coefficients = coefficients(next.step)
    coefficients.firstCorrection = after / (1 - product * after)
    coefficients.gradientWeight = (1 - now) / (1 - product)
    return direction.formAdamDirection(
      coefficients, gradient: input.gradient, first: state.vectors[0], second: state.vectors[1])
  }

  public func commit<V: ParameterVector>(
    _ input: DirectionInput<V>, _ next: inout DirectionState<V>, to state: inout DirectionState<V>
  ) {
    state.advanceMoments(coefficients(next.step), input.gradient)
  }

  /// Adam's at a step counted from 1.
  private func coefficients(_ step: Int) -> AdamCoefficients {
    AdamCoefficients(beta1: beta1, beta2: beta2, epsilon: epsilon, epsilonRoot: 0, step: step)
  }

  /// μ at a step counted from 1.
  private func momentum(_ step: Int) -> Double {
    beta1 * (1 - 0.5 * exponential(Double(step) * momentumDecay, ofBase: 0.96))
  }
}
