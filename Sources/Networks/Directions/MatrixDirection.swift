import AdamQLR
import Torch

/// A direction that treats the matrices among a network's parameters as matrices, by the layout of
/// the ``NetworkObjective`` that it works on.
///
/// A parameter of more than two dimensions is seen as the matrix of its last dimension by all others.
/// The shapes are known at the first step, so the state is empty before it.
protocol MatrixDirection: Direction {
  /// What errors call it.
  static var name: String { get }

  /// The numbers of elements of the state's vectors.
  func vectorCounts(_ layout: ParameterLayout) -> [Int]

  /// Writes the direction and the next state.
  ///
  /// - Parameters:
  ///   - gradient: g.
  ///   - parameters: θ.
  ///   - layout: Where its parts lie.
  ///   - state: The vectors before this step; zeros at first.
  ///   - next: Receives the state after it.
  ///   - isFirst: Whether the state is that before the first step.
  ///   - direction: Receives all elements of d.
  func advance(
    _ gradient: Tensor, at parameters: Tensor, _ layout: ParameterLayout,
    from state: [FlatVector], to next: inout DirectionState<FlatVector>, isFirst: Bool,
    direction: Tensor
  ) throws
}

extension MatrixDirection {
  public func makeState<V: ParameterVector>(for parameters: V) -> DirectionState<V> {
    DirectionState()
  }

  /// Whether the state has no numbers; whether its vectors fit the model is known at the next step.
  public func accepts<V: ParameterVector>(_ state: DirectionState<V>, for parameters: V) -> Bool {
    state.scalars.isEmpty
  }

  public func advance<L: Linearization>(
    _ input: DirectionInput<L>, from state: DirectionState<L.Vector>,
    to next: inout DirectionState<L.Vector>, direction: inout L.Vector
  ) throws -> DirectionProducts {
    guard let linearization = input.linearization as? any NetworkLinearization,
      let gradient = input.gradient as? FlatVector,
      let parameters = input.parameters as? FlatVector,
      let state = state as? DirectionState<FlatVector>
    else { throw MatrixDirectionError.objectiveUnsupported(Self.name, "\(L.self)") }
    let layout = linearization.layout
    let counts = vectorCounts(layout)
    func zeros() -> [FlatVector] { counts.map { FlatVector(zeros: $0, like: gradient.tensor) } }
    let isFirst = state.vectors.isEmpty
    let found = state.vectors.map(\.count)
    guard isFirst || found == counts else {
      throw MatrixDirectionError.stateMismatch(Self.name, expected: counts, found: found)
    }
    let previous = isFirst ? zeros() : state.vectors
    try withIdentity(&next, DirectionState<FlatVector>.self) { next in
      if next.vectors.map(\.count) != counts { next.vectors = zeros() }
      try withIdentity(&direction, FlatVector.self) { direction in
        try advance(
          gradient.tensor, at: parameters.tensor, layout, from: previous, to: &next,
          isFirst: isFirst, direction: direction.overwritten())
      }
    }
    return input.gradient.products(withDirection: direction)
  }
}

/// What ``Shampoo`` and ``Muon`` cannot go on without.
public enum MatrixDirectionError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The objective of this type, not a network's, was given to the direction of that name.
  case objectiveUnsupported(String, String)
  /// The state of the direction of that name was made for another model or by other settings.
  case stateMismatch(String, expected: [Int], found: [Int])

  /// What went wrong, in one line.
  public var description: String {
    switch self {
    case .objectiveUnsupported(let name, let type):
      "\(name) needs the matrices of a network: use it on a NetworkObjective, not on \(type)"
    case .stateMismatch(let name, let expected, let found):
      "\(name)'s state belongs to another model or other settings: its vectors have \(found) "
        + "elements, but \(expected) are expected"
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
