import AdamQLR
import AdamQLRTorch

/// One parameter with a diagonal block: the average over examples of the squared derivatives by it.
///
/// Its factor is F, its inverse the damped value F/w + λ.
struct DiagonalBlock: CurvatureBlock {
  /// The number of the parameter.
  let parameter: Int
  let entry: ParameterLayout.Entry
  /// All its uses; `nil` where one is not known.
  var uses: [RecordedUse]?

  var factorCounts: [Int] { [entry.count] }

  var inverseCounts: [Int] { [entry.count] }

  func update(
    _ vectors: inout [FlatVector], at place: Int, by estimates: CurvatureEstimates,
    _ update: FactorUpdate
  ) {
    let squares = estimates.squares(of: parameter, uses)
    let new = FlatVector(takingOver: squares.reshaped([entry.count]))
    switch update {
    case .replace: vectors[place].formLinearCombination(1, new, 0, new)
    case .average(let decay, let previous):
      vectors[place].formLinearCombination(1, new, decay, previous[place])
    case .add, .addPart: vectors[place].add(new, scaledBy: 1, in: nil)
    }
  }

  mutating func releaseRecord() { uses = nil }

  func invert(
    _ vectors: inout [FlatVector], at place: Int, _ factors: FactorState
  ) -> [Kernels.CholeskyJob] {
    // Without damping, what has no curvature must not become 0/0.
    let damping = max(factors.inverseDamping, Double(Float.leastNormalMagnitude))
    let value = (1 / factors.weight) * vectors[place].tensor
    vectors[place + 1].overwritten().overwrite(with: value + damping)
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
