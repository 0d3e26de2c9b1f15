import AdamQLR
import AdamQLRTorch

/// K-FAC's direction, d = Ĉ⁻¹g (Martens and Grosse 2015; behavior as in kfac-jax).
///
/// Ĉ approximates the Fisher matrix by blocks. For the parameters of a dense layer with inputs a (a
/// 1 appended where there is a bias) and derivatives b of an example's loss by its outputs, a block
/// is the Kronecker product A ⊗ G of A = E[aaᵀ] and G = E[bbᵀ]. Where a layer is used at L positions
/// of an example, A and G are averages over positions too, and the block is L·(A ⊗ G); so it is for
/// the weights of an LSTM, and for a convolution, whose inputs a are the patches that the kernel sees
/// (Grosse and Martens 2016). Each group of a convolution is a block, and so are queries, keys and
/// values each. Parameters that are used in several places, or by operations without a
/// ``FactoredProduct`` (embeddings, scale and offset of normalizations), have a diagonal block, the
/// average over examples of the squared derivatives. Batch normalization couples examples; there an
/// example's derivative is what comes through its own rows.
///
/// The factors are moving averages: w ← γw + 1, F ← γF + new, with value F/w. The damping λ, with
/// the weight of the method's regularization added, enters factored,
///
///     (A + π√λ I) ⊗ (G + (√λ/π) I),  π = √((tr A/dim A)/(tr G/dim G)),
///
/// or by eigendecomposition exactly as A ⊗ G + λI. Where one factor is a single number, the block
/// is damped exactly; where a trace is 0, it is λI.
///
/// The direction works on a ``NetworkObjective`` or a ``MicroBatchedObjective`` alone. Its statistics
/// come from the forward pass that the gradient came from. All it draws at random follows from
/// ``seed`` and the step's number, so a run goes on from an encoded state to the last bit.
///
/// The state's vectors are the factors and their inverses, block by block: F_A and F_G, then their
/// Cholesky factors, or the eigenvectors and eigenvalues of each; of a diagonal block F and the
/// damped value. Matrices are row-major, and only their upper triangles count. The state's numbers
/// are w, the λ of the last inverses, and 1 where the factors have not changed since.
public struct KFAC: Direction, Hashable, Codable {
  /// Where the derivatives b come from.
  public enum Estimation: String, Codable, Sendable, CaseIterable {
    /// From targets drawn from the model, one for each example.
    case sampled
    /// From the true targets.
    case empirical
    /// A sum over the factors of the outputs' Fisher matrix: exact, at a pass for each output.
    case exact
  }

  /// Where the derivatives b come from. Default: sampled targets.
  public var estimation: Estimation
  /// γ of the moving averages. Default 0.95.
  public var decay: Double
  /// k: the factors learn from the batches of steps 1, k + 1, 2k + 1, … only. Default 1.
  public var factorInterval: Int
  /// k: the inverses are made anew at steps 1, k + 1, 2k + 1, …, with the λ of that step. Default 1.
  public var inverseInterval: Int
  /// Whether blocks are damped exactly, by eigendecomposition. Default no.
  public var usesExactInverses: Bool
  /// What the sampled targets follow from. Default 0.
  public var seed: UInt64

  /// Makes the direction.
  public init(
    estimation: Estimation = .sampled, decay: Double = 0.95, factorInterval: Int = 1,
    inverseInterval: Int = 1, usesExactInverses: Bool = false, seed: UInt64 = 0
  ) {
    self.estimation = estimation
    self.decay = decay
    self.factorInterval = factorInterval
    self.inverseInterval = inverseInterval
    self.usesExactInverses = usesExactInverses
    self.seed = seed
  }

  public static let settings: [Setting<KFAC>] = [
    Setting("estimation", \.estimation, "K-FAC: targets of its statistics."),
    Setting("decay", \.decay, .decay, "K-FAC: decay of its factors."),
    Setting(
      "factor-interval", \.factorInterval, .positive,
      "K-FAC: steps from one update of the factors to the next."),
    Setting(
      "inverse-interval", \.inverseInterval, .positive,
      "K-FAC: steps from one inversion to the next."),
    Setting(
      "exact-inverses", \.usesExactInverses, .either,
      "K-FAC: damps by eigendecomposition instead of by factor."),
  ]

  public func resolved(for run: RunShape) -> KFAC {
    var kfac = self
    kfac.seed = run.seed ?? seed
    return kfac
  }

  /// No vectors: the shapes of the factors are known at the first step.
  public func makeState<V: ParameterVector>(
    for parameters: V, layout: ParameterLayout?
  ) throws(OptimizerError) -> DirectionState<V> {
    _ = try FlatVector(parameters, for: "K-FAC")
    return DirectionState()
  }

  /// Whether the state has K-FAC's numbers; whether its vectors fit the model is known at the next
  /// step.
  public func accepts<V: ParameterVector>(
    _ state: DirectionState<V>, inPlaceOf own: DirectionState<V>
  ) -> Bool {
    state.vectors.isEmpty ? state.scalars.isEmpty : state.scalars.count == FactorState.count
  }

  public func advance<V: ParameterVector>(
    _ input: DirectionInput<V>, from state: DirectionState<V>, to next: inout DirectionState<V>,
    direction: inout V
  ) throws -> DirectionProducts {
    let linearization = try network(input.linearization)
    let events = try withIdentity(&next, DirectionState<FlatVector>.self) { next in
      try withIdentity(&direction, FlatVector.self) { direction in
        try advance(
          linearization, identity(input.gradient), damping: input.damping + input.l2,
          from: identity(state), to: &next, direction: &direction)
      }
    }
    var products = input.gradient.products(withDirection: direction)
    products.events = events
    return products
  }

  public var hasCurvature: Bool { true }

  public func curvature<V: ParameterVector>(
    along update: V, from state: DirectionState<V>, to next: DirectionState<V>,
    at linearization: any Linearization<V>
  ) throws -> Double? {
    let structure = BlockStructure(try network(linearization), isExact: usesExactInverses)
    let update: FlatVector = identity(update)
    let state: DirectionState<FlatVector> = identity(next)
    try structure.check(state)
    let factors = FactorState(state)
    return structure.blocks.reduce(0) {
      $0 + $1.block.product(along: update.tensor, factors, state.vectors, at: $1.place)
    }
  }

  /// The linearization of a network, which an objective's is only known to be at the step.
  private func network<V: ParameterVector>(
    _ linearization: any Linearization<V>
  ) throws(KFACError) -> any NetworkLinearization {
    guard let network = linearization as? any NetworkLinearization else {
      throw .objectiveUnsupported("\(type(of: linearization))")
    }
    return network
  }

  private func advance(
    _ linearization: some NetworkLinearization, _ gradient: FlatVector, damping: Double,
    from state: DirectionState<FlatVector>, to next: inout DirectionState<FlatVector>,
    direction: inout FlatVector
  ) throws -> StepEvents {
    var structure = BlockStructure(linearization, isExact: usesExactInverses)
    let isFirst = state.vectors.isEmpty
    if !isFirst { try structure.check(state) }
    structure.prepare(&next, like: gradient.tensor)

    var factors = FactorState(state)
    if isFirst || (next.step - 1).isMultiple(of: factorInterval) {
      try updateFactors(linearization, &structure, from: state, to: &next)
      factors.weight = decay * factors.weight + 1
      factors.areCurrent = false
    } else {
      structure.share(.factors, from: state, to: &next)
    }

    var events: StepEvents = []
    let isDue = isFirst || (next.step - 1).isMultiple(of: inverseInterval)
    if isDue, !(factors.areCurrent && factors.inverseDamping == damping) {
      factors.inverseDamping = damping
      factors.areCurrent = true
      if try structure.invert(&next, factors) { events.insert(.factorDampingRaised) }
    } else {
      structure.share(.inverses, from: state, to: &next)
    }
    next.scalars = factors.scalars

    let destination = direction.overwritten()
    for (block, place) in structure.blocks {
      block.precondition(gradient.tensor, into: destination, factors, next.vectors, at: place)
    }
    // A block's weights reach its biases, of which one may move without the other.
    for range in linearization.part.frozenRanges {
      destination.slice(from: range.lowerBound, shape: [range.count]).fill(0)
    }
    return events
  }

  /// F ← γF + new for every block.
  private func updateFactors(
    _ linearization: some NetworkLinearization, _ structure: inout BlockStructure,
    from state: DirectionState<FlatVector>, to next: inout DirectionState<FlatVector>
  ) throws {
    let group = linearization.group
    let average = FactorUpdate.average(decay: decay, previous: state.vectors)
    // Sums over ranks come before averages.
    var update = state.vectors.isEmpty || group != nil ? FactorUpdate.replace : average
    let isDivided = linearization.isDivided
    if group != nil, !isDivided, !structure.pulledParameters.isEmpty,
      !linearization.part.record.observations.isEmpty
    {
      throw KFACError.indivisible
    }
    if isDivided { structure.releaseRecord() }
    try linearization.forEachPart { part, share in
      if isDivided { structure = BlockStructure(part, isExact: usesExactInverses) }
      // One after the other, so that the cotangents of one are all that memory has to hold.
      var generator = SeededGenerator(seed: seed, stream: "kfac-step-\(next.step)")
      for cotangent in try outputCotangents(part, &generator) {
        let estimates = CurvatureEstimates(
          part, share: share, cotangent, structure)
        for (block, place) in structure.blocks {
          block.update(&next.vectors, at: place, by: estimates, update)
        }
        update = .add
      }
      update = .addPart
      if isDivided { structure.releaseRecord() }
    }
    guard let group else { return }
    structure.sumFactors(
      &next, over: group, decay: decay, previous: state.vectors.isEmpty ? nil : state.vectors)
  }

  /// The derivatives of the examples' losses by the outputs.
  private func outputCotangents(
    _ linearization: NetworkObjective.Linearized, _ generator: inout SeededGenerator
  ) throws -> [Tensor] {
    let loss = linearization.linearizedLoss
    switch estimation {
    case .sampled:
      guard let sample = loss.sampledCotangent else {
        throw KFACError.estimationUnavailable(estimation)
      }
      return [sample(&generator, linearization.place)]
    case .empirical:
      return [Double(linearization.exampleCount) * loss.cotangent]
    case .exact:
      guard let factors = loss.fisherFactors else {
        throw KFACError.estimationUnavailable(estimation)
      }
      return factors()
    }
  }
}

/// What K-FAC cannot go on without.
public enum KFACError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The objective is not a network's.
  case objectiveUnsupported(String)
  /// The loss does not say how derivatives are drawn from the model, or what its Fisher matrix is
  /// made of.
  case estimationUnavailable(KFAC.Estimation)
  /// A batch is divided among ranks, and some parameters have derivatives that take a pullback for
  /// each example, through batch normalization.
  case indivisible
  /// The state was made for another model.
  case stateMismatch(expected: [Int], found: [Int])

  /// What went wrong, in one line.
  public var description: String {
    switch self {
    case .objectiveUnsupported(let type):
      "K-FAC needs the layers of a network: use it on a NetworkObjective, not on \(type)"
    case .estimationUnavailable(let estimation):
      "the loss has no \(estimation == .sampled ? "sampledCotangent" : "fisherFactors"), which the "
        + "'\(estimation.rawValue)' estimate of K-FAC's factors needs; 'empirical' does without"
    case .indivisible:
      "K-FAC cannot divide a batch among ranks where layers with batch normalization do not say how "
        + "their parameters are used (Operation.uses)"
    case .stateMismatch(let expected, let found):
      "K-FAC's state belongs to another model or other settings: "
        + Self.difference(expected, found)
    }
  }
}

extension KFACError {
  /// How the numbers of elements of vectors differ; there may be hundreds.
  private static func difference(_ expected: [Int], _ found: [Int]) -> String {
    if expected.count != found.count {
      return "it has \(found.count) vectors, but \(expected.count) are expected"
    }
    guard let index = expected.indices.first(where: { expected[$0] != found[$0] }) else {
      return "its vectors differ"
    }
    return "its vector \(index) has \(found[index]) elements, but \(expected[index]) are expected"
  }
}

/// What the state's numbers mean.
struct FactorState {
  /// The number of them.
  static let count = 3

  /// w; the factors' values are F/w.
  var weight = 0.0
  /// λ of the last inverses.
  var inverseDamping = 0.0
  /// Whether the last inverses are those of the factors as they are.
  var areCurrent = false

  init(_ state: DirectionState<FlatVector>) {
    guard state.scalars.count == Self.count else { return }
    weight = state.scalars[0]
    inverseDamping = state.scalars[1]
    areCurrent = state.scalars[2] == 1
  }

  var scalars: [Double] { [weight, inverseDamping, areCurrent ? 1 : 0] }
}
