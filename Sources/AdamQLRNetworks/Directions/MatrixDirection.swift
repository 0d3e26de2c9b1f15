import AdamQLR
import AdamQLRTorch

/// A direction that treats the matrices among the parameters as matrices, by the layout that the
/// optimizer is given.
///
/// It works on a ``FlatVector`` of parameters, of whatever objective. A parameter of more than two
/// dimensions is seen as the matrix of its last dimension by all others.
protocol MatrixDirection: Direction {
  /// What errors call it.
  static var name: String { get }

  /// The numbers of elements of the state's vectors, which are zeros at first.
  func vectorCounts(_ layout: ParameterLayout) -> [Int]

  /// As ``Direction/advance(_:from:to:direction:)``.
  ///
  /// - Parameter direction: Receives all elements of d.
  func advance(
    _ input: DirectionInput<FlatVector>, from state: DirectionState<FlatVector>,
    to next: inout DirectionState<FlatVector>, into direction: Tensor
  ) throws

  /// As ``Direction/commit(_:_:to:)``.
  func commit(
    _ input: DirectionInput<FlatVector>, from next: inout DirectionState<FlatVector>,
    to state: inout DirectionState<FlatVector>)
}

extension MatrixDirection {
  public func makeState<V: ParameterVector>(
    for parameters: V, layout: ParameterLayout?
  ) throws(OptimizerError) -> DirectionState<V> {
    let parameters = try FlatVector(parameters, for: Self.name)
    guard let layout else { throw .layoutMissing(Self.name) }
    return identity(
      DirectionState(
        vectors: vectorCounts(layout).map { FlatVector(zeros: $0, like: parameters.tensor) }))
  }

  public func advance<V: ParameterVector>(
    _ input: DirectionInput<V>, from state: DirectionState<V>, to next: inout DirectionState<V>,
    direction: inout V
  ) throws -> DirectionProducts {
    try withIdentity(&next, DirectionState<FlatVector>.self) { next in
      try withIdentity(&direction, FlatVector.self) { direction in
        try advance(
          identity(input), from: identity(state), to: &next, into: direction.overwritten())
      }
    }
    return input.gradient.products(withDirection: direction)
  }

  public func commit<V: ParameterVector>(
    _ input: DirectionInput<V>, _ next: inout DirectionState<V>, to state: inout DirectionState<V>
  ) {
    withIdentity(&next, DirectionState<FlatVector>.self) { next in
      withIdentity(&state, DirectionState<FlatVector>.self) { state in
        commit(identity(input), from: &next, to: &state)
      }
    }
  }
}

extension ParameterLayout.Entry {
  /// Whether it is a matrix, or seen as one.
  var isMatrix: Bool { shape.count >= 2 }

  /// The rows and columns of the matrix.
  var matrixShape: [Int] {
    let columns = shape.last ?? 1
    return [count / max(columns, 1), columns]
  }

  /// Its elements in a vector of all parameters, as a matrix.
  func matrix(in vector: Tensor) -> Tensor { vector.slice(from: offset, shape: matrixShape) }

  /// Its elements in a vector of all parameters, in one dimension.
  func elements(in vector: Tensor) -> Tensor { vector.slice(from: offset, shape: [count]) }
}
