import AdamQLR
import Torch

/// One parameter with a diagonal block: the average over examples of the squared derivatives by it.
///
/// Its factor is F, its inverse the damped value F/w + λ.
struct DiagonalBlock: CurvatureBlock {
  /// The number of the parameter.
  let parameter: Int
  let entry: ParameterLayout.Entry
  /// All its uses, where they are in products; `nil` where one is not.
  let uses: [ProductUse]?

  var factorCounts: [Int] { [entry.count] }

  var inverseCounts: [Int] { [entry.count] }

  func update(
    _ estimates: CurvatureEstimates, decay: Double?, from previous: [FlatVector],
    to vectors: inout [FlatVector], at place: Int
  ) {
    let squares = estimates.squares(of: parameter, shape: entry.shape, uses)
    let new = FlatVector(takingOver: squares.reshaped([entry.count]))
    vectors[place].formLinearCombination(
      1, new, decay ?? 0, decay == nil ? new : previous[place])
  }

  func invert(
    _ vectors: inout [FlatVector], at place: Int, _ factors: FactorState
  ) -> [Kernels.CholeskyJob] {
    let ones = FlatVector(Array(repeating: 1, count: entry.count), vectors[place].type)
    // Without damping, what has no curvature must not become 0/0.
    let damping = max(factors.inverseDamping, Double(Float.leastNormalMagnitude))
    let value = vectors[place]
    vectors[place + 1].formLinearCombination(1 / factors.weight, value, damping, ones)
    return []
  }

  func precondition(
    _ gradient: Tensor, into direction: Tensor, _ factors: FactorState, _ vectors: [FlatVector],
    at place: Int
  ) {
    Kernels.formQuotient(
      gradient.slice(from: entry.offset, shape: [entry.count]), vectors[place + 1].tensor, plus: 0,
      into: direction.slice(from: entry.offset, shape: [entry.count]))
  }

  func product(
    along update: Tensor, _ factors: FactorState, _ vectors: [FlatVector], at place: Int
  ) -> Double {
    let u = update.slice(from: entry.offset, shape: [entry.count])
    return Kernels.dot(u, u * vectors[place].tensor) / factors.weight
  }
}
