import AdamQLR
import AdamQLRTorch

/// A part of the parameters that K-FAC's curvature treats apart from all others.
///
/// A block has a fixed number of vectors in the direction's state, from `place` on: first its factors
/// F, then what stands for their inverse.
protocol CurvatureBlock {
  /// The number of elements of each of its factors.
  var factorCounts: [Int] { get }

  /// The number of elements of each of its inverses.
  var inverseCounts: [Int] { get }

  /// Lets F learn from the estimates.
  func update(
    _ vectors: inout [FlatVector], at place: Int, by estimates: CurvatureEstimates,
    _ update: FactorUpdate)

  /// Gives up what ``update(_:at:by:_:)`` needs of the record that the block was made for, so that
  /// its memory can be used again.
  mutating func releaseRecord()

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

/// What estimates do to a block's factors F.
enum FactorUpdate {
  /// F ← new: there is no F yet.
  case replace
  /// F ← γF + new.
  case average(decay: Double, previous: [FlatVector])
  /// F ← F + new, where the same batch's estimates by another cotangent came before. What does not
  /// depend on cotangents stays.
  case add
  /// F ← F + new, where estimates of other parts of the same batch came before.
  case addPart
}

/// How a model's parameters fall into blocks.
struct BlockStructure {
  /// The blocks in the order of their parameters, and where their vectors start in the state.
  private(set) var blocks: [(block: any CurvatureBlock, place: Int)] = []
  /// The parameters whose derivatives by example take a pullback each.
  private(set) var pulledParameters: [Int] = []
  /// The numbers of the operations whose cotangents the blocks are made of.
  private(set) var operations: Set<Int> = []
  /// The numbers of elements of all vectors.
  private var counts: [Int] = []

  init(_ linearization: some NetworkLinearization, isExact: Bool) {
    let part = linearization.part
    let record = part.record
    let entries = part.layout.entries
    let examples = part.exampleCount
    let useCounts = record.useCounts
    let products = record.products.filter {
      $0.product.rowCount > 0 && $0.product.rowCount.isMultiple(of: examples)
    }
    var found: [(offset: Int, block: any CurvatureBlock)] = []
    var covered: Set<Int> = []
    for (number, product, weight, bias) in products where useCounts[weight] == 1 {
      let ownBias = bias.flatMap { useCounts[$0] == 1 ? $0 : nil }
      for part in 0..<product.parts {
        let block = KroneckerBlock(
          number: number, product: product, part: part, weight: entries[weight],
          bias: ownBias.map { entries[$0] }, locations: product.rowCount / examples,
          isExact: isExact)
        // The parts stay together in their order: no other block starts at this place.
        found.append((entries[weight].offset, block))
      }
      covered.formUnion([weight, ownBias ?? weight])
      operations.insert(number)
    }
    if covered.count < entries.count {
      let uses = Self.uses(record, products, examples, count: entries.count)
      for (parameter, entry) in entries.enumerated() where !covered.contains(parameter) {
        let isPulled = uses[parameter].count != useCounts[parameter]
        if isPulled {
          pulledParameters.append(parameter)
        } else {
          operations.formUnion(uses[parameter].map(\.number))
        }
        let block = DiagonalBlock(
          parameter: parameter, entry: entry, uses: isPulled ? nil : uses[parameter])
        found.append((entry.offset, block))
      }
    }
    // The sort keeps the order of what is equal.
    for (_, block) in found.sorted(by: { $0.offset < $1.offset }) {
      blocks.append((block, counts.count))
      counts += block.factorCounts + block.inverseCounts
    }
  }

  /// The uses of each parameter that operations declare.
  private static func uses(
    _ record: Record,
    _ products: [(number: Int, product: FactoredProduct, weight: Int, bias: Int?)],
    _ examples: Int, count: Int
  ) -> [[RecordedUse]] {
    var uses: [[RecordedUse]] = Array(repeating: [], count: count)
    for (number, product, weight, bias) in products {
      uses[weight].append(RecordedUse(number: number, use: product.weightUse))
      if let bias, let use = product.biasUse {
        uses[bias].append(RecordedUse(number: number, use: use))
      }
    }
    for (number, use, parameter) in record.uses
    where use.rowCount > 0 && use.rowCount.isMultiple(of: examples) {
      uses[parameter].append(RecordedUse(number: number, use: use))
    }
    return uses
  }

  /// Gives up what only factors need; the rest stays of use.
  mutating func releaseRecord() {
    for index in blocks.indices { blocks[index].block.releaseRecord() }
  }

  /// Fails where the vectors are not those of these blocks.
  func check(_ state: DirectionState<FlatVector>) throws(KFACError) {
    let found = state.vectors.map(\.count)
    guard counts == found else {
      throw KFACError.stateMismatch(expected: counts, found: found)
    }
  }

  /// Makes room for the vectors, unless there is.
  func prepare(_ state: inout DirectionState<FlatVector>, like other: Tensor) {
    if state.vectors.map(\.count) != counts {
      state.vectors = counts.map { FlatVector(zeros: $0, like: other) }
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

  /// Replaces new factors by their sums over ranks, and adds what is remembered.
  func sumFactors(
    _ state: inout DirectionState<FlatVector>, over group: ProcessGroup, decay: Double,
    previous: [FlatVector]?
  ) {
    var places: [Int] = []
    for (block, place) in blocks {
      places += place..<(place + block.factorCounts.count)
    }
    // Blocks that share a factor share its memory, which must be summed once.
    var owners: [ObjectIdentifier: Int] = [:]
    let own = places.filter { place in
      let tensor = ObjectIdentifier(state.vectors[place].tensor)
      defer { owners[tensor] = owners[tensor] ?? place }
      return owners[tensor] == nil
    }
    let sources = places.map { owners[ObjectIdentifier(state.vectors[$0].tensor)] ?? $0 }
    for (place, source) in zip(places, sources) where place != source {
      state.vectors[place] = FlatVector(zeros: 0, like: state.vectors[source].tensor)
    }
    group.sum(own.map { state.vectors[$0].mutated() })
    if let previous {
      for place in own { state.vectors[place].add(previous[place], scaledBy: decay, in: nil) }
    }
    for (place, source) in zip(places, sources) where place != source {
      state.vectors[place] = state.vectors[source]
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

/// A place in a record where a parameter is used.
struct RecordedUse {
  /// The number of the operation.
  let number: Int
  /// How it uses the parameter.
  let use: ParameterUse
}
