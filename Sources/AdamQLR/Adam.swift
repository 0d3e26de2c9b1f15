/// Adam's direction, d = m̂/(√(v̂ + ε_root) + ε) (Kingma and Ba 2015, Algorithm 1).
///
/// m̂ and v̂ are the averages of the gradient and its square, with decays β₁ and β₂, corrected for
/// their start at zero. The state's vectors are m and v.
public struct Adam: Direction, Hashable, Codable {
  /// β₁, the decay of the gradient's average. Default 0.9.
  public var beta1: Double
  /// β₂, the decay of the squared gradient's average. Default 0.999.
  public var beta2: Double
  /// ε, added to the root of the second moment. Default 1e-8.
  public var epsilon: Double
  /// ε_root, added inside the root. Default 0.
  public var epsilonRoot: Double

  /// Makes the direction.
  ///
  /// - Precondition: 0 ≤ β₁ < 1, 0 ≤ β₂ < 1, ε ≥ 0, ε_root ≥ 0.
  public init(
    beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8, epsilonRoot: Double = 0
  ) {
    precondition((0..<1).contains(beta1), "beta1 is \(beta1), but must lie in 0..<1")
    precondition((0..<1).contains(beta2), "beta2 is \(beta2), but must lie in 0..<1")
    precondition(epsilon >= 0 && epsilonRoot >= 0, "epsilon and epsilonRoot must not be negative")
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.epsilonRoot = epsilonRoot
  }

  public func makeState<V: ParameterVector>(for parameters: V) -> DirectionState<V> {
    DirectionState(vectors: [parameters.zeros(), parameters.zeros()])
  }

  public func advance<L: Linearization>(
    _ input: DirectionInput<L>, from state: DirectionState<L.Vector>,
    to next: inout DirectionState<L.Vector>, direction: inout L.Vector
  ) -> DirectionProducts {
    let coefficients = AdamCoefficients(
      beta1: beta1, beta2: beta2, epsilon: epsilon, epsilonRoot: epsilonRoot, step: next.step)
    return next.vectors.withUnsafeMutableBufferPointer { moments in
      let moments = moments
      return direction.formAdamDirection(
        coefficients, gradient: input.gradient, first: state.vectors[0], second: state.vectors[1],
        nextFirst: &moments[0], nextSecond: &moments[1])
    }
  }
}
