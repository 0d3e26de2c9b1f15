/// Adam's direction, d = m̂/(√(v̂ + ε_root) + ε) (Kingma and Ba 2015, Algorithm 1).
///
/// m̂ and v̂ are the averages of the gradient and its square, with decays β₁ and β₂, corrected for
/// their start at zero. The state's vectors are m and v; with a relative ε, its number is the sum of
/// the elements of v before the last step.
public struct Adam: Direction, Hashable, Codable {
  /// β₁, the decay of the gradient's average. Default 0.9.
  public var beta1: Double
  /// β₂, the decay of the squared gradient's average. Default 0.999.
  public var beta2: Double
  /// ε, added to the root of the second moment. Default 1e-8.
  public var epsilon: Double
  /// ε_root, added inside the root. Default 0.
  public var epsilonRoot: Double
  /// r, for an ε that follows the gradient's scale: r times the root of the mean of v̂'s elements, as
  /// it was before this step, is added to ε. Parameters whose gradients are far below the average
  /// then move by less than the others, instead of by as much. Default 0. Not in the paper.
  public var relativeEpsilon: BatchDependent

  /// Makes the direction.
  public init(
    beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8, epsilonRoot: Double = 0,
    relativeEpsilon: BatchDependent = 0
  ) {
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.epsilonRoot = epsilonRoot
    self.relativeEpsilon = relativeEpsilon
  }

  public static let settings: [Setting<Adam>] = [
    Setting("beta1", \.beta1, .decay, "Adam: decay of the first moment."),
    Setting("beta2", \.beta2, .decay, "Adam: decay of the second moment."),
    Setting("epsilon", \.epsilon, .nonnegative, "Adam: added to the root."),
    Setting("epsilon-root", \.epsilonRoot, .nonnegative, "Adam: added inside the root."),
    Setting(
      "relative-epsilon", .nonnegative,
      "Adam: times √ of v's mean, added to ε; × the share of the data not in a batch.",
      get: { $0.relativeEpsilon.small }, set: { $0.relativeEpsilon = .unseen($1) }),
  ]

  public var problem: String? {
    relativeEpsilon.value == nil
      ? "relative-epsilon depends on how many batches make an epoch: say it by "
        + "Method.resolved(for:)" : nil
  }

  public func resolved(for run: RunShape) -> Adam {
    var adam = self
    adam.relativeEpsilon = relativeEpsilon.resolved(for: run)
    return adam
  }

  public func makeState<V: ParameterVector>(
    for parameters: V, layout: ParameterLayout?
  ) -> DirectionState<V> {
    DirectionState(
      vectors: [parameters.zeros(), parameters.zeros()],
      scalars: relativeEpsilon == 0 ? [] : [0])
  }

  public func advance<V: ParameterVector>(
    _ input: DirectionInput<V>, from state: DirectionState<V>, to next: inout DirectionState<V>,
    direction: inout V
  ) -> DirectionProducts {
    direction.formAdamDirection(
      coefficients(input, from: state, to: &next), gradient: input.gradient,
      first: state.vectors[0], second: state.vectors[1])
  }

  public func commit<V: ParameterVector>(
    _ input: DirectionInput<V>, _ next: inout DirectionState<V>, to state: inout DirectionState<V>
  ) {
    let coefficients = AdamCoefficients(
      beta1: beta1, beta2: beta2, epsilon: epsilon, epsilonRoot: epsilonRoot, step: next.step)
    state.advanceMoments(coefficients, input.gradient)
  }

  /// The coefficients of this step, with the relative ε, whose number it writes to the next state.
  ///
  /// They are those of any direction whose second moments have the sum of v's elements, as they have in
  /// other orthogonal bases.
  package func coefficients<V: ParameterVector>(
    _ input: DirectionInput<V>, from state: DirectionState<V>, to next: inout DirectionState<V>
  ) -> AdamCoefficients {
    var coefficients = AdamCoefficients(
      beta1: beta1, beta2: beta2, epsilon: epsilon, epsilonRoot: epsilonRoot, step: next.step)
    if let r = relativeEpsilon.value, r != 0 {
      coefficients.epsilon += r * typicalMagnitude(input, state, &next)
    }
    return coefficients
  }

  /// The root of the mean of v̂'s elements before this step; at the first, of this gradient's squares.
  private func typicalMagnitude<V: ParameterVector>(
    _ input: DirectionInput<V>, _ state: DirectionState<V>, _ next: inout DirectionState<V>
  ) -> Double {
    let count = Double(max(input.gradient.count, 1))
    guard state.step > 0, let square = input.previousGradientDotGradient else {
      next.scalars[0] = 0
      return (input.gradient.dot(input.gradient) / count).squareRoot()
    }
    next.scalars[0] = beta2 * state.scalars[0] + (1 - beta2) * square
    return (next.scalars[0] / (1 - power(beta2, state.step)) / count).squareRoot()
  }
}
