/// Lion's direction, the sign of an average of gradients (Chen et al. 2023, Algorithm 2).
///
///     d = sign(β₁m + (1 − β₁)g)
///     m ← β₂m + (1 − β₂)g
///
/// Every element of d is ±1, or 0 where the average is. A fixed learning rate is therefore to be
/// three to ten times smaller than Adam's, and weight decay as many times larger (§5). The state's
/// vector is m.
public struct Lion: Direction, Hashable, Codable {
  /// β₁, how much of the average goes into the direction. Default 0.9.
  public var beta1: Double
  /// β₂, the decay of the average. Default 0.99.
  public var beta2: Double

  /// Makes the direction.
  public init(beta1: Double = 0.9, beta2: Double = 0.99) {
    self.beta1 = beta1
    self.beta2 = beta2
  }

  public static let settings: [Setting<Lion>] = [
    Setting("beta1", \.beta1, .decay, "Weight of the average in the direction."),
    Setting("beta2", \.beta2, .decay, "Decay of the average."),
  ]

  public func makeState<V: ParameterVector>(
    for parameters: V, layout: ParameterLayout?
  ) -> DirectionState<V> {
    DirectionState(vectors: [parameters.zeros()])
  }

  public func advance<V: ParameterVector>(
    _ input: DirectionInput<V>, from state: DirectionState<V>, to next: inout DirectionState<V>,
    direction: inout V
  ) -> DirectionProducts {
    direction.formLinearCombination(beta1, state.vectors[0], 1 - beta1, input.gradient)
    direction.formSign()
    return input.gradient.products(withDirection: direction)
  }

  public func commit<V: ParameterVector>(
    _ input: DirectionInput<V>, _ next: inout DirectionState<V>, to state: inout DirectionState<V>
  ) {
    state.vectors[0].formLinearCombination(selfTimes: beta2, 1 - beta2, input.gradient)
  }
}
