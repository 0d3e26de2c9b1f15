/// How a step finds its direction d from the gradient g; the step itself is θ ← θ − αd.
///
/// A direction is a value that holds settings only. What it remembers between steps lives in a
/// ``DirectionState``, which it reads and of which it writes the successor; the optimizer decides
/// whether that is ever committed, so that a step can be taken back.
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
public protocol Direction: Heuristic {
  /// The state before the first step.
  func makeState<Vector: ParameterVector>(for parameters: Vector) -> DirectionState<Vector>

  /// Whether a state that was saved can be one of this direction for parameters like these.
  ///
  /// Default: its vectors and numbers are as many as ``makeState(for:)`` makes, and as long.
  func accepts<Vector: ParameterVector>(
    _ state: DirectionState<Vector>, for parameters: Vector
  ) -> Bool

  /// What ``advance(_:from:to:direction:)`` writes the next state on.
  ///
  /// Default: as ``makeState(for:)``. A direction that can make its next state from the gradient again,
  /// in place, returns one without vectors and implements ``commit(_:at:_:to:)``, so that memory has to
  /// hold its state once.
  func makeNextState<Vector: ParameterVector>(for parameters: Vector) -> DirectionState<Vector>

  /// Goes on to the state after a step.
  ///
  /// Default: swaps both.
  ///
  /// - Parameters:
  ///   - gradient: g, as ``advance(_:from:to:direction:)`` saw it.
  ///   - parameters: θ, likewise.
  ///   - next: What ``advance(_:from:to:direction:)`` wrote.
  ///   - state: The state before the step; receives the state after it.
  func commit<Vector: ParameterVector>(
    _ gradient: Vector, at parameters: Vector, _ next: inout DirectionState<Vector>,
    to state: inout DirectionState<Vector>)

  /// w, where the direction is that of the loss with ½w‖θ‖² added. Default 0.
  var l2: Double { get }

  /// Writes the direction at this step, and what its next state cannot be made without.
  ///
  /// - Parameters:
  ///   - input: The gradient, the parameters, and what else is known at this point.
  ///   - state: The state before this step.
  ///   - next: Receives the state after it; made by ``makeNextState(for:)`` and otherwise of arbitrary
  ///     content. ``DirectionState/step`` is already advanced.
  ///   - direction: Receives d.
  /// - Returns: The scalar products of g and d, so that a direction that can have them in the same
  ///   pass over memory saves one; ``ParameterVector/products(withDirection:)`` otherwise.
  func advance<L: Linearization>(
    _ input: DirectionInput<L>, from state: DirectionState<L.Vector>,
    to next: inout DirectionState<L.Vector>, direction: inout L.Vector
  ) throws -> DirectionProducts

  /// Whether ``curvature(along:from:to:at:)`` knows a curvature. Default no.
  var hasCurvature: Bool { get }

  /// uᵀĈu, with Ĉ the direction's own undamped approximation of the curvature. Default: `nil`, it has
  /// none.
  ///
  /// - Parameters:
  ///   - update: u.
  ///   - state: The state before this step.
  ///   - next: What ``advance(_:from:to:direction:)`` wrote at this step.
  ///   - linearization: The objective as evaluated at θ.
  func curvature<L: Linearization>(
    along update: L.Vector, from state: DirectionState<L.Vector>,
    to next: DirectionState<L.Vector>, at linearization: L
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
  public func makeNextState<Vector: ParameterVector>(
    for parameters: Vector
  ) -> DirectionState<Vector> {
    makeState(for: parameters)
  }

  public func commit<Vector: ParameterVector>(
    _ gradient: Vector, at parameters: Vector, _ next: inout DirectionState<Vector>,
    to state: inout DirectionState<Vector>
  ) {
    swap(&state, &next)
  }

  public var l2: Double { 0 }
  public var hasCurvature: Bool { false }

  public func accepts<Vector: ParameterVector>(
    _ state: DirectionState<Vector>, for parameters: Vector
  ) -> Bool {
    let own = makeState(for: parameters)
    return state.vectors.map(\.count) == own.vectors.map(\.count)
      && state.scalars.count == own.scalars.count
  }

  public func curvature<L: Linearization>(
    along update: L.Vector, from state: DirectionState<L.Vector>,
    to next: DirectionState<L.Vector>, at linearization: L
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

extension DirectionState {
  /// Advances Adam's moments, the first two vectors, by a gradient.
  mutating func advanceMoments(_ coefficients: AdamCoefficients, _ gradient: Vector) {
    vectors.withUnsafeMutableBufferPointer { moments in
      let moments = moments
      Vector.advanceMoments(
        coefficients, gradient: gradient, first: &moments[0], second: &moments[1])
    }
  }
}
