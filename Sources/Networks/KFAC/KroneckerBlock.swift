import AdamQLR
import Torch

/// The weight, and the bias if there is one, of one product: L·(A ⊗ G).
///
/// As a matrix, the parameters are [inputs, outputs] with the bias as last row, and the block maps
/// V to L·AVG. Its factors are F_A and F_G; its inverses the Cholesky factors of the damped A and
/// L·G, or the eigenvectors and eigenvalues of A and of G.
struct KroneckerBlock: CurvatureBlock {
  /// The number of the operation.
  let number: Int
  let weight: ParameterLayout.Entry
  let bias: ParameterLayout.Entry?
  /// L, how often an example uses the product.
  let locations: Int
  /// Whether the inverse is by eigendecomposition.
  let isExact: Bool

  /// The dimensions of A and G.
  private var left: Int { weight.shape[0] + (bias == nil ? 0 : 1) }
  private var right: Int { weight.shape[1] }

  var factorCounts: [Int] { [left * left, right * right] }

  var inverseCounts: [Int] {
    isExact ? [left * left, left, right * right, right] : [left * left, right * right]
  }

  func update(
    _ estimates: CurvatureEstimates, decay: Double?, from previous: [FlatVector],
    to vectors: inout [FlatVector], at place: Int
  ) {
    let inputs = estimates.factor(ofProduct: number)
    let scale = Double(weight.shape[0]) / Double(max(inputs.count, 1))
    Kernels.updateGram(
      inputs, appendsOne: bias != nil, scale: scale, decay: decay ?? 0,
      previous: decay == nil ? nil : previous[place].tensor, next: vectors[place].overwritten())
    let g = vectors[place + 1].overwritten()
    var earlier = decay == nil ? nil : previous[place + 1].tensor
    var earlierDecay = decay ?? 0
    let cotangents = estimates.cotangents(ofProduct: number)
    if cotangents.isEmpty {
      // The outputs do not depend on the product.
      let zero = FlatVector(zeros: right * right, inputs.type)
      vectors[place + 1].formLinearCombination(
        decay ?? 0, decay == nil ? zero : previous[place + 1], 0, zero)
    }
    for cotangents in cotangents {
      Kernels.updateGram(
        cotangents, appendsOne: false, scale: scale * estimates.outputScale, decay: earlierDecay,
        previous: earlier, next: g)
      (earlier, earlierDecay) = (g, 1)
    }
  }

  func invert(
    _ vectors: inout [FlatVector], at place: Int, _ factors: FactorState
  ) throws -> [Kernels.CholeskyJob] {
    let a = vectors[place].matrix(left)
    let g = vectors[place + 1].matrix(right)
    if !isExact { return choleskyJobs(a, g, &vectors, at: place, factors) }
    for (matrix, index) in [(a, place + 2), (g, place + 4)] {
      // Where the factors are not finite, nor is the direction, and the step is taken back.
      guard Kernels.trace(matrix).isFinite else {
        vectors[index + 1] = FlatVector(
          Array(repeating: .nan, count: vectors[index + 1].count), matrix.type)
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
    let (traceA, traceG) = (scale * Kernels.trace(a), scale * Kernels.trace(g))
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
      : Tensor(uninitialized: [left, right], direction.type)
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
    let u = Tensor(uninitialized: [left, right], update.type)
    gather(update, into: u)
    let a = vectors[place].matrix(left).symmetrized()
    let g = vectors[place + 1].matrix(right).symmetrized()
    let image = a.matmul(u).matmul(g).contiguous()
    return Double(locations) / (factors.weight * factors.weight) * Kernels.dot(image, u)
  }

  private var isJoined: Bool { bias.map { $0.offset == weight.range.upperBound } ?? true }

  /// The parameters and their rows in the matrix.
  private var parts: [(entry: ParameterLayout.Entry, rows: Range<Int>)] {
    let inputs = weight.shape[0]
    return [(weight, 0..<inputs)] + (bias.map { [($0, inputs..<(inputs + 1))] } ?? [])
  }

  private func gather(_ flat: Tensor, into matrix: Tensor) {
    if isJoined {
      matrix.overwrite(with: flat.slice(from: weight.offset, shape: [left, right]))
      return
    }
    for (entry, rows) in parts {
      matrix.rows(rows).overwrite(with: flat.slice(from: entry.offset, shape: [entry.count]))
    }
  }

  private func scatter(_ matrix: Tensor, into flat: Tensor) {
    for (entry, rows) in parts {
      flat.slice(from: entry.offset, shape: [entry.count]).overwrite(with: matrix.rows(rows))
    }
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
