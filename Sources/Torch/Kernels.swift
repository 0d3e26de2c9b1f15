import CTorch

/// Fused operations that write into memory given to them, for the inner loops of networks and
/// optimizers.
///
/// All tensors of a call are contiguous and of one floating-point type. Those that are used as
/// matrices have their columns in the last dimension and their rows in all others. A tensor to which a kernel writes must not be another operand, unless said so.
public enum Kernels {
  /// c ← op(a)·op(b), added to c where `accumulates`.
  ///
  /// - Parameters:
  ///   - a: [m, k], or [k, m] where `transposesA`.
  ///   - b: [k, n], or [n, k] where `transposesB`.
  ///   - c: m·n elements.
  public static func multiply(
    _ a: Tensor, _ b: Tensor, into c: Tensor, transposesA: Bool = false, transposesB: Bool = false,
    accumulates: Bool = false
  ) {
    let (a0, a1, b0, b1) = (a.rowCount, a.columnCount, b.rowCount, b.columnCount)
    let (m, inner) = transposesA ? (a1, a0) : (a0, a1)
    let (k, n) = transposesB ? (b1, b0) : (b0, b1)
    guard inner == k, c.count == m * n else {
      fatalError(
        "matrix product of \(a.shape)\(transposesA ? "ᵀ" : "") and "
          + "\(b.shape)\(transposesB ? "ᵀ" : "") into \(c.shape): the shapes do not fit")
    }
    check("matrix product", a, b, c)
    guard m > 0, n > 0 else { return }
    ct_gemm(
      a.isDouble, transposesA, transposesB, Int64(m), Int64(n), Int64(k), a.data, b.data,
      accumulates, c.data)
  }

  /// z ← x·weight + bias and, where `rectified` is given, rectified ← max(z, 0); it may be z.
  ///
  /// - Parameters:
  ///   - x: [rows, inputs].
  ///   - weight: [inputs, outputs].
  ///   - bias: [outputs].
  ///   - z: [rows, outputs].
  public static func formDense(
    _ x: Tensor, _ weight: Tensor, _ bias: Tensor?, into z: Tensor, rectified: Tensor? = nil
  ) {
    check("dense layer", x, weight, bias, z, rectified)
    checkDense(x, weight, z, rectified)
    ct_dense(
      z.isDouble, Int64(z.rowCount), Int64(x.columnCount), Int64(z.columnCount), x.data,
      weight.data, bias?.data, z.data, rectified?.data)
  }

  /// The tangent of ``formDense(_:_:_:into:rectified:)`` by weight and bias: t ← x·weightTangent +
  /// biasTangent and, where `rectified` is given, rectified ← t where z > 0, else 0.
  ///
  /// - Parameter accumulates: Whether to add to what is in t.
  public static func formDenseTangent(
    _ x: Tensor, _ weightTangent: Tensor?, _ biasTangent: Tensor?, z: Tensor,
    accumulates: Bool = false, into t: Tensor, rectified: Tensor? = nil
  ) {
    check("dense layer's tangent", x, weightTangent, biasTangent, z, t, rectified)
    if let weightTangent { checkDense(x, weightTangent, t, rectified) }
    ct_dense_tangent(
      t.isDouble, Int64(t.rowCount), Int64(x.columnCount), Int64(t.columnCount), x.data,
      weightTangent?.data, biasTangent?.data, z.data, accumulates, t.data, rectified?.data)
  }

  /// The pullback of a rectified ``formDense(_:_:_:into:rectified:)`` to weight and bias: masked ←
  /// cotangent where z > 0, else 0; weight ← xᵀ·masked; bias ← the column sums of masked.
  ///
  /// - Parameters:
  ///   - weight: Where to write, if that is of use, and whether to add to what is there.
  ///   - bias: The same for the bias.
  ///   - keepsMasked: Whether masked is of use afterwards; it is scratch otherwise.
  public static func pullBackRectified(
    _ cotangent: Tensor, _ x: Tensor, z: Tensor, weight: (Tensor, accumulates: Bool)?,
    bias: (Tensor, accumulates: Bool)?, into masked: Tensor, keepsMasked: Bool
  ) {
    check("dense layer's pullback", cotangent, x, z, weight?.0, bias?.0, masked)
    if let weight { checkDense(x, weight.0, z, masked) }
    ct_rectified_pullback(
      z.isDouble, Int64(z.rowCount), Int64(x.columnCount), Int64(z.columnCount), x.data,
      cotangent.data, z.data, weight?.accumulates ?? false, weight?.0.data,
      bias?.accumulates ?? false, bias?.0.data, keepsMasked, masked.data)
  }

  private static func checkDense(_ x: Tensor, _ weight: Tensor, _ z: Tensor, _ a: Tensor?) {
    guard x.columnCount == weight.rowCount, weight.columnCount == z.columnCount,
      x.rowCount == z.rowCount, a.map({ $0.count == z.count }) ?? true
    else {
      fatalError(
        "dense layer of \(x.shape) and weights \(weight.shape) into \(z.shape): the shapes do not "
          + "fit")
    }
  }

  /// z ← z + bias by rows.
  public static func addBias(_ bias: Tensor, to z: Tensor) {
    check("bias", z, bias)
    guard bias.count == z.columnCount else {
      fatalError("bias of \(bias.shape) to \(z.shape): the counts differ")
    }
    ct_add_bias(z.isDouble, Int64(z.rowCount), Int64(z.columnCount), bias.data, z.data)
  }

  /// sums ← the column sums of x, added to what is there where `accumulates`.
  public static func sumColumns(_ x: Tensor, into sums: Tensor, accumulates: Bool = false) {
    check("column sums", x, sums)
    guard sums.count == x.columnCount else {
      fatalError("column sums of \(x.shape) into \(sums.shape): the counts differ")
    }
    ct_sum_columns(
      x.isDouble, Int64(x.rowCount), Int64(x.columnCount), x.data, accumulates, sums.data)
  }

  /// out ← z + Σ coefficients[i]·tangents[i], and its negative elements to 0 where `rectifies`.
  public static func displace(
    _ z: Tensor, along tangents: [Tensor], by coefficients: [Double], rectifies: Bool,
    into out: Tensor
  ) {
    guard !tangents.isEmpty, tangents.count == coefficients.count, out.count == z.count else {
      fatalError("a displacement needs a coefficient for each of \(tangents.count) tangents")
    }
    for tangent in tangents { check("displacement", z, tangent, out) }
    var pointers: [UnsafeRawPointer?] = tangents.map { UnsafeRawPointer($0.data) }
    ct_displace(
      z.isDouble, Int64(z.count), z.data, &pointers, coefficients, Int32(tangents.count),
      rectifies, out.data)
    withExtendedLifetime(tangents) {}
  }

  /// The mean cross entropy of the softmax of `logits` [.., classes] with `labels` [..] of type
  /// int64, accumulated in double precision.
  ///
  /// - Parameters:
  ///   - probabilities: Shaped like the logits. Receives the softmax where `cotangent` is given; is
  ///     scratch otherwise.
  ///   - cotangent: Receives the derivative by the logits, (softmax − one-hot)/N.
  /// - Returns: The loss, and the number of rows whose largest logit is the label's.
  public static func crossEntropy(
    _ logits: Tensor, labels: Tensor, probabilities: Tensor, cotangent: Tensor? = nil
  ) -> (loss: Double, correct: Int) {
    guard logits.rank >= 2, labels.type == .int64, labels.count == logits.rowCount else {
      fatalError(
        "cross entropy of logits \(logits.type)\(logits.shape) and labels "
          + "\(labels.type)\(labels.shape): expected [.., classes] and int64[..]")
    }
    check("cross entropy", logits, probabilities, cotangent)
    var correct: Int64 = 0
    let loss = ct_cross_entropy(
      logits.isDouble, Int64(logits.rowCount), Int64(logits.columnCount), logits.data,
      labels.data.assumingMemoryBound(to: Int64.self), probabilities.data, cotangent?.data,
      &correct)
    if correct < 0 {
      let row = Int(-1 - correct)
      fatalError(
        "cross entropy: the label of row \(row) is \(labels.elements(Int64.self)[row]), but there are "
          + "only the classes 0..<\(logits.columnCount)")
    }
    return (loss, Int(correct))
  }

  /// (1/N) Σ aᵀ(diag p − ppᵀ)b over the rows of [N, classes] tensors: the Fisher product of softmax
  /// cross entropy.
  public static func crossEntropyFisher(
    probabilities: Tensor, _ a: Tensor, _ b: Tensor
  ) -> Double {
    check("Fisher product", probabilities, a, b)
    return ct_cross_entropy_fisher(
      a.isDouble, Int64(a.rowCount), Int64(a.columnCount), probabilities.data, a.data, b.data)
  }

  /// ½·mean (z − y)² over all elements, accumulated in double precision; with `cotangent`, its
  /// derivative (z − y)/count.
  public static func squaredError(_ z: Tensor, _ y: Tensor, cotangent: Tensor? = nil) -> Double {
    guard z.count == y.count else {
      fatalError("squared error of outputs \(z.shape) and targets \(y.shape): the shapes differ")
    }
    check("squared error", z, y, cotangent)
    return ct_squared_error(z.isDouble, Int64(z.count), z.data, y.data, cotangent?.data)
  }

  /// ⟨x, y⟩, accumulated in double precision.
  public static func dot(_ x: Tensor, _ y: Tensor) -> Double {
    checkCounts("scalar product", x, y)
    return ct_dot(x.isDouble, Int64(x.count), x.data, y.data)
  }

  /// out ← a·x + b·y, where `out` may be an operand; with b = 0, y is not looked at.
  ///
  /// - Returns: Whether every element of the result is finite.
  @discardableResult
  public static func formLinearCombination(
    _ a: Double, _ x: Tensor, _ b: Double, _ y: Tensor, into out: Tensor
  ) -> Bool {
    checkCounts("linear combination", x, y, out)
    return ct_linear_combination(out.isDouble, Int64(out.count), a, x.data, b, y.data, out.data)
  }

  /// out ← x ⊙ y, where `out` may be an operand.
  public static func formProduct(_ x: Tensor, _ y: Tensor, into out: Tensor) {
    checkCounts("product", x, y, out)
    ct_product(out.isDouble, Int64(out.count), x.data, y.data, out.data)
  }

  /// out ← x ⊘ (y + offset), where `out` may be an operand.
  public static func formQuotient(
    _ x: Tensor, _ y: Tensor, plus offset: Double, into out: Tensor
  ) {
    checkCounts("quotient", x, y, out)
    ct_quotient(out.isDouble, Int64(out.count), x.data, y.data, offset, out.data)
  }

  /// out ← √(x + offset), where `out` may be x.
  public static func formSquareRoot(of x: Tensor, plus offset: Double, into out: Tensor) {
    checkCounts("square root", x, out)
    ct_square_root(out.isDouble, Int64(out.count), x.data, offset, out.data)
  }

  /// Limits every element to `range`.
  public static func clamp(_ x: Tensor, to range: ClosedRange<Double>) {
    check("clamp", x)
    ct_clamp(x.isDouble, Int64(x.count), range.lowerBound, range.upperBound, x.data)
  }

  /// out ← −1, 0 or 1 as x is negative, 0 or positive; NaN stays.
  public static func formSign(of x: Tensor, into out: Tensor) {
    checkCounts("sign", x, out)
    ct_sign(out.isDouble, Int64(out.count), x.data, out.data)
  }

  /// gᵀd, dᵀd and gᵀg in one pass, accumulated in double precision.
  public static func directionProducts(
    gradient: Tensor, direction: Tensor
  ) -> (gd: Double, dd: Double, gg: Double) {
    checkCounts("direction's products", gradient, direction)
    return withProducts {
      ct_direction_products(
        gradient.isDouble, Int64(gradient.count), gradient.data, direction.data, $0)
    }
  }

  /// What ``formAdamDirection(_:gradient:first:second:nextFirst:nextSecond:direction:)`` needs
  /// besides vectors.
  public struct AdamScalars {
    var scalars: ct_adam_coefficients

    /// β₁ and the weight of g in m, β₂ and the weight of g² in v, ε, ε inside the root, the factors
    /// on m and v, and the weight of g beside m.
    public init(
      beta1: Double, firstGain: Double, beta2: Double, secondGain: Double, epsilon: Double,
      epsilonRoot: Double, firstCorrection: Double, secondCorrection: Double,
      gradientWeight: Double
    ) {
      scalars = ct_adam_coefficients(
        beta1: beta1, first_gain: firstGain, beta2: beta2, second_gain: secondGain,
        epsilon: epsilon, epsilon_root: epsilonRoot, first_correction: firstCorrection,
        second_correction: secondCorrection, gradient_weight: gradientWeight)
    }
  }

  /// Adam's moments and direction in one pass: reads three vectors, writes three.
  ///
  /// - Returns: gᵀd, dᵀd and gᵀg.
  public static func formAdamDirection(
    _ scalars: AdamScalars, gradient: Tensor, first: Tensor, second: Tensor, nextFirst: Tensor,
    nextSecond: Tensor, direction: Tensor
  ) -> (gd: Double, dd: Double, gg: Double) {
    checkCounts("Adam's direction", gradient, first, second, nextFirst, nextSecond, direction)
    return withProducts {
      ct_adam_direction(
        gradient.isDouble, Int64(gradient.count), scalars.scalars, gradient.data, first.data,
        second.data, nextFirst.data, nextSecond.data, direction.data, $0)
    }
  }

  /// As ``formAdamDirection(_:gradient:first:second:nextFirst:nextSecond:direction:)`` without a
  /// first moment: reads two vectors, writes two.
  public static func formScaledGradient(
    _ scalars: AdamScalars, gradient: Tensor, second: Tensor, nextSecond: Tensor,
    direction: Tensor
  ) -> (gd: Double, dd: Double, gg: Double) {
    checkCounts("scaled gradient", gradient, second, nextSecond, direction)
    return withProducts {
      ct_scaled_gradient(
        gradient.isDouble, Int64(gradient.count), scalars.scalars, gradient.data, second.data,
        nextSecond.data, direction.data, $0)
    }
  }

  /// The three numbers that `body` writes.
  private static func withProducts(
    _ body: (UnsafeMutablePointer<Double>) -> Void
  ) -> (gd: Double, dd: Double, gg: Double) {
    var products = (gd: 0.0, dd: 0.0, gg: 0.0)
    withUnsafeMutablePointer(to: &products) {
      $0.withMemoryRebound(to: Double.self, capacity: 3, body)
    }
    return products
  }

  static func check(_ operation: StaticString, _ first: Tensor, _ others: Tensor?...) {
    check(operation, first, others)
  }

  static func check(
    _ operation: StaticString, _ first: Tensor, _ others: [Tensor?]
  ) {
    guard first.isKernelOperand, others.allSatisfy({ $0?.isKernelOperand(like: first) ?? true })
    else {
      let operands = ([first] + others.compactMap { $0 }).map { "\($0.type)\($0.shape)" }
      fatalError(
        "\(operation) of \(operands.joined(separator: ", ")): expected contiguous tensors of one "
          + "floating-point type")
    }
  }

  private static func checkCounts(
    _ operation: StaticString, _ first: Tensor, _ others: Tensor...
  ) {
    check(operation, first, others)
    guard others.allSatisfy({ $0.count == first.count }) else {
      fatalError(
        "\(operation) of vectors of \(([first] + others).map(\.count)) elements: the counts differ")
    }
  }
}

extension Tensor {
  /// The rows and columns as kernels see a tensor: the last dimension has the columns.
  var rowCount: Int { count / max(columnCount, 1) }
  var columnCount: Int { rank == 0 ? 1 : size(rank - 1) }

  fileprivate var isKernelOperand: Bool {
    type.isFloatingPoint && !isTracked && ct_is_contiguous(handle)
  }

  fileprivate func isKernelOperand(like other: Tensor) -> Bool {
    type == other.type && isKernelOperand
  }
}
