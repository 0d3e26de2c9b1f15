import Requirements
import AdamQLRTorch

/// How a parameter starts.
///
/// The schemes for weights follow from the numbers of inputs and outputs, of a [inputs, outputs]
/// matrix its sizes; of a kernel, the last two sizes times all others.
public struct Initializer: Sendable {
  /// The elements, row-major, of a parameter of this shape.
  public let elements: @Sendable (_ shape: [Int], inout SeededGenerator) -> [Double]

  /// Makes an initializer.
  public init(_ elements: @escaping @Sendable (_ shape: [Int], inout SeededGenerator) -> [Double]) {
    self.elements = elements
  }

  /// The shape of the distribution of random weights with a given variance.
  public enum Distribution: String, Codable, Sendable, CaseIterable {
    /// Normal.
    case normal
    /// Normal, redrawn beyond two standard deviations.
    case truncatedNormal = "truncated-normal"
    /// Uniform around 0.
    case uniform
  }

  /// 0.
  public static let zeros = constant(0)

  /// 1.
  public static let ones = constant(1)

  /// The same number everywhere.
  public static func constant(_ value: Double) -> Initializer {
    Initializer { shape, _ in Array(repeating: value, count: shape.reduce(1, *)) }
  }

  /// These elements, row-major.
  public static func values(_ values: [Double]) -> Initializer {
    Initializer { shape, _ in
      require(
        values.count == shape.reduce(1, *),
        "\(values.count) initial values do not fill a parameter of shape \(shape)")
      return values
    }
  }

  /// Normal with mean 0. Default standard deviation 0.02.
  public static func normal(standardDeviation: Double = 0.02) -> Initializer {
    Initializer { shape, generator in
      (0..<shape.reduce(1, *)).map { _ in standardDeviation * generator.normal() }
    }
  }

  /// Variance 2/inputs, for layers followed by a rectifier (He et al. 2015).
  public static func kaiming(_ distribution: Distribution = .normal) -> Initializer {
    scaled(distribution) { inputs, _ in 2 / inputs }
  }

  /// Variance 2/(inputs + outputs) (Glorot and Bengio 2010).
  public static func xavier(_ distribution: Distribution = .uniform) -> Initializer {
    scaled(distribution) { inputs, outputs in 2 / (inputs + outputs) }
  }

  /// Variance 1/inputs (LeCun et al. 1998).
  public static func leCun(_ distribution: Distribution = .truncatedNormal) -> Initializer {
    scaled(distribution) { inputs, _ in 1 / inputs }
  }

  private static func scaled(
    _ distribution: Distribution,
    variance: @escaping @Sendable (_ inputs: Double, _ outputs: Double) -> Double
  ) -> Initializer {
    Initializer { shape, generator in
      let field = Double(shape.dropLast(2).reduce(1, *))
      let inputs = field * Double(shape.count > 1 ? shape[shape.count - 2] : 1)
      let outputs = field * Double(shape.last ?? 1)
      let deviation = variance(inputs, outputs).squareRoot()
      return (0..<shape.reduce(1, *)).map { _ in
        deviation * distribution.draw(&generator)
      }
    }
  }
}

extension Initializer.Distribution {
  /// A number with mean 0 and variance 1.
  fileprivate func draw(_ generator: inout SeededGenerator) -> Double {
    switch self {
    case .normal:
      return generator.normal()
    case .uniform:
      return (2 * generator.uniform() - 1) * 3.0.squareRoot()
    case .truncatedNormal:
      while true {
        let value = generator.normal()
        // The standard deviation of what is left between −2 and 2.
        if abs(value) <= 2 { return value / 0.879_625_661_034_239_78 }
      }
    }
  }
}
