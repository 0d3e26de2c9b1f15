import CTorch

/// Fused operations that write into memory given to them, for the inner loops of networks and
/// optimizers.
///
/// All tensors of a call are contiguous, of one floating-point type and on one device. Those that are
/// used as matrices have their columns in the last dimension and their rows in all others. A tensor to
/// which a kernel writes must not be another operand, unless said so.
///
/// On the processor these are kernels made for it; on any other device libtorch's operators do the
/// same, but for rounding.
public enum Kernels {
  /// c ← op(a)·op(b), added to c where `accumulates`.
  ///
  /// - Parameters:
  ///   - transposesA: Whether a is taken transposed.
  ///   - transposesB: Whether b is taken transposed.
  ///   - accumulates: Whether the product is added to what is there.
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
    guard a.usesKernels else {
      return onDevice {
        ct_device_gemm(transposesA, transposesB, a.handle, b.handle, accumulates, c.handle)
      }
    }
    trap(
      on: ct_gemm(
        a.isDouble, transposesA, transposesB, Int64(m), Int64(n), Int64(k), a.data, b.data,
        accumulates, c.data))
  }

  /// z ← x·weight + bias and, where `rectified` is given, rectified ← max(z, 0); it may be z.
  ///
  /// - Parameters:
  ///   - rectified: Gets max(z, 0), where it is wanted.
  ///   - x: [rows, inputs].
  ///   - weight: [inputs, outputs].
  ///   - bias: [outputs].
  ///   - z: [rows, outputs].
  public static func formDense(
    _ x: Tensor, _ weight: Tensor, _ bias: Tensor?, into z: Tensor, rectified: Tensor? = nil
  ) {
    check("dense layer", x, weight, bias, z, rectified)
    checkDense(x, weight, z, rectified)
    guard z.usesKernels else {
      return onDevice {
        ct_device_dense(x.handle, weight.handle, bias?.handle, z.handle, rectified?.handle)
      }
    }
    trap(
      on: ct_dense(
        z.isDouble, Int64(z.rowCount), Int64(x.columnCount), Int64(z.columnCount), x.data,
        weight.data, bias?.data, z.data, rectified?.data))
  }

  /// The tangent of ``formDense(_:_:_:into:rectified:)`` by weight and bias: t ← x·weightTangent +
  /// biasTangent and, where `rectified` is given, rectified ← t where z > 0, else 0.
  ///
  /// - Parameters:
  ///   - x: The inputs, [rows, inputs].
  ///   - weightTangent: The tangent of the weight, [inputs, outputs]; `nil`: 0.
  ///   - biasTangent: That of the bias, [outputs]; `nil`: 0.
  ///   - z: The outputs, [rows, outputs].
  ///   - accumulates: Whether to add to what is in t.
  ///   - t: Gets the tangent of z.
  ///   - rectified: Gets that of max(z, 0), where it is wanted.
  public static func formDenseTangent(
    _ x: Tensor, _ weightTangent: Tensor?, _ biasTangent: Tensor?, z: Tensor,
    accumulates: Bool = false, into t: Tensor, rectified: Tensor? = nil
  ) {
    check("dense layer's tangent", x, weightTangent, biasTangent, z, t, rectified)
    if let weightTangent { checkDense(x, weightTangent, t, rectified) }
    guard t.usesKernels else {
      return onDevice {
        ct_device_dense_tangent(
          x.handle, weightTangent?.handle, biasTangent?.handle, z.handle, accumulates, t.handle,
          rectified?.handle)
      }
    }
    trap(
      on: ct_dense_tangent(
        t.isDouble, Int64(t.rowCount), Int64(x.columnCount), Int64(t.columnCount), x.data,
        weightTangent?.data, biasTangent?.data, z.data, accumulates, t.data, rectified?.data))
  }

  /// The pullback of a rectified ``formDense(_:_:_:into:rectified:)`` to weight and bias: masked ←
  /// cotangent where z > 0, else 0; weight ← xᵀ·masked; bias ← the column sums of masked.
  ///
  /// - Parameters:
  ///   - cotangent: The derivative by the rectified outputs, [rows, outputs].
  ///   - x: The inputs, [rows, inputs].
  ///   - z: The outputs before they were rectified, [rows, outputs].
  ///   - masked: Gets the derivative by z.
  ///   - weight: Where to write, if that is of use, and whether to add to what is there.
  ///   - bias: The same for the bias.
  ///   - keepsMasked: Whether masked is of use afterwards; it is scratch otherwise.
  public static func pullBackRectified(
    _ cotangent: Tensor, _ x: Tensor, z: Tensor, weight: (Tensor, accumulates: Bool)?,
    bias: (Tensor, accumulates: Bool)?, into masked: Tensor, keepsMasked: Bool
  ) {
    check("dense layer's pullback", cotangent, x, z, weight?.0, bias?.0, masked)
    if let weight { checkDense(x, weight.0, z, masked) }
    guard z.usesKernels else {
      return onDevice {
        ct_device_rectified_pullback(
          x.handle, cotangent.handle, z.handle, weight?.accumulates ?? false, weight?.0.handle,
          bias?.accumulates ?? false, bias?.0.handle, masked.handle)
      }
    }
    trap(
      on: ct_rectified_pullback(
        z.isDouble, Int64(z.rowCount), Int64(x.columnCount), Int64(z.columnCount), x.data,
        cotangent.data, z.data, weight?.accumulates ?? false, weight?.0.data,
        bias?.accumulates ?? false, bias?.0.data, keepsMasked, masked.data))
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
    guard z.device.isCPU else {
      return onDevice {
        ct_device_add_bias(bias.handle, z.handle)
      }
    }
    ct_add_bias(z.isDouble, Int64(z.rowCount), Int64(z.columnCount), bias.data, z.data)
  }

  /// sums ← the column sums of x, added to what is there where `accumulates`.
  public static func sumColumns(_ x: Tensor, into sums: Tensor, accumulates: Bool = false) {
    check("column sums", x, sums)
    guard sums.count == x.columnCount else {
      fatalError("column sums of \(x.shape) into \(sums.shape): the counts differ")
    }
    guard x.device.isCPU else {
      return onDevice {
        ct_device_sum_columns(x.handle, accumulates, sums.handle)
      }
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
    guard z.device.isCPU else {
      let handles: [ct_tensor?] = tangents.map(\.handle)
      return onDevice {
        ct_device_displace(
          z.handle, handles, coefficients, Int32(tangents.count), rectifies, out.handle)
      }
    }
    var pointers: [UnsafeRawPointer?] = tangents.map { UnsafeRawPointer($0.data) }
    ct_displace(
      z.isDouble, Int64(z.count), z.data, &pointers, coefficients, Int32(tangents.count),
      rectifies, out.data)
    withExtendedLifetime(tangents) {}
  }

  /// A number that a kernel leaves on a device.
  static func number(
    on device: Device, _ kernel: (inout ct_tensor?) -> ct_error?
  ) -> DeferredNumber {
    DeferredNumber(DeferredNumbers(on: device, kernel))
  }

  static func check(_ operation: StaticString, _ first: Tensor, _ others: Tensor?...) {
    check(operation, first, others)
  }

  static func check(
    _ operation: StaticString, _ first: Tensor, _ others: [Tensor?]
  ) {
    guard first.isKernelOperand, others.allSatisfy({ $0?.isKernelOperand(like: first) ?? true })
    else {
      let operands = ([first] + others.compactMap { $0 }).map(\.place)
      fatalError(
        "\(operation) of \(operands.joined(separator: ", ")): expected contiguous tensors of one "
          + "floating-point type on one device")
    }
  }

  static func checkCounts(
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

  /// Whether fused kernels compute a product with this result, rather than operators.
  fileprivate var usesKernels: Bool { device.isCPU && !ct_reduces_products() }

  /// Type, shape and device, for errors.
  var place: String { "\(type)\(shape)" + (device.isCPU ? "" : " on \(device)") }

  fileprivate var isKernelOperand: Bool {
    type.isFloatingPoint && !isTracked && ct_is_contiguous(handle)
  }

  fileprivate func isKernelOperand(like other: Tensor) -> Bool {
    type == other.type && device == other.device && isKernelOperand
  }
}
