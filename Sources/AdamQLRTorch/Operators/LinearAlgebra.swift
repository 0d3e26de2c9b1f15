import CTorch
import Dispatch
import Requirements

/// Symmetric and triangular matrices: square tensors of which only the upper triangle counts.
extension Kernels {
  /// next ← β·previous + α·x̄ᵀx̄ in the upper triangle, x̄ being x with a column of ones behind it
  /// where `appendsOne`.
  ///
  /// - Parameters:
  ///   - x: [rows, n], or [rows, n − 1] where `appendsOne`.
  ///   - appendsOne: Whether a column of ones is put behind x.
  ///   - alpha: α.
  ///   - beta: β.
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
    guard x.device.isCPU else {
      return onDevice {
        ct_device_update_gram(
          appendsOne, x.handle, alpha, beta, previous?.handle, next.handle)
      }
    }
    ct_update_gram(
      x.isDouble, Int64(x.rowCount), Int64(x.columnCount), appendsOne, x.data, alpha, beta,
      previous?.data, next.data)
  }

  /// The sum of a square matrix's diagonal, in double precision.
  public static func trace(_ matrix: Tensor) -> Double { deferredTrace(matrix).value }

  /// As ``trace(_:)``, without waiting for a device.
  public static func deferredTrace(_ matrix: Tensor) -> DeferredNumber {
    check("trace", matrix)
    guard matrix.device.isCPU else {
      return number(on: matrix.device) { ct_device_trace(matrix.handle, &$0) }
    }
    let n = matrix.columnCount
    func sum<Scalar: BinaryFloatingPoint>(_: Scalar.Type) -> Double {
      let elements = matrix.data.assumingMemoryBound(to: Scalar.self)
      return (0..<n).reduce(0) { $0 + Double(elements[$1 * (n + 1)]) }
    }
    return withExtendedLifetime(matrix) {
      DeferredNumber(matrix.isDouble ? sum(Double.self) : sum(Float.self))
    }
  }

  /// x ← M⁻¹x, or x ← xM⁻¹ where `fromRight`, given the Cholesky factor of M.
  ///
  /// - Parameters:
  ///   - factor: The upper-triangular R of M = RᵀR, [n, n].
  ///   - x: A matrix with n rows, or n columns where `fromRight`.
  ///   - fromRight: Whether M⁻¹ stands on the right.
  public static func solve(cholesky factor: Tensor, _ x: Tensor, fromRight: Bool = false) {
    check("Cholesky solve", factor, x)
    let n = factor.columnCount
    guard n == (fromRight ? x.columnCount : x.rowCount) else {
      fatalError("a Cholesky factor of shape \(factor.shape) does not fit \(x.shape)")
    }
    guard x.device.isCPU else {
      return onDevice {
        ct_device_cholesky_solve(fromRight, factor.handle, x.handle)
      }
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

    func check() {
      Kernels.check("Cholesky factor", matrix, destination)
      let n = matrix.columnCount
      guard matrix.count == n * n, destination.count == n * n else {
        fatalError("Cholesky factor of \(matrix.shape) into \(destination.shape)")
      }
    }

    /// The trace of scale·matrix.
    var trace: Double { scale == 0 ? 0 : scale * Kernels.trace(matrix) }

    /// What to try after a shift that was not enough; `nil` where the matrix is not finite.
    func nextShift(_ shift: Double) -> Double? {
      let trace = trace
      guard trace.isFinite, shift.isFinite else { return nil }
      let ulp = matrix.isDouble ? Double.ulpOfOne : Double(Float.ulpOfOne)
      return max(4 * shift, ulp * trace, Double(Float.leastNormalMagnitude))
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
    guard jobs.first?.matrix.device.isCPU ?? true else { return factorizeOnDevice(jobs) }
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

  /// Factorizes all, and then waits once for what came of it; those that failed are tried again one by
  /// one.
  private static func factorizeOnDevice(_ jobs: [CholeskyJob]) -> [Factorization] {
    func attempt(_ job: CholeskyJob, _ shift: Double) -> DeferredNumber {
      onDevice {
        ct_device_form_damped(job.matrix.handle, job.scale, shift, job.destination.handle)
      }
      return number(on: job.matrix.device) { ct_device_cholesky(job.destination.handle, &$0) }
    }
    let outcomes = jobs.map { job in
      job.check()
      return attempt(job, job.shift)
    }
    return zip(jobs, outcomes).map { job, outcome in
      if outcome.value == 1 { return .exact }
      if let shift = job.nextShift(job.shift) {
        var shift = shift
        for _ in 1..<attemptCount {
          if attempt(job, shift).value == 1 { return .shifted }
          shift = job.nextShift(shift) ?? shift
        }
      }
      onDevice { ct_device_form_damped(job.matrix.handle, 0, .nan, job.destination.handle) }
      return .failed
    }
  }

  /// How often a matrix is tried, each time with a larger shift.
  private static let attemptCount = 40

  private static func factorize(_ job: CholeskyJob) -> Factorization {
    job.check()
    let n = job.matrix.columnCount
    var shift = job.shift
    // An element off the diagonal of a Gram matrix is finite where the diagonal is.
    if job.trace.isFinite, shift.isFinite {
      for attempt in 0..<attemptCount {
        ct_form_damped(
          job.matrix.isDouble, Int64(n), job.matrix.data, job.scale, shift, job.destination.data)
        if ct_cholesky(job.matrix.isDouble, Int64(n), job.destination.data) {
          return attempt == 0 ? .exact : .shifted
        }
        shift = job.nextShift(shift) ?? shift
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
  ///   - uniforms: N numbers from [0, 1), of type float64 on the same device.
  public static func sampledCrossEntropyCotangent(
    probabilities: Tensor, uniforms: Tensor
  ) -> Tensor {
    check("sampling", probabilities)
    require(
      uniforms.count == probabilities.rowCount && uniforms.type == .float64
        && uniforms.device == probabilities.device,
      "sampling needs a number of type float64 for each example, on one device with them")
    let cotangent = Tensor(uninitialized: probabilities.shape, like: probabilities)
    guard probabilities.device.isCPU else {
      onDevice {
        ct_device_sample_classes(probabilities.handle, uniforms.handle, cotangent.handle)
      }
      return cotangent
    }
    ct_sample_classes(
      probabilities.isDouble, Int64(probabilities.rowCount), Int64(probabilities.columnCount),
      probabilities.data, uniforms.data.assumingMemoryBound(to: Double.self), cotangent.data)
    return cotangent
  }

  /// √p_k·(p − e_k) by rows: over all classes k, the sum of their squares bbᵀ is diag p − ppᵀ.
  public static func crossEntropyFactor(probabilities: Tensor, class k: Int) -> Tensor {
    check("Fisher factor", probabilities)
    require((0..<probabilities.columnCount).contains(k), "there is no class \(k)")
    let cotangent = Tensor(uninitialized: probabilities.shape, like: probabilities)
    guard probabilities.device.isCPU else {
      onDevice { ct_device_class_factor(probabilities.handle, Int64(k), cotangent.handle) }
      return cotangent
    }
    ct_class_factor(
      probabilities.isDouble, Int64(probabilities.rowCount), Int64(probabilities.columnCount),
      Int64(k), probabilities.data, cotangent.data)
    return cotangent
  }
}
