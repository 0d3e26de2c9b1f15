/// AdaGrad's direction with a diagonal matrix, d = g/(√s + ε) (Duchi, Hazan and Singer 2011,
/// Figure 1; defaults as in PyTorch).
///
///     s ← s + g²
///     d = g / (√s + ε)
///
/// The state's vector is s, the sum of the squares of all gradients.
public struct AdaGrad: Direction, Hashable, Codable {
  /// ε, added to the root: the paper's δ. Default 1e-10.
  public var epsilon: Double
  /// What s starts from. Default 0.
  public var initialSum: Double

  /// Makes the direction.
  public init(epsilon: Double = 1e-10, initialSum: Double = 0) {
    self.epsilon = epsilon
    self.initialSum = initialSum
  }

  public static let settings: [Setting<AdaGrad>] = [
    Setting("epsilon", \.epsilon, .nonnegative, "Added to the root."),
    Setting("initial-sum", \.initialSum, .nonnegative, "What the sum starts from."),
  ]

  public func makeState<V: ParameterVector>(
    for parameters: V, layout: ParameterLayout?
  ) -> DirectionState<V> {
    var sum = parameters.zeros()
    if initialSum > 0 { sum.clamp(to: initialSum...initialSum) }
    return DirectionState(vectors: [sum])
  }

  public func advance<V: ParameterVector>(
    _ input: DirectionInput<V>, from state: DirectionState<V>, to next: inout DirectionState<V>,
    direction: inout V
  ) -> DirectionProducts {
    direction.formScaledGradient(
      coefficients, gradient: input.gradient, second: state.vectors[0])
  }

  public func commit<V: ParameterVector>(
    _ input: DirectionInput<V>, _ next: inout DirectionState<V>, to state: inout DirectionState<V>
  ) {
    V.advanceSecondMoment(coefficients, gradient: input.gradient, second: &state.vectors[0])
  }

  private var coefficients: AdamCoefficients {
    AdamCoefficients(decay: 1, gain: 1, epsilon: epsilon)
  }
}
