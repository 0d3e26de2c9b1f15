/// RMSprop's direction, d = g/(√v + ε) (Tieleman and Hinton 2012, lecture 6.5; options and defaults
/// as in PyTorch).
///
///     v ← γv + (1 − γ)g²
///     d = g / (√v + ε)
///
/// Centered (Graves 2013, §4.2), the root is of v − ḡ², with ḡ ← γḡ + (1 − γ)g. Momentum is the
/// method's: ``Momentum/fixed(_:)`` repeats the update as PyTorch's does. The state's vectors are v
/// and, where centered, ḡ.
public struct RMSprop: Direction, Hashable, Codable {
  /// γ, the decay of the averages. Default 0.99.
  public var decay: Double
  /// ε, added to the root. Default 1e-8.
  public var epsilon: Double
  /// Whether the mean gradient's square is subtracted. Default no.
  public var isCentered: Bool

  /// Makes the direction.
  public init(decay: Double = 0.99, epsilon: Double = 1e-8, isCentered: Bool = false) {
    self.decay = decay
    self.epsilon = epsilon
    self.isCentered = isCentered
  }

  public static let settings: [Setting<RMSprop>] = [
    Setting("decay", \.decay, .decay, "Decay of the averages."),
    Setting("epsilon", \.epsilon, .nonnegative, "Added to the root."),
    Setting(
      "centered", \.isCentered, .either, "Whether the mean gradient's square is subtracted."),
  ]

  public func makeState<V: ParameterVector>(for parameters: V) -> DirectionState<V> {
    DirectionState(vectors: (0..<(isCentered ? 2 : 1)).map { _ in parameters.zeros() })
  }

  public func advance<L: Linearization>(
    _ input: DirectionInput<L>, from state: DirectionState<L.Vector>,
    to next: inout DirectionState<L.Vector>, direction: inout L.Vector
  ) -> DirectionProducts {
    let gradient = input.gradient
    var products = direction.formScaledGradient(
      AdamCoefficients(decay: decay, gain: 1 - decay, epsilon: epsilon),
      gradient: gradient, second: state.vectors[0], nextSecond: &next.vectors[0])
    guard isCentered else { return products }
    next.vectors[1].formLinearCombination(decay, state.vectors[1], 1 - decay, gradient)
    var variance = gradient.zeros()
    direction.formProduct(next.vectors[1], next.vectors[1])
    variance.formLinearCombination(1, next.vectors[0], -1, direction)
    // Rounding can make it negative where the gradient hardly varies.
    variance.clamp(to: 0...(.infinity))
    var root = variance
    root.formSquareRoot(of: variance, plus: 0)
    direction.formQuotient(gradient, root, plus: epsilon)
    let squaredNorm = products.gradientDotGradient
    products = gradient.products(withDirection: direction)
    products.gradientDotGradient = squaredNorm
    return products
  }
}
