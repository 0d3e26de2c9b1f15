import AdamQLR
import AdamQLRTorch

/// SOAP's direction: Adam in the eigenbasis of Shampoo's factors (Vyas et al. 2024, "SOAP: Improving
/// and stabilizing Shampoo using Adam", Algorithm 3).
///
/// For each matrix with gradient G, in orthogonal bases Q_L and Q_R, which are the identity at first:
///
///     G′ = Q_Lᵀ G Q_R
///     M ← β₁M + (1 − β₁)G′
///     V ← β₂V + (1 − β₂)G′ ⊙ G′
///     d = Q_L (M̂ ⊘ (√V̂ + ε)) Q_Rᵀ
///     L ← βL + (1 − β)GGᵀ
///     R ← βR + (1 − β)GᵀG
///
/// with M̂ and V̂ corrected for their start at zero. Before steps 2, k + 2, 2k + 2, …, with k the
/// ``basisInterval``, Q_L and Q_R become the eigenvectors of L and R. With A_L = Q_LᵀQ_L,new and A_R
/// likewise, the moments go along:
///
///     M ← A_Lᵀ M A_R
///     V ← (A_L ⊙ A_L)ᵀ V (A_R ⊙ A_R)
///
/// The first is exact, and the same as averaging the gradient itself; the second is so for elements of
/// G′ that are not correlated, and leaves the sum of V as it is. The paper instead makes one step of
/// orthogonal iteration, Q_new R′ = LQ_L with the columns of LQ_L sorted by falling qᵀLq, sorts V with
/// them and leaves it so otherwise: ``Refresh/powerIteration``.
///
/// A gradient is never looked at in a basis that it had a part in. There the first one is diagonal,
/// with rounding errors elsewhere, which V̂ would scale up to 1. The paper's implementation therefore
/// makes no first step; here it is Adam's. ε is added to the root of V̂, as Adam has it, there to that
/// of V.
///
/// Vectors have Adam's direction. So has a matrix along a side with more than ``largestSide`` rows or
/// columns: its basis there stays the identity. A parameter of more than two dimensions is a matrix of
/// its last dimension by all others.
///
/// With m inputs and n outputs a step takes 5mn(m + n) multiplications and additions besides Adam's: two
/// products with each basis, and for each factor half of one, of which only the upper triangle is
/// formed. On a processor, an eigendecomposition of 500 to 1000 rows takes as long as ten to twenty
/// products of two such matrices, orthogonal iteration about five, both with one product more. A step
/// that is taken back where bases are due makes them again the next time.
///
/// The parameters have to be a ``FlatVector`` whose layout the optimizer is given. The state's vectors
/// are M and V of all parameters, laid out like them; Q of every side that has a basis; and its L or R,
/// of which only the upper triangle counts. Matrices are row-major. With a relative ε, its number is
/// the sum of V's elements before the last step.
public struct SOAP: Direction, Hashable, Codable {
  /// How a basis is made anew.
  public enum Refresh: String, Codable, Sendable, CaseIterable {
    /// By the eigenvectors.
    case eigendecomposition
    /// By one step of orthogonal iteration, of which a QR decomposition is the dearest part, from the
    /// basis before; at first by the eigenvectors.
    case powerIteration = "power-iteration"
  }

  /// β₁, β₂, ε and the relative ε, which is of all parameters' V together. Default β₁ 0.95, β₂ 0.95, ε
  /// 1e-8, those of the paper.
  public var adam: Adam
  /// β, the decay of L and R. Default 0.95.
  public var factorDecay: Double
  /// k, the steps from one making of the bases to the next. Default 10.
  public var basisInterval: Int
  /// How that is done. Default: by eigenvectors.
  public var refresh: Refresh
  /// The most rows or columns of a side with a basis. Default 1200; the paper's implementation has
  /// 10,000, of which a decomposition takes minutes on a processor.
  public var largestSide: Int
  /// Whether only the smaller side of a matrix has a basis, the inputs' where both are alike, a variant
  /// of the paper's. Default no.
  public var isOneSided: Bool

  /// Makes the direction.
  public init(
    adam: Adam = Adam(beta1: 0.95, beta2: 0.95), factorDecay: Double = 0.95,
    basisInterval: Int = 10, refresh: Refresh = .eigendecomposition, largestSide: Int = 1200,
    isOneSided: Bool = false
  ) {
    self.adam = adam
    self.factorDecay = factorDecay
    self.basisInterval = basisInterval
    self.refresh = refresh
    self.largestSide = largestSide
    self.isOneSided = isOneSided
  }

  /// With the paper's bases, by orthogonal iteration.
  public static let paper = SOAP(refresh: .powerIteration)

  public var problem: String? { adam.problem }

  public func resolved(for run: RunShape) -> SOAP {
    var soap = self
    soap.adam = adam.resolved(for: run)
    return soap
  }
}

extension SOAP {
  public func makeState<V: ParameterVector>(
    for parameters: V, layout: ParameterLayout?
  ) throws(OptimizerError) -> DirectionState<V> {
    let like = try FlatVector(parameters, for: "SOAP").tensor
    guard let layout else { throw .layoutMissing("SOAP") }
    let moments = [layout.count, layout.count].map { FlatVector(zeros: $0, like: like) }
    let sizes = sides(layout).sizes
    let bases = sizes.map { FlatVector(takingOver: Eigenbasis.diagonal($0, 1, like: like)) }
    let factors = sizes.map { FlatVector(zeros: $0 * $0, like: like) }
    return identity(
      DirectionState(
        vectors: moments + bases + factors, scalars: adam.relativeEpsilon == 0 ? [] : [0]))
  }

  public func advance<V: ParameterVector>(
    _ input: DirectionInput<V>, from state: DirectionState<V>, to next: inout DirectionState<V>,
    direction: inout V
  ) throws -> DirectionProducts {
    try withIdentity(&next, DirectionState<FlatVector>.self) { next in
      try withIdentity(&direction, FlatVector.self) { direction in
        try advance(identity(input), from: identity(state), to: &next, &direction)
      }
    }
  }

  public func commit<V: ParameterVector>(
    _ input: DirectionInput<V>, _ next: inout DirectionState<V>, to state: inout DirectionState<V>
  ) {
    withIdentity(&next, DirectionState<FlatVector>.self) { next in
      withIdentity(&state, DirectionState<FlatVector>.self) { state in
        commit(identity(input), &next, to: &state)
      }
    }
  }

  /// What is written of the next state is G′ and, where bases are made anew, M, V and all Q in them.
  /// These follow from the state alone, not from this gradient, which may not be finite.
  private func advance(
    _ input: DirectionInput<FlatVector>, from state: DirectionState<FlatVector>,
    to next: inout DirectionState<FlatVector>, _ direction: inout FlatVector
  ) throws -> DirectionProducts {
    let coefficients = adam.coefficients(input, from: state, to: &next)
    let sides = sides(input.layout)
    next.makeRoom(for: 1, like: input.gradient)
    var vectors = state.vectors
    if isDue(next.step), !sides.sizes.isEmpty {
      vectors = try turned(state, sides)
      next.vectors += vectors
    }
    let bases = sides.sizes.indices.map { vectors[2 + $0].square(sides.sizes[$0]) }
    let rotated = next.vectors[0].overwritten()
    for part in sides.parts {
      part.multiply(
        input.gradient.tensor, part.left.map { bases[$0] }, part.right.map { bases[$0] },
        into: rotated)
    }
    let products = direction.formAdamDirection(
      coefficients, gradient: next.vectors[0], first: vectors[0], second: vectors[1])
    let elements = direction.mutated()
    for part in sides.parts {
      part.multiply(
        elements, part.left.map { bases[$0] }, part.right.map { bases[$0] }, into: elements,
        isBack: true)
    }
    return products
  }

  private func commit(
    _ input: DirectionInput<FlatVector>, _ next: inout DirectionState<FlatVector>,
    to state: inout DirectionState<FlatVector>
  ) {
    let turned = next.vectors.count - 1
    for place in 0..<turned { swap(&state.vectors[place], &next.vectors[1 + place]) }
    next.vectors.removeLast(turned)
    state.advanceMoments(
      AdamCoefficients(
        beta1: adam.beta1, beta2: adam.beta2, epsilon: 0, epsilonRoot: 0, step: next.step),
      next.vectors[0])
    let sides = sides(input.layout)
    for part in sides.parts {
      let g = part.entry.matrix(in: input.gradient.tensor)
      if let left = part.left {
        learn(g.transposed().contiguous(), &state.vectors[sides.factorPlace(left)])
      }
      if let right = part.right { learn(g, &state.vectors[sides.factorPlace(right)]) }
    }
  }

  /// F ← βF + (1 − β)XᵀX.
  private func learn(_ x: Tensor, _ factor: inout FlatVector) {
    let matrix = factor.mutated()
    Kernels.updateGram(
      x, appendsOne: false, scale: 1 - factorDecay, decay: factorDecay, previous: matrix,
      next: matrix)
  }

  /// The sides that have a basis. Along one of a single row or column it would be a sign.
  private func sides(_ layout: ParameterLayout) -> MatrixSides {
    MatrixSides(layout) { shape, side in
      let isIn = !isOneSided || shape[side] < shape[1 - side] || (shape[0] == shape[1] && side == 0)
      return isIn && shape[side] > 1 && shape[side] <= largestSide
    }
  }

  /// Whether the bases are made anew before a step, counted from 1.
  private func isDue(_ step: Int) -> Bool {
    step >= 2 && (step - 2).isMultiple(of: basisInterval)
  }
}

/// How the bases are made anew, and the moments with them.
extension SOAP {
  /// A basis that has been made anew, and how it lies to the one before.
  private struct Turn {
    /// Q_new.
    let basis: Tensor
    /// QᵀQ_new.
    let overlap: Tensor
    /// The columns of Q that those of Q_new stand for, where that is all that V is to know.
    let order: Tensor?
  }

  /// M, V and all Q.
  private func turned(
    _ state: DirectionState<FlatVector>, _ sides: MatrixSides
  ) throws -> [FlatVector] {
    let (first, second) = (state.vectors[0].tensor, state.vectors[1].tensor)
    let nextFirst = Tensor(uninitialized: first.shape, like: first)
    let nextSecond = Tensor(uninitialized: first.shape, like: first)
    var bases: [FlatVector] = []
    // Part by part, so that memory has to hold the overlaps of one.
    for part in sides.parts {
      let left = try part.left.map { try turn($0, of: sides, state, part.entry) }
      let right = try part.right.map { try turn($0, of: sides, state, part.entry) }
      part.multiply(first, left?.overlap, right?.overlap, into: nextFirst)
      if left?.order != nil || right?.order != nil {
        var v = part.entry.matrix(in: second)
        if let order = left?.order { v = v.selectingRows(order) }
        if let order = right?.order { v = v.transposed().selectingRows(order).transposed() }
        part.entry.matrix(in: nextSecond).overwrite(with: v)
      } else {
        part.multiply(
          second, left.map { $0.overlap * $0.overlap }, right.map { $0.overlap * $0.overlap },
          into: nextSecond)
      }
      for turn in [left, right] {
        guard let basis = turn?.basis else { continue }
        bases.append(FlatVector(takingOver: basis.reshaped([basis.count])))
      }
    }
    return [FlatVector(takingOver: nextFirst), FlatVector(takingOver: nextSecond)] + bases
  }

  private func turn(
    _ number: Int, of sides: MatrixSides, _ state: DirectionState<FlatVector>,
    _ entry: ParameterLayout.Entry
  ) throws -> Turn {
    let size = sides.sizes[number]
    let before = state.vectors[2 + number].square(size)
    let factor = state.vectors[sides.factorPlace(number)].square(size)
    let basis: Tensor
    var order: Tensor?
    do {
      if refresh == .powerIteration, state.step > 1 {
        (basis, order) = try Eigenbasis.iterated(factor, from: before)
      } else {
        basis = try Eigenbasis.vectors(of: factor)
      }
    } catch let error as TorchError where !error.isOutOfMemory {
      throw SOAPError.basisNotFound(parameter: entry.name, size: size, "\(error)")
    }
    let overlap = Tensor(uninitialized: [size, size], like: factor)
    Kernels.multiply(before, basis, into: overlap, transposesA: true)
    return Turn(basis: basis, overlap: overlap, order: order)
  }
}

extension MatrixSides {
  /// Where in SOAP's state L or R of a side is: behind M, V and all bases.
  fileprivate func factorPlace(_ number: Int) -> Int { 2 + sizes.count + number }
}

extension FlatVector {
  /// The elements as a square matrix.
  fileprivate func square(_ size: Int) -> Tensor { tensor.slice(from: 0, shape: [size, size]) }
}

/// What SOAP cannot go on without.
public enum SOAPError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The decomposition of a factor of this parameter, of so many rows, does not converge, for this
  /// reason.
  case basisNotFound(parameter: String, size: Int, String)

  /// What went wrong, in one line.
  public var description: String {
    switch self {
    case .basisNotFound(let parameter, let size, let reason):
      "SOAP found no basis for a side of \(size) of '\(parameter)': \(reason)"
    }
  }
}

extension Method {
  /// SOAP with a fixed learning rate and what else its paper's implementation has by default, but for
  /// ``SOAP/largestSide`` (Vyas et al. 2024).
  ///
  /// - Parameters:
  ///   - learningRate: α. Default 3e-3.
  ///   - weightDecay: w of the decay by αwθ, which here as in AdamW is of θ before the step. Default
  ///     0.01.
  ///   - direction: SOAP's settings. Default: with the paper's bases.
  public static func soap(
    learningRate: Double = 3e-3, weightDecay: Double = 0.01, _ direction: SOAP = .paper
  ) -> Method {
    decaying(direction, learningRate, weightDecay)
  }

  /// ``Method/adamQLR(_:damping:curvature:)`` along SOAP's direction: second-order, with nothing to
  /// choose.
  ///
  /// - Parameters:
  ///   - direction: SOAP's settings. Default: β₁ 0.9, β₂ 0.95 and a relative ε of 0.1·q, as the default
  ///     has them for Adam's direction.
  ///   - damping: Default none.
  ///   - curvature: Default the Fisher matrix.
  public static func soapQLR(
    _ direction: SOAP = SOAP(adam: .untuned),
    damping: LevenbergMarquardt? = nil, curvature: ModelCurvature = .fisher
  ) -> Method {
    adamQLR(along: direction, damping: damping, curvature: curvature)
  }
}
