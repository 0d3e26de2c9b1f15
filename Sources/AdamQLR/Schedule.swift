#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#elseif canImport(Android)
  import Android
#elseif canImport(ucrt)
  import ucrt
#endif

/// A learning rate as a function of the step's number, counted from 0.
public struct Schedule: Hashable, Codable, Sendable {
  /// The shape after the warm-up.
  public enum Shape: Hashable, Codable, Sendable {
    /// The peak throughout.
    case constant
    /// Half a cosine from the peak to `final` at step `total`, constant from there on
    /// (Loshchilov and Hutter 2017, without restarts).
    case cosine(total: Int, final: Double)
    /// The peak times the product of the factors of all boundaries passed.
    case piecewise([Boundary])
  }

  /// A step from which a piecewise schedule is multiplied by a factor.
  public struct Boundary: Hashable, Codable, Sendable {
    /// The first step with the factor.
    public var step: Int
    /// The factor.
    public var factor: Double

    /// Makes a boundary.
    public init(step: Int, factor: Double) {
      self.step = step
      self.factor = factor
    }
  }

  /// The learning rate after the warm-up.
  public var peak: Double
  /// The steps over which the learning rate rises linearly from `peak`/`warmUp` to the peak.
  public var warmUp: Int
  /// The shape after the warm-up.
  public var shape: Shape

  /// Makes a schedule.
  public init(peak: Double, warmUp: Int = 0, shape: Shape = .constant) {
    precondition(warmUp >= 0, "warmUp is \(warmUp), but must not be negative")
    self.peak = peak
    self.warmUp = warmUp
    self.shape = shape
  }

  /// The learning rate at `step`, counted from 0.
  public func value(at step: Int) -> Double {
    if step < warmUp { return peak * Double(step + 1) / Double(warmUp) }
    switch shape {
    case .constant:
      return peak
    case .cosine(let total, let final):
      if step >= total { return final }
      let progress = Double(step - warmUp) / Double(total - warmUp)
      return final + (peak - final) * cosineDecay(progress)
    case .piecewise(let boundaries):
      return boundaries.reduce(peak) { step >= $1.step ? $0 * $1.factor : $0 }
    }
  }
}

/// `base` to any power.
func exponential(_ exponent: Double, ofBase base: Double) -> Double {
  pow(base, exponent)
}

/// ½(1 + cos πx): from 1 at x = 0 to 0 at x = 1.
func cosineDecay(_ x: Double) -> Double {
  0.5 * (1 + cos(Double.pi * x))
}
