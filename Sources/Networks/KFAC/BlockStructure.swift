import AdamQLR
import Torch

/// A part of the parameters that K-FAC's curvature treats apart from all others.
///
/// A block has a fixed number of vectors in the direction's state, from `place` on: first its factors
/// F, then what stands for their inverse.
protocol CurvatureBlock {
  /// The number of elements of each of its factors.
  var factorCounts: [Int] { get }

  /// The number of elements of each of its inverses.
  var inverseCounts: [Int] { get }

  /// F ← γF + new.
  ///
  /// - Parameter decay: γ; `nil` where there is no F yet.
  func update(
    _ estimates: CurvatureEstimates, decay: Double?, from previous: [FlatVector],
    to vectors: inout [FlatVector], at place: Int)

  /// Makes what stands for the inverse, or returns the matrices that are to be factorized for it.
  func invert(
    _ vectors: inout [FlatVector], at place: Int, _ factors: FactorState
  ) throws -> [Kernels.CholeskyJob]

  /// Writes the block's part of Ĉ⁻¹g.
  func precondition(
    _ gradient: Tensor, into direction: Tensor, _ factors: FactorState, _ vectors: [FlatVector],
    at place: Int)

  /// The block's part of uᵀĈu, undamped.
  func product(
    along update: Tensor, _ factors: FactorState, _ vectors: [FlatVector], at place: Int
  ) -> Double
}

/// How a model's parameters fall into blocks.
struct BlockStructure {
  /// The blocks in the order of their parameters, and where their vectors start in the state.
  private(set) var blocks: [(block: any CurvatureBlock, place: Int)] = []
  /// The parameters whose derivatives by example take a pullback each.
  private(set) var pulledParameters: [Int] = []
  /// The numbers of elements of all vectors.
  private var counts: [Int] = []

  init(_ linearization: NetworkObjective.Linearized, isExact: Bool) {
    let record = linearization.record
    let entries = linearization.layout.entries
    let examples = linearization.exampleCount
    let uses = record.useCounts
    let products = record.products.filter {
      $0.product.rowCount > 0 && $0.product.rowCount.isMultiple(of: examples)
    }
    var found: [(offset: Int, block: any CurvatureBlock)] = []
    var covered: Set<Int> = []
    for (number, product, weight, bias) in products where uses[weight] == 1 {
      let ownBias = bias.flatMap { uses[$0] == 1 ? $0 : nil }
      let block = KroneckerBlock(
        number: number, weight: entries[weight], bias: ownBias.map { entries[$0] },
        locations: product.rowCount / examples, isExact: isExact)
      found.append((entries[weight].offset, block))
      covered.formUnion([weight, ownBias ?? weight])
    }
    for (parameter, entry) in entries.enumerated() where !covered.contains(parameter) {
      let parts = products.flatMap { number, _, weight, bias in
        (weight == parameter ? [ProductUse(number: number, isBias: false)] : [])
          + (bias == parameter ? [ProductUse(number: number, isBias: true)] : [])
      }
      let isPulled = parts.count != uses[parameter]
      if isPulled { pulledParameters.append(parameter) }
      let block = DiagonalBlock(
        parameter: parameter, entry: entry, uses: isPulled ? nil : parts)
      found.append((entry.offset, block))
    }
    for (_, block) in found.sorted(by: { $0.offset < $1.offset }) {
      blocks.append((block, counts.count))
      counts += block.factorCounts + block.inverseCounts
    }
  }

  /// Fails where the vectors are not those of these blocks.
  func check(_ state: DirectionState<FlatVector>) throws(KFACError) {
    let found = state.vectors.map(\.count)
    guard counts == found else {
      throw KFACError.stateMismatch(expected: counts, found: found)
    }
  }

  /// Makes room for the vectors, unless there is.
  func prepare(_ state: inout DirectionState<FlatVector>, _ type: DataType) {
    if state.vectors.map(\.count) != counts {
      state.vectors = counts.map { FlatVector(zeros: $0, type) }
    }
  }

  enum Part { case factors, inverses }

  /// Takes over what does not change.
  func share(
    _ part: Part, from state: DirectionState<FlatVector>,
    to next: inout DirectionState<FlatVector>
  ) {
    for (block, place) in blocks {
      let middle = place + block.factorCounts.count
      let range =
        part == .factors ? place..<middle : middle..<(middle + block.inverseCounts.count)
      for index in range { next.vectors[index] = state.vectors[index] }
    }
  }

  /// Makes all inverses; whether one needed more damping than was asked for.
  func invert(_ state: inout DirectionState<FlatVector>, _ factors: FactorState) throws -> Bool {
    var jobs: [Kernels.CholeskyJob] = []
    for (block, place) in blocks {
      jobs += try block.invert(&state.vectors, at: place, factors)
    }
    return Kernels.factorize(jobs).contains(.shifted)
  }
}

/// A place where a parameter enters a ``FactoredProduct``.
struct ProductUse {
  /// The number of the operation.
  let number: Int
  /// Whether it is the product's b, rather than its W.
  let isBias: Bool
}
