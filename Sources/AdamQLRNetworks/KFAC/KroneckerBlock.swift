import AdamQLR
import AdamQLRTorch

/// The weight, and the bias if there is one, of one part of a product: L·(A ⊗ G).
///
/// As a matrix, the parameters are [inputs, outputs] with the bias as last row, and the block maps
/// V to L·AVG. Its factors are F_A and F_G; its inverses the Cholesky factors of the damped A and
/// L·G, or the eigenvectors and eigenvalues of A and of G.
struct KroneckerBlock: CurvatureBlock {
  /// The number of the operation.
  let number: Int
  var product: FactoredProduct
  /// The number of the part.
  let part: Int
  let weight: ParameterLayout.Entry
  let bias: ParameterLayout.Entry?
  /// L, how often an example uses the product.
  let locations: Int
  /// Whether the inverse is by eigendecomposition.
  let isExact: Bool

  /// The dimensions of A and G.
  private var left: Int { inputs + (bias == nil ? 0 : 1) }
  private var right: Int { outputs / product.parts }

  /// The weight of all parts as a matrix.
  private var inputs: Int { weight.count / outputs }
  private var outputs: Int { weight.shape[weight.shape.count - 1] }

  var factorCounts: [Int] { [left * left, right * right] }

  var inverseCounts: [Int] {
    isExact ? [left * left, left, right * right, right] : [left * left, right * right]
  }

  func update(
    _ vectors: inout [FlatVector], at place: Int, by estimates: CurvatureEstimates,
    _ update: FactorUpdate
  ) {
    updateInputs(&vectors, at: place, share: estimates.share, update)
    let g = place + 1
    let cotangent = estimates.cotangent(ofOperation: number).map { cotangent in
      product.parts == 1
        ? cotangent
        : cotangent.reshaped([product.rowCount, outputs])
          .narrowed(1, from: part * right, count: right).contiguous()
    }
    let scale = estimates.share / Double(product.rowCount)
    func learn(_ decay: Double, _ previous: Tensor?, _ next: Tensor) {
      if let cotangent {
        Kernels.updateGram(
          cotangent, appendsOne: false, scale: scale, decay: decay, previous: previous, next: next)
      } else if let previous {
        // The outputs do not depend on the product.
        Kernels.formLinearCombination(decay, previous, 0, previous, into: next)
      } else {
        next.overwrite(with: .zeros(next.shape, like: next))
      }
    }
    switch update {
    case .replace: learn(0, nil, vectors[g].overwritten())
    case .average(let decay, let previous):
      learn(decay, previous[g].tensor, vectors[g].overwritten())
    case .add, .addPart:
      let sum = vectors[g].mutated()
      learn(1, sum, sum)
    }
  }

  /// Lets F_A learn.
  private func updateInputs(
    _ vectors: inout [FlatVector], at place: Int, share: Double, _ update: FactorUpdate
  ) {
    var (decay, previous): (Double, Tensor?)
    switch update {
    case .add: return
    case .replace, .addPart: (decay, previous) = (0, nil)
    case .average(let factor, let vectors): (decay, previous) = (factor, vectors[place].tensor)
    }
    if part > 0, product.sharesFactor {
      // The part before has the same.
      vectors[place] = vectors[place - factorCounts.count - inverseCounts.count]
      return
    }
    let a: Tensor
    if case .addPart = update {
      a = vectors[place].mutated()
      (decay, previous) = (1, a)
    } else {
      a = vectors[place].overwritten()
    }
    product.forEachPiece(of: part) { inputs in
      Kernels.updateGram(
        inputs, appendsOne: bias != nil, scale: share / Double(product.rowCount), decay: decay,
        previous: previous, next: a)
      (decay, previous) = (1, a)
    }
  }

  mutating func releaseRecord() { product = product.withoutFactor }

  func invert(
    _ vectors: inout [FlatVector], at place: Int, _ factors: FactorState
  ) throws -> [Kernels.CholeskyJob] {
    let a = vectors[place].matrix(left)
    let g = vectors[place + 1].matrix(right)
    if !isExact { return choleskyJobs(a, g, &vectors, at: place, factors) }
    for (matrix, index) in [(a, place + 2), (g, place + 4)] {
      // Where the factors are not finite, nor is the direction, and the step is taken back.
      guard Kernels.trace(matrix).isFinite else {
        vectors[index + 1].overwritten().fill(.nan)
        continue
      }
      let (values, eigenvectors) = try matrix.eigendecomposition()
      vectors[index].overwritten().overwrite(with: eigenvectors)
      // Negative ones are rounding's.
      vectors[index + 1].overwritten().overwrite(with: (1 / factors.weight) * values.relu())
    }
    return []
  }

  /// The damped factors that are to be factorized; where one is 1×1, the other alone.
  private func choleskyJobs(
    _ a: Tensor, _ g: Tensor, _ vectors: inout [FlatVector], at place: Int, _ factors: FactorState
  ) -> [Kernels.CholeskyJob] {
    let scale = 1 / factors.weight
    let damping = factors.inverseDamping
    let locations = Double(locations)
    // Both are asked for before either is waited for.
    let traces = (Kernels.deferredTrace(a), Kernels.deferredTrace(g))
    let (traceA, traceG) = (scale * traces.0.value, scale * traces.1.value)
    if right == 1 || left == 1 {
      let isLeft = right == 1
      let factor = locations * scale * (isLeft ? traceG : traceA)
      return [
        Kernels.CholeskyJob(
          isLeft ? a : g, scale: factor, shift: damping,
          into: isLeft
            ? vectors[place + 2].overwrittenMatrix(left)
            : vectors[place + 3].overwrittenMatrix(right))
      ]
    }
    let inverseA = vectors[place + 2].overwrittenMatrix(left)
    let inverseG = vectors[place + 3].overwrittenMatrix(right)
    if traceA == 0 || traceG == 0 {
      let shift = damping.squareRoot()
      return [
        Kernels.CholeskyJob(a, scale: 0, shift: shift, into: inverseA),
        Kernels.CholeskyJob(g, scale: 0, shift: shift, into: inverseG),
      ]
    }
    let pi = ((traceA / Double(left)) / (traceG / Double(right))).squareRoot()
    let root = (damping / locations).squareRoot()
    return [
      Kernels.CholeskyJob(a, scale: scale, shift: pi * root, into: inverseA),
      Kernels.CholeskyJob(
        g, scale: locations * scale, shift: locations * root / pi, into: inverseG),
    ]
  }

  func precondition(
    _ gradient: Tensor, into direction: Tensor, _ factors: FactorState, _ vectors: [FlatVector],
    at place: Int
  ) {
    // Where the bias follows the weight in memory, the block solves in place.
    let v =
      isJoined
      ? direction.slice(from: weight.offset, shape: [left, right])
      : Tensor(uninitialized: [left, right], like: direction)
    gather(gradient, into: v)
    if isExact {
      v.overwrite(with: exactSolution(v, factors, vectors, at: place))
    } else if right == 1 {
      Kernels.solve(cholesky: vectors[place + 2].matrix(left), v)
    } else {
      Kernels.solve(cholesky: vectors[place + 3].matrix(right), v, fromRight: true)
      if left > 1 { Kernels.solve(cholesky: vectors[place + 2].matrix(left), v) }
    }
    if !isJoined { scatter(v, into: direction) }
  }

  /// Q_A((Q_AᵀVQ_G) ⊘ (L·s_A·s_Gᵀ + λ))Q_Gᵀ.
  private func exactSolution(
    _ v: Tensor, _ factors: FactorState, _ vectors: [FlatVector], at place: Int
  ) -> Tensor {
    let (qA, qG) = (vectors[place + 2].matrix(left), vectors[place + 4].matrix(right))
    let values =
      Double(locations) * vectors[place + 3].tensor.reshaped([left, 1])
      * vectors[place + 5].tensor.reshaped([1, right])
    var damping = factors.inverseDamping
    if damping == 0 {
      // Singular: what is below the eigenvalues' precision counts as that.
      damping = vectors[place].ulpOfOne * (values.doubles.max() ?? 0)
    }
    let rotated = qA.transposed().matmul(v).matmul(qG) / (values + damping)
    return qA.matmul(rotated).matmul(qG.transposed())
  }

  func product(
    along update: Tensor, _ factors: FactorState, _ vectors: [FlatVector], at place: Int
  ) -> Double {
    let u = Tensor(uninitialized: [left, right], like: update)
    gather(update, into: u)
    let a = vectors[place].matrix(left).symmetrized()
    let g = vectors[place + 1].matrix(right).symmetrized()
    let image = a.matmul(u).matmul(g).contiguous()
    return Double(locations) / (factors.weight * factors.weight) * Kernels.dot(image, u)
  }

  /// Whether the parameters follow one another in memory as in the matrix.
  private var isJoined: Bool {
    product.parts == 1 && bias.map { $0.offset == weight.range.upperBound } ?? true
  }

  /// The parameters within a flat vector, as matrices, and their rows in the block's matrix.
  private func parts(of flat: Tensor) -> [(parameters: Tensor, rows: Range<Int>)] {
    func view(_ entry: ParameterLayout.Entry, _ rows: Range<Int>) -> (Tensor, Range<Int>) {
      let all = flat.slice(from: entry.offset, shape: [rows.count, outputs])
      return (product.parts == 1 ? all : all.narrowed(1, from: part * right, count: right), rows)
    }
    return [view(weight, 0..<inputs)] + (bias.map { [view($0, inputs..<left)] } ?? [])
  }

  private func gather(_ flat: Tensor, into matrix: Tensor) {
    if isJoined {
      matrix.overwrite(with: flat.slice(from: weight.offset, shape: [left, right]))
      return
    }
    for (parameters, rows) in parts(of: flat) { matrix.rows(rows).overwrite(with: parameters) }
  }

  private func scatter(_ matrix: Tensor, into flat: Tensor) {
    for (parameters, rows) in parts(of: flat) { parameters.assign(matrix.rows(rows)) }
  }
}

extension FlatVector {
  /// The elements as a square matrix.
  fileprivate func matrix(_ size: Int) -> Tensor { tensor.slice(from: 0, shape: [size, size]) }

  /// As ``matrix(_:)``, to be overwritten altogether.
  fileprivate mutating func overwrittenMatrix(_ size: Int) -> Tensor {
    overwritten().slice(from: 0, shape: [size, size])
  }
}
