/// RMSprop's direction, d = g/(√v + ε) (Tieleman and Hinton 2012, lecture 6.5; options and defaults
/// as in PyTorch).
///
///     v ← γv + (1 − γ)g²
///     d = g / (√v + ε)
///
/// Centered (Graves 2013, §4.2), the root is of v − ḡ², with ḡ ← γḡ + (1 − γ)g. Momentum is the
/// method's: ``FixedMomentum`` repeats the update as PyTorch's does. The state's vectors are v
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

  public func makeState<V: ParameterVector>(
    for parameters: V, layout: ParameterLayout?
  ) -> DirectionState<V> {
    DirectionState(vectors: (0..<(isCentered ? 2 : 1)).map { _ in parameters.zeros() })
  }

  public func advance<V: ParameterVector>(
    _ input: DirectionInput<V>, from state: DirectionState<V>, to next: inout DirectionState<V>,
    direction: inout V
  ) -> DirectionProducts {
    let products = direction.formScaledGradient(
      coefficients, gradient: input.gradient, second: state.vectors[0])
    if !isCentered { return products }
    let squaredNorm = products.gradientDotGradient
    // To work on.
    next.makeRoom(for: 1, like: direction)
    center(input.gradient, state, &next.vectors[0], &direction)
    var centered = input.gradient.products(withDirection: direction)
    centered.gradientDotGradient = squaredNorm
    return centered
  }

  public func commit<V: ParameterVector>(
    _ input: DirectionInput<V>, _ next: inout DirectionState<V>, to state: inout DirectionState<V>
  ) {
    V.advanceSecondMoment(coefficients, gradient: input.gradient, second: &state.vectors[0])
    if isCentered {
      state.vectors[1].formLinearCombination(selfTimes: decay, 1 - decay, input.gradient)
    }
  }

  /// Writes g/(√(v − ḡ²) + ε), both averages advanced, into the direction.
  private func center<V: ParameterVector>(
    _ gradient: V, _ state: DirectionState<V>, _ scratch: inout V, _ direction: inout V
  ) {
    scratch.formLinearCombination(decay, state.vectors[1], 1 - decay, gradient)
    direction.formProduct(scratch, scratch)
    scratch.assign(state.vectors[0])
    V.advanceSecondMoment(coefficients, gradient: gradient, second: &scratch)
    scratch.formLinearCombination(selfTimes: 1, -1, direction)
    // Rounding can make it negative where the gradient hardly varies.
    scratch.clamp(to: 0...(.infinity))
    direction.formSquareRoot(of: scratch, plus: 0)
    scratch.formQuotient(gradient, direction, plus: epsilon)
    swap(&scratch, &direction)
  }

  private var coefficients: AdamCoefficients {
    AdamCoefficients(decay: decay, gain: 1 - decay, epsilon: epsilon)
  }
}
