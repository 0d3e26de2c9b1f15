import CTorch
import Dispatch

/// Symmetric and triangular matrices: square tensors of which only the upper triangle counts.
extension Kernels {
  /// next ← β·previous + α·x̄ᵀx̄ in the upper triangle, x̄ being x with a column of ones behind it
  /// where `appendsOne`.
  ///
  /// - Parameters:
  ///   - x: [rows, n], or [rows, n − 1] where `appendsOne`.
  ///   - previous: [n, n], which may be `next`; `nil` stands for zero.
  ///   - next: [n, n].
  public static func updateGram(
    _ x: Tensor, appendsOne: Bool, scale alpha: Double, decay beta: Double, previous: Tensor?,
    next: Tensor
  ) {
    check("Gram matrix", x, previous, next)
    let n = x.columnCount + (appendsOne ? 1 : 0)
    guard next.count == n * n, previous?.count ?? next.count == n * n else {
      fatalError("the Gram matrix of \(x.shape) has \(n) rows, but \(next.shape) was given for it")
    }
    ct_update_gram(
      x.isDouble, Int64(x.rowCount), Int64(x.columnCount), appendsOne, x.data, alpha, beta,
      previous?.data, next.data)
  }

  /// The sum of a square matrix's diagonal, in double precision.
  public static func trace(_ matrix: Tensor) -> Double {
    check("trace", matrix)
    let n = matrix.columnCount
    func sum<Scalar: BinaryFloatingPoint>(_: Scalar.Type) -> Double {
      let elements = matrix.data.assumingMemoryBound(to: Scalar.self)
      return (0..<n).reduce(0) { $0 + Double(elements[$1 * (n + 1)]) }
    }
    return withExtendedLifetime(matrix) {
      matrix.isDouble ? sum(Double.self) : sum(Float.self)
    }
  }

  /// x ← M⁻¹x, or x ← xM⁻¹ where `fromRight`, given the Cholesky factor of M.
  ///
  /// - Parameters:
  ///   - factor: The upper-triangular R of M = RᵀR, [n, n].
  ///   - x: A matrix with n rows, or n columns where `fromRight`.
  public static func solve(cholesky factor: Tensor, _ x: Tensor, fromRight: Bool = false) {
    check("Cholesky solve", factor, x)
    let n = factor.columnCount
    guard n == (fromRight ? x.columnCount : x.rowCount) else {
      fatalError("a Cholesky factor of shape \(factor.shape) does not fit \(x.shape)")
    }
    ct_cholesky_solve(
      x.isDouble, fromRight, Int64(x.rowCount), Int64(x.columnCount), factor.data, x.data)
  }

  /// A matrix to be damped and factorized: scale·matrix + shift·I = RᵀR.
  public struct CholeskyJob: Sendable {
    /// The symmetric matrix, [n, n].
    public let matrix: Tensor
    /// The factor on the matrix; 0 leaves shift·I.
    public let scale: Double
    /// What is added to the diagonal.
    public let shift: Double
    /// Receives R, upper-triangular, [n, n].
    public let destination: Tensor

    /// Collects the parts.
    public init(_ matrix: Tensor, scale: Double, shift: Double, into destination: Tensor) {
      self.matrix = matrix
      self.scale = scale
      self.shift = shift
      self.destination = destination
    }
  }

  /// What came of a matrix that was to be factorized.
  public enum Factorization: Int, Sendable {
    /// R is the factor.
    case exact
    /// The matrix was not positive definite in the precision of its elements; R is the factor of
    /// one with more added to its diagonal, four times as much until it was.
    case shifted
    /// The matrix is not finite; R is NaN on its diagonal.
    case failed
  }

  /// Factorizes matrices, several at a time where that is faster.
  public static func factorize(_ jobs: [CholeskyJob]) -> [Factorization] {
    guard jobs.count > 1 else { return jobs.map(factorize) }
    let work = jobs.map { Double($0.matrix.columnCount) * Double($0.matrix.count) / 3 }
    let total = work.reduce(0, +)
    let threads = Runtime.threadCount
    // A large matrix keeps all threads busy by itself, and little work is not worth a second one.
    let isShared = work.map { threads > 1 && $0 * Double(threads) <= total && total > 4e6 }
    var outcomes: [Factorization] = jobs.indices.map {
      isShared[$0] ? .failed : factorize(jobs[$0])
    }
    let shared = jobs.indices.filter { isShared[$0] }
    guard !shared.isEmpty else { return outcomes }
    let results = Outcomes(shared.count)
    DispatchQueue.concurrentPerform(iterations: shared.count) { index in
      ct_set_single_threaded(true)
      results[index] = factorize(jobs[shared[index]])
      ct_set_single_threaded(false)
    }
    for (index, job) in shared.enumerated() { outcomes[job] = results[index] }
    return outcomes
  }

  private static func factorize(_ job: CholeskyJob) -> Factorization {
    check("Cholesky factor", job.matrix, job.destination)
    let n = job.matrix.columnCount
    guard job.matrix.count == n * n, job.destination.count == n * n else {
      fatalError("Cholesky factor of \(job.matrix.shape) into \(job.destination.shape)")
    }
    let trace = job.scale * (job.scale == 0 ? 0 : Kernels.trace(job.matrix))
    let ulp = job.matrix.isDouble ? Double.ulpOfOne : Double(Float.ulpOfOne)
    var shift = job.shift
    if trace.isFinite, shift.isFinite {
      // An element off the diagonal of a Gram matrix is finite where the diagonal is.
      for attempt in 0..<40 {
        ct_form_damped(
          job.matrix.isDouble, Int64(n), job.matrix.data, job.scale, shift, job.destination.data)
        if ct_cholesky(job.matrix.isDouble, Int64(n), job.destination.data) {
          return attempt == 0 ? .exact : .shifted
        }
        shift = max(4 * shift, ulp * trace, Double(Float.leastNormalMagnitude))
      }
    }
    ct_form_damped(job.matrix.isDouble, Int64(n), job.matrix.data, 0, .nan, job.destination.data)
    return .failed
  }

  /// Places that several threads write to, each to its own.
  private final class Outcomes: @unchecked Sendable {
    private let places: UnsafeMutablePointer<Factorization>

    init(_ count: Int) {
      places = .allocate(capacity: count)
      places.initialize(repeating: .failed, count: count)
    }

    deinit { places.deallocate() }

    subscript(index: Int) -> Factorization {
      get { places[index] }
      set { places[index] = newValue }
    }
  }

  /// softmax − one-hot for a class drawn from each row's softmax.
  ///
  /// - Parameters:
  ///   - probabilities: The softmax, [N, classes].
  ///   - uniforms: N numbers from [0, 1).
  public static func sampledCrossEntropyCotangent(
    probabilities: Tensor, uniforms: [Double]
  ) -> Tensor {
    check("sampling", probabilities)
    precondition(
      uniforms.count == probabilities.rowCount, "sampling needs a number for each example")
    let cotangent = Tensor(uninitialized: probabilities.shape, probabilities.type)
    ct_sample_classes(
      probabilities.isDouble, Int64(probabilities.rowCount), Int64(probabilities.columnCount),
      probabilities.data, uniforms, cotangent.data)
    return cotangent
  }

  /// √p_k·(p − e_k) by rows: over all classes k, the sum of their squares bbᵀ is diag p − ppᵀ.
  public static func crossEntropyFactor(probabilities: Tensor, class k: Int) -> Tensor {
    check("Fisher factor", probabilities)
    precondition((0..<probabilities.columnCount).contains(k), "there is no class \(k)")
    let cotangent = Tensor(uninitialized: probabilities.shape, probabilities.type)
    ct_class_factor(
      probabilities.isDouble, Int64(probabilities.rowCount), Int64(probabilities.columnCount),
      Int64(k), probabilities.data, cotangent.data)
    return cotangent
  }
}
