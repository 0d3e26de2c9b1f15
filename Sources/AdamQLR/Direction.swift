/// How a step finds its direction d from the gradient g; the step itself is θ ← θ − αd.
///
/// A direction is a value that holds settings only. What it remembers between steps lives in a
/// ``DirectionState``, which it reads and whose successor it writes; the optimizer decides which of
/// the two survives the step, so that a step can be taken back for free.
///
///     struct SignDescent: Direction {
///       func makeState<V: ParameterVector>(for parameters: V) -> DirectionState<V> {
///         DirectionState()
///       }
///       func advance<L: Linearization>(
///         _ input: DirectionInput<L>, from state: DirectionState<L.Vector>,
///         to next: inout DirectionState<L.Vector>, direction: inout L.Vector
///       ) -> DirectionProducts {
///         var magnitude = input.gradient
///         magnitude.formProduct(input.gradient, input.gradient)
///         magnitude.formSquareRoot(of: magnitude, plus: 1e-30)
///         direction.formQuotient(input.gradient, magnitude, plus: 0)
///         return input.gradient.products(withDirection: direction)
///       }
///     }
public protocol Direction: Sendable {
  /// The state before the first step.
  func makeState<Vector: ParameterVector>(for parameters: Vector) -> DirectionState<Vector>

  /// Whether a state that was saved can be one of this direction for parameters like these.
  ///
  /// Default: its vectors and numbers are as many as ``makeState(for:)`` makes, and as long.
  func accepts<Vector: ParameterVector>(
    _ state: DirectionState<Vector>, for parameters: Vector
  ) -> Bool

  /// Writes the direction at this step, and the state that follows from it.
  ///
  /// - Parameters:
  ///   - input: The gradient, the parameters, and what else is known at this point.
  ///   - state: The state before this step.
  ///   - next: Receives the state after it; made by ``makeState(for:)`` and otherwise of arbitrary
  ///     content. ``DirectionState/step`` is already advanced.
  ///   - direction: Receives d.
  /// - Returns: The scalar products of g and d, so that a direction that can have them in the same
  ///   pass over memory saves one; ``ParameterVector/products(withDirection:)`` otherwise.
  func advance<L: Linearization>(
    _ input: DirectionInput<L>, from state: DirectionState<L.Vector>,
    to next: inout DirectionState<L.Vector>, direction: inout L.Vector
  ) throws -> DirectionProducts

  /// uᵀĈu, with Ĉ the direction's own undamped approximation of the curvature, which its `state`
  /// after this step holds. Default: `nil`, it has none.
  func curvature<L: Linearization>(
    along update: L.Vector, in state: DirectionState<L.Vector>, at linearization: L
  ) throws -> Double?

  /// Where what was learned is to be judged and used, for a direction whose gradients are taken
  /// elsewhere: its average of parameters. Default: `nil`, at the parameters themselves.
  ///
  /// - Parameters:
  ///   - parameters: The parameters after a step.
  ///   - learningRate: The α of the last step that was taken.
  ///   - state: The state after it.
  func evaluationPoint<Vector: ParameterVector>(
    for parameters: Vector, learningRate: Double, in state: DirectionState<Vector>
  ) -> Vector?
}

extension Direction {
  public func accepts<Vector: ParameterVector>(
    _ state: DirectionState<Vector>, for parameters: Vector
  ) -> Bool {
    let own = makeState(for: parameters)
    return state.vectors.map(\.count) == own.vectors.map(\.count)
      && state.scalars.count == own.scalars.count
  }

  public func curvature<L: Linearization>(
    along update: L.Vector, in state: DirectionState<L.Vector>, at linearization: L
  ) throws -> Double? { nil }

  public func evaluationPoint<Vector: ParameterVector>(
    for parameters: Vector, learningRate: Double, in state: DirectionState<Vector>
  ) -> Vector? { nil }
}

/// What a direction may look at.
public struct DirectionInput<L: Linearization> {
  /// The gradient g, after gradient clipping.
  public let gradient: L.Vector
  /// The parameters θ.
  public let parameters: L.Vector
  /// The objective as evaluated at θ.
  public let linearization: L
  /// The damping λ of this step.
  public let damping: Double
  /// The weight w of the regularization ½w‖θ‖², whose gradient wθ is part of g.
  public let l2: Double
  /// α of this step where it is known before the direction is: a fixed or a scheduled one; `nil` where
  /// it comes from the direction, or is learned. A direction that has the learning rate in its state
  /// takes 1 for one that it does not know.
  public let learningRate: Double?
  /// gᵀg of the gradient with which the direction last advanced; `nil` at its first step. It is
  /// known already, while that of this gradient may still be on its way from a device.
  public let previousGradientDotGradient: Double?
}

/// What a direction remembers between steps.
public struct DirectionState<Vector: ParameterVector>: Codable, Sendable {
  /// The number of steps taken, those not counted that were taken back.
  public var step = 0
  /// Vectors, laid out like the parameters unless the direction says otherwise, in an order that it
  /// fixes.
  public var vectors: [Vector]
  /// Numbers in an order that the direction fixes.
  public var scalars: [Double]

  /// A state before the first step.
  public init(vectors: [Vector] = [], scalars: [Double] = []) {
    self.vectors = vectors
    self.scalars = scalars
  }
}
