/// How a step finds its direction d from the gradient g; the step itself is θ ← θ − αd.
///
/// A direction is a value that holds settings only. What it remembers between steps lives in a
/// ``DirectionState``, made when an optimizer is; ``advance(_:from:to:direction:)`` only looks at it,
/// and ``commit(_:_:to:)`` changes it once it is certain that the step counts, so that one can be
/// taken back.
///
///     /// The gradient's sign, by an average of gradients.
///     struct SignDescent: Direction {
///       func makeState<V: ParameterVector>(
///         for parameters: V, layout: ParameterLayout?
///       ) -> DirectionState<V> {
///         DirectionState(vectors: [parameters.zeros()])
///       }
///       func advance<V: ParameterVector>(
///         _ input: DirectionInput<V>, from state: DirectionState<V>,
///         to next: inout DirectionState<V>, direction: inout V
///       ) -> DirectionProducts {
///         direction.formLinearCombination(0.9, state.vectors[0], 0.1, input.gradient)
///         direction.formSign()
///         return input.gradient.products(withDirection: direction)
///       }
///       func commit<V: ParameterVector>(
///         _ input: DirectionInput<V>, _ next: inout DirectionState<V>,
///         to state: inout DirectionState<V>
///       ) {
///         state.vectors[0].formLinearCombination(selfTimes: 0.9, 0.1, input.gradient)
///       }
///     }
public protocol Direction: Heuristic {
  /// The state before the first step. Default: nothing.
  ///
  /// - Parameters:
  ///   - parameters: Some like those that will be given to ``advance(_:from:to:direction:)``.
  ///   - layout: Their names, shapes and roles, where known.
  /// - Throws: ``OptimizerError`` where the direction cannot work on such parameters.
  func makeState<Vector: ParameterVector>(
    for parameters: Vector, layout: ParameterLayout?
  ) throws(OptimizerError) -> DirectionState<Vector>

  /// Whether a state that was saved can stand in the place of `own`, the one before the first step.
  ///
  /// Default: its vectors and numbers are as many, and its vectors as long.
  func accepts<Vector: ParameterVector>(
    _ state: DirectionState<Vector>, inPlaceOf own: DirectionState<Vector>
  ) -> Bool

  /// Writes the direction at this step, and what ``commit(_:_:to:)`` is to know of it.
  ///
  /// - Parameters:
  ///   - input: The gradient, the parameters, and what else is known at this point.
  ///   - state: The state before this step.
  ///   - next: Receives of the state after it what it takes this step to know.
  ///     ``DirectionState/step`` is already advanced; the numbers are those of before, and what is
  ///     made of them counts; the vectors are whatever was left there at the last step, at first
  ///     none (``DirectionState/makeRoom(for:like:)``).
  ///   - direction: Receives d.
  /// - Returns: The scalar products of g and d, so that a direction that can have them in the same
  ///   pass over memory saves one; ``ParameterVector/products(withDirection:)`` otherwise.
  func advance<Vector: ParameterVector>(
    _ input: DirectionInput<Vector>, from state: DirectionState<Vector>,
    to next: inout DirectionState<Vector>, direction: inout Vector
  ) throws -> DirectionProducts

  /// Advances the vectors of the state; its step and its numbers are replaced by those of `next`
  /// afterwards.
  ///
  /// What can be made again from the gradient is best made here, in place, so that memory has to hold
  /// it once. Default: exchanges all vectors for those of `next`, where it has any.
  ///
  /// - Parameters:
  ///   - input: What ``advance(_:from:to:direction:)`` was given.
  ///   - next: What it wrote.
  ///   - state: The state before the step; receives the vectors after it.
  func commit<Vector: ParameterVector>(
    _ input: DirectionInput<Vector>, _ next: inout DirectionState<Vector>,
    to state: inout DirectionState<Vector>)

  /// w, where the direction is that of the loss with ½w‖θ‖² added. Default 0.
  var l2: Double { get }

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
  func curvature<Vector: ParameterVector>(
    along update: Vector, from state: DirectionState<Vector>, to next: DirectionState<Vector>,
    at linearization: any Linearization<Vector>
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
  public func makeState<Vector: ParameterVector>(
    for parameters: Vector, layout: ParameterLayout?
  ) throws(OptimizerError) -> DirectionState<Vector> {
    DirectionState()
  }

  public func accepts<Vector: ParameterVector>(
    _ state: DirectionState<Vector>, inPlaceOf own: DirectionState<Vector>
  ) -> Bool {
    state.vectors.map(\.count) == own.vectors.map(\.count)
      && state.scalars.count == own.scalars.count
  }

  public func commit<Vector: ParameterVector>(
    _ input: DirectionInput<Vector>, _ next: inout DirectionState<Vector>,
    to state: inout DirectionState<Vector>
  ) {
    if !next.vectors.isEmpty { swap(&state.vectors, &next.vectors) }
  }

  public var l2: Double { 0 }
  public var hasCurvature: Bool { false }

  public func curvature<Vector: ParameterVector>(
    along update: Vector, from state: DirectionState<Vector>, to next: DirectionState<Vector>,
    at linearization: any Linearization<Vector>
  ) throws -> Double? { nil }

  public func evaluationPoint<Vector: ParameterVector>(
    for parameters: Vector, learningRate: Double, in state: DirectionState<Vector>
  ) -> Vector? { nil }
}

/// What a direction may look at.
public struct DirectionInput<Vector: ParameterVector> {
  /// The gradient g, after gradient clipping.
  public let gradient: Vector
  /// The parameters θ.
  public let parameters: Vector
  /// The objective as evaluated at θ.
  public let linearization: any Linearization<Vector>
  /// The parameters' names, shapes and roles; empty where the optimizer was made without.
  public let layout: ParameterLayout
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

  /// Makes so many vectors of zeros like another, unless there are as many vectors.
  public mutating func makeRoom(for count: Int, like other: Vector) {
    if vectors.count != count { vectors = (0..<count).map { _ in other.zeros() } }
  }

  /// Advances Adam's moments, the first two vectors, by a gradient.
  public mutating func advanceMoments(_ coefficients: AdamCoefficients, _ gradient: Vector) {
    vectors.withUnsafeMutableBufferPointer { moments in
      let moments = moments
      Vector.advanceMoments(
        coefficients, gradient: gradient, first: &moments[0], second: &moments[1])
    }
  }
}
