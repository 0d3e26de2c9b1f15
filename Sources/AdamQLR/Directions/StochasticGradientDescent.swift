/// The direction of stochastic gradient descent, with momentum and L2 regularization.
///
///     g ← g + wθ
///     b ← μb + g
///     d = b, or with Nesterov's variant d = g + μb
///
/// Polyak (1964) for momentum; Sutskever et al. (2013) for Nesterov's. Without momentum d = g. The
/// state's vector is b, absent without momentum.
public struct StochasticGradientDescent: Direction, Hashable, Codable {
  /// μ, the decay of the momentum. Default 0, none.
  public var momentum: Double
  /// Whether the momentum is Nesterov's. Default no.
  public var isNesterov: Bool
  /// w, the weight of ½w‖θ‖² added to the loss. Default 0.
  public var l2: Double

  /// Makes the direction.
  public init(momentum: Double = 0, isNesterov: Bool = false, l2: Double = 0) {
    self.momentum = momentum
    self.isNesterov = isNesterov
    self.l2 = l2
  }

  public static let settings: [Setting<StochasticGradientDescent>] = [
    Setting("momentum", \.momentum, .decay, "SGD: decay of the momentum."),
    Setting("nesterov", \.isNesterov, .either, "SGD: Nesterov's momentum."),
    Setting("l2", \.l2, .nonnegative, "SGD: weight of θ in the direction."),
  ]

  public func makeState<V: ParameterVector>(
    for parameters: V, layout: ParameterLayout?
  ) -> DirectionState<V> {
    DirectionState(vectors: momentum == 0 ? [] : [parameters.zeros()])
  }

  public func advance<V: ParameterVector>(
    _ input: DirectionInput<V>, from state: DirectionState<V>, to next: inout DirectionState<V>,
    direction: inout V
  ) -> DirectionProducts {
    let gradient = input.gradient
    if momentum == 0 {
      direction.formLinearCombination(1, gradient, l2, input.parameters)
    } else {
      // b as it will be.
      direction.formLinearCombination(momentum, state.vectors[0], 1, gradient)
      regularize(&direction, input.parameters)
      if isNesterov {
        direction.formLinearCombination(1, gradient, selfTimes: momentum)
        regularize(&direction, input.parameters)
      }
    }
    return gradient.products(withDirection: direction)
  }

  public func commit<V: ParameterVector>(
    _ input: DirectionInput<V>, _ next: inout DirectionState<V>, to state: inout DirectionState<V>
  ) {
    if momentum == 0 { return }
    state.vectors[0].formLinearCombination(selfTimes: momentum, 1, input.gradient)
    regularize(&state.vectors[0], input.parameters)
  }

  private func regularize<V: ParameterVector>(_ vector: inout V, _ parameters: V) {
    if l2 != 0 { vector.add(parameters, scaledBy: l2, in: nil) }
  }
}
