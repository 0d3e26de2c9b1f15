/// The direction of Schedule-Free AdamW (Defazio et al. 2024, Algorithm 1).
///
/// With the learning rate α, the algorithm's steps go from z, gradients are taken at y, and what is
/// learned is x, the weighted average of all z:
///
///     v ← β₂v + (1 − β₂)g²,  g at y = (1 − β₁)z + β₁x
///     ĝ = f·(g/(√v + ε) + wy),  f_t = √(1 − β₂ᵗ)·min(1, t/T)
///     z ← z − αĝ
///     x ← (1 − c)x + cz,  c_t = f_t²/(f₁² + … + f_t²)
///
/// The optimizer's parameters are y, and ``evaluationPoint(for:learningRate:in:)`` is x. In place of
/// z and x the state has δ = (z − y)/α, in which the same steps need no α:
///
///     d = (1 − β₁(1 − c))·ĝ − cδ
///     δ ← (1 − c)(δ − β₁ĝ)
///
/// So they also make sense with an α that the quadratic model chooses: d is ĝ averaged over a growing
/// window. For a constant α they are the algorithm; a warm-up is this direction's, not a schedule's.
/// The state's vectors are δ and v, its number is f₁² + … + f_t².
public struct ScheduleFreeAdamW: Direction, Hashable, Codable {
  /// β₁, how far y lies from z towards x. Default 0.9.
  public var beta1: Double
  /// β₂, the decay of the squared gradient's average. Default 0.999.
  public var beta2: Double
  /// ε, added to the root of the second moment. Default 1e-8.
  public var epsilon: Double
  /// w, the weight decay, which acts on z and through it on x. Default 0.
  public var weightDecay: Double
  /// T, the steps over which f rises linearly besides. Default 0: no warm-up.
  public var warmUp: Int

  /// Makes the direction.
  ///
  /// - Precondition: 0 < β₁ < 1, 0 ≤ β₂ < 1, ε ≥ 0, w ≥ 0, T ≥ 0.
  public init(
    beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8, weightDecay: Double = 0,
    warmUp: Int = 0
  ) {
    precondition(0 < beta1 && beta1 < 1, "beta1 is \(beta1), but must lie between 0 and 1")
    precondition((0..<1).contains(beta2), "beta2 is \(beta2), but must lie in 0..<1")
    precondition(
      epsilon >= 0 && weightDecay >= 0 && warmUp >= 0,
      "epsilon, weightDecay and warmUp must not be negative")
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.weightDecay = weightDecay
    self.warmUp = warmUp
  }

  public func makeState<V: ParameterVector>(for parameters: V) -> DirectionState<V> {
    DirectionState(vectors: [parameters.zeros(), parameters.zeros()], scalars: [0])
  }

  public func advance<L: Linearization>(
    _ input: DirectionInput<L>, from state: DirectionState<L.Vector>,
    to next: inout DirectionState<L.Vector>, direction: inout L.Vector
  ) -> DirectionProducts {
    let step = next.step
    let rise = step < warmUp ? Double(step) / Double(warmUp) : 1
    let squaredFactor = (1 - power(beta2, step)) * rise * rise
    let sum = state.scalars[0] + squaredFactor
    next.scalars[0] = sum
    let c = squaredFactor / sum
    let weight = 1 - beta1 * (1 - c)
    let factor = weight * squaredFactor.squareRoot()

    // (1 − β₁(1 − c))·ĝ first.
    let scaled = direction.formScaledGradient(
      AdamCoefficients(
        decay: beta2, gain: 1 - beta2, epsilon: epsilon, gradientWeight: factor),
      gradient: input.gradient, second: state.vectors[1], nextSecond: &next.vectors[1])
    if weightDecay != 0 {
      direction.add(input.parameters, scaledBy: factor * weightDecay, in: nil)
    }
    next.vectors[0].formLinearCombination(
      1 - c, state.vectors[0], -(1 - c) * beta1 / weight, direction)
    direction.add(state.vectors[0], scaledBy: -c, in: nil)
    var products = input.gradient.products(withDirection: direction)
    products.gradientDotGradient = scaled.gradientDotGradient
    return products
  }

  /// x = y − (1/β₁ − 1)·αδ.
  public func evaluationPoint<V: ParameterVector>(
    for parameters: V, learningRate: Double, in state: DirectionState<V>
  ) -> V? {
    var point = parameters.zeros()
    point.formLinearCombination(
      1, parameters, -(1 / beta1 - 1) * learningRate, state.vectors[0])
    return point
  }
}
