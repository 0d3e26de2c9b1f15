import CTorch

/// Kernels of flat vectors.
extension Kernels {
  /// ⟨x, y⟩, accumulated in double precision.
  public static func dot(_ x: Tensor, _ y: Tensor) -> Double { deferredDot(x, y).value }

  /// As ``dot(_:_:)``, without waiting for a device.
  public static func deferredDot(_ x: Tensor, _ y: Tensor) -> DeferredNumber {
    checkCounts("scalar product", x, y)
    guard x.device.isCPU else {
      return number(on: x.device) { ct_device_dot(x.handle, y.handle, &$0) }
    }
    return DeferredNumber(ct_dot(x.isDouble, Int64(x.count), x.data, y.data))
  }

  /// max |xᵢ|, not finite where an element is not.
  public static func largestMagnitude(of x: Tensor) -> DeferredNumber {
    check("largest magnitude", x)
    guard x.device.isCPU else {
      return number(on: x.device) { ct_device_largest(x.handle, &$0) }
    }
    let elements = x.doubles
    return DeferredNumber(elements.reduce(0) { $1.isNaN ? .nan : max($0, abs($1)) })
  }

  /// out ← a·x + b·y, where `out` may be an operand; with b = 0, y is not looked at.
  ///
  /// - Returns: Whether every element of the result is finite; on a device, where that is known only
  ///   later, true: see ``largestMagnitude(of:)``.
  @discardableResult
  public static func formLinearCombination(
    _ a: Double, _ x: Tensor, _ b: Double, _ y: Tensor, into out: Tensor
  ) -> Bool {
    checkCounts("linear combination", x, y, out)
    guard out.device.isCPU else {
      onDevice { ct_device_linear_combination(a, x.handle, b, y.handle, out.handle) }
      return true
    }
    return ct_linear_combination(out.isDouble, Int64(out.count), a, x.data, b, y.data, out.data)
  }

  /// out ← x ⊙ y, where `out` may be an operand.
  public static func formProduct(_ x: Tensor, _ y: Tensor, into out: Tensor) {
    checkCounts("product", x, y, out)
    guard out.device.isCPU else {
      return onDevice {
        ct_device_product(x.handle, y.handle, out.handle)
      }
    }
    ct_product(out.isDouble, Int64(out.count), x.data, y.data, out.data)
  }

  /// out ← x ⊘ (y + offset), where `out` may be an operand.
  public static func formQuotient(
    _ x: Tensor, _ y: Tensor, plus offset: Double, into out: Tensor
  ) {
    checkCounts("quotient", x, y, out)
    guard out.device.isCPU else {
      return onDevice {
        ct_device_quotient(x.handle, y.handle, offset, out.handle)
      }
    }
    ct_quotient(out.isDouble, Int64(out.count), x.data, y.data, offset, out.data)
  }

  /// out ← √(x + offset), where `out` may be x.
  public static func formSquareRoot(of x: Tensor, plus offset: Double, into out: Tensor) {
    checkCounts("square root", x, out)
    guard out.device.isCPU else {
      return onDevice {
        ct_device_square_root(x.handle, offset, out.handle)
      }
    }
    ct_square_root(out.isDouble, Int64(out.count), x.data, offset, out.data)
  }

  /// gᵀd, dᵀd and gᵀg, which a device may still be computing.
  public enum DirectionProducts: Sendable {
    /// The three products.
    public typealias Numbers = (gd: Double, dd: Double, gg: Double)

    /// They are known.
    case known(Numbers)
    /// They are on a device.
    case deferred(DeferredNumbers)

    /// The three products; waits for a device where they are not known yet.
    public var numbers: Numbers {
      switch self {
      case .known(let numbers): return numbers
      case .deferred(let numbers):
        let values = numbers.values
        return (values[0], values[1], values[2])
      }
    }
  }

  /// Limits every element to `range`.
  public static func clamp(_ x: Tensor, to range: ClosedRange<Double>) {
    check("clamp", x)
    guard x.device.isCPU else {
      return onDevice {
        ct_device_clamp(range.lowerBound, range.upperBound, x.handle)
      }
    }
    ct_clamp(x.isDouble, Int64(x.count), range.lowerBound, range.upperBound, x.data)
  }

  /// out ← −1, 0 or 1 as x is negative, 0 or positive; NaN stays.
  public static func formSign(of x: Tensor, into out: Tensor) {
    checkCounts("sign", x, out)
    guard out.device.isCPU else {
      return onDevice {
        ct_device_sign(x.handle, out.handle)
      }
    }
    ct_sign(out.isDouble, Int64(out.count), x.data, out.data)
  }

  /// gᵀd, dᵀd and gᵀg in one pass, accumulated in double precision.
  public static func directionProducts(
    gradient: Tensor, direction: Tensor
  ) -> DirectionProducts {
    checkCounts("direction's products", gradient, direction)
    guard gradient.device.isCPU else {
      return products(on: gradient.device) {
        ct_device_direction_products(gradient.handle, direction.handle, &$0)
      }
    }
    return withProducts {
      ct_direction_products(
        gradient.isDouble, Int64(gradient.count), gradient.data, direction.data, $0)
    }
  }

  /// What ``formAdamDirection(_:gradient:first:second:direction:)`` needs besides vectors.
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

  /// Adam's direction of the moments as the gradient would advance them, in one pass: reads three
  /// vectors, writes one. ``advanceMoments(_:gradient:first:second:)`` advances them.
  ///
  /// - Returns: gᵀd, dᵀd and gᵀg.
  public static func formAdamDirection(
    _ scalars: AdamScalars, gradient: Tensor, first: Tensor, second: Tensor, direction: Tensor
  ) -> DirectionProducts {
    checkCounts("Adam's direction", gradient, first, second, direction)
    guard gradient.device.isCPU else {
      return products(on: gradient.device) {
        ct_device_adam_direction(
          scalars.scalars, gradient.handle, first.handle, second.handle, direction.handle, &$0)
      }
    }
    return withProducts {
      ct_adam_direction(
        gradient.isDouble, Int64(gradient.count), scalars.scalars, gradient.data, first.data,
        second.data, direction.data, $0)
    }
  }

  /// As ``formAdamDirection(_:gradient:first:second:direction:)`` with the gradient in place of its
  /// first moment: reads two vectors, writes one.
  public static func formScaledGradient(
    _ scalars: AdamScalars, gradient: Tensor, second: Tensor, direction: Tensor
  ) -> DirectionProducts {
    checkCounts("scaled gradient", gradient, second, direction)
    guard gradient.device.isCPU else {
      return products(on: gradient.device) {
        ct_device_scaled_gradient(
          scalars.scalars, gradient.handle, second.handle, direction.handle, &$0)
      }
    }
    return withProducts {
      ct_scaled_gradient(
        gradient.isDouble, Int64(gradient.count), scalars.scalars, gradient.data, second.data,
        direction.data, $0)
    }
  }

  /// first ← β₁·first + a₁·g and second ← β₂·second + a₂·g ⊙ g in one pass: to the last bit those
  /// that ``formAdamDirection(_:gradient:first:second:direction:)`` looks ahead to.
  ///
  /// - Parameters:
  ///   - scalars: β₁, a₁, β₂ and a₂ of them are looked at.
  ///   - gradient: The gradient g.
  ///   - first: The first moment; nil where there is none.
  ///   - second: The second moment.
  public static func advanceMoments(
    _ scalars: AdamScalars, gradient: Tensor, first: Tensor?, second: Tensor
  ) {
    checkCounts("moments", gradient, first ?? second, second)
    guard gradient.device.isCPU else {
      return onDevice {
        ct_device_advance_moments(
          scalars.scalars, gradient.handle, first?.handle, second.handle)
      }
    }
    ct_advance_moments(
      gradient.isDouble, Int64(gradient.count), scalars.scalars, gradient.data, first?.data,
      second.data)
  }

  /// The three numbers that `body` writes.
  private static func withProducts(
    _ body: (UnsafeMutablePointer<Double>) -> Void
  ) -> DirectionProducts {
    var products: DirectionProducts.Numbers = (0, 0, 0)
    withUnsafeMutablePointer(to: &products) {
      $0.withMemoryRebound(to: Double.self, capacity: 3, body)
    }
    return .known(products)
  }

  /// Three numbers that a kernel leaves on a device.
  private static func products(
    on device: Device, _ kernel: (inout ct_tensor?) -> ct_error?
  ) -> DirectionProducts {
    .deferred(DeferredNumbers(on: device, kernel))
  }
}
