import Foundation
import Requirements
import AdamQLRTorch

/// A comparison of all that is computed on a device with what the processor's kernels make of it.
///
///     DeviceCheck(.cuda()).run { print($0.name, $0.isPassed) }
///
/// On ``Device/simulated`` it needs no GPU, and checks everything but the GPU itself.
public struct DeviceCheck {
  /// The device that is checked.
  public let device: Device

  /// Makes a check of a device.
  ///
  /// - Throws: ``TorchError`` where the device cannot be used.
  public init(_ device: Device) throws(TorchError) {
    require(device != .cpu, "the processor is what devices are compared with")
    try device.prepare()
    self.device = device
  }

  /// What came of one comparison.
  public struct Outcome: Hashable, Sendable {
    /// What was compared.
    public let name: String
    /// The largest difference, relative to the largest magnitude of its tensor or to 1.
    public let deviation: Double
    /// The largest difference that counts as rounding.
    public let tolerance: Double

    /// Whether the difference is rounding's.
    public var isPassed: Bool { deviation <= tolerance }
  }

  /// One comparison: some operations, done on two devices.
  struct Comparison: Sendable {
    let name: String
    /// The largest deviations that count as rounding, by type.
    var tolerances: [DataType: Double] = [.float32: 2e-5, .float64: 1e-11]
    /// The device to compare with.
    var reference = Device.cpu
    let body: @Sendable (inout Operands) throws -> [Tensor]
  }

  /// Where a comparison's operands come from: the same numbers on each device.
  struct Operands {
    let device: Device
    let type: DataType
    private var generator = SeededGenerator(seed: 1, stream: "device-check")

    init(_ device: Device, _ type: DataType) {
      self.device = device
      self.type = type
    }

    /// Normally distributed numbers.
    mutating func normals(_ shape: Int...) -> Tensor {
      Tensor.normals(shape, type, using: &generator).to(device)
    }

    /// Numbers from [0.1, 1.1).
    mutating func positives(_ shape: Int...) -> Tensor {
      (Tensor.uniforms(shape, using: &generator) + 0.1).to(type).to(device)
    }

    /// Whole numbers below a bound, of type int64.
    mutating func integers(below bound: Int, _ shape: Int...) -> Tensor {
      let count = shape.reduce(1, *)
      return Tensor(
        (0..<count).map { _ in Int64(generator.integer(below: bound)) }, shape: shape
      ).to(device)
    }

    /// A generator that is the same on each device.
    mutating func split() -> SeededGenerator { SeededGenerator(seed: generator.next()) }
  }

  /// Makes all comparisons.
  ///
  /// - Parameter report: Is told of each outcome.
  /// - Throws: What an operation or `report` throws.
  public func run(_ report: (Outcome) throws -> Void) throws {
    for comparison in Self.kernels + Self.operations + Self.training {
      for type in [DataType.float32, .float64] {
        try report(try outcome(of: comparison, type))
      }
    }
  }

  private func outcome(of comparison: Comparison, _ type: DataType) throws -> Outcome {
    func results(_ device: Device) throws -> [Tensor] {
      var operands = Operands(device, type)
      return try comparison.body(&operands)
    }
    let expected = try results(comparison.reference)
    let found = try results(device)
    return Outcome(
      name: "\(comparison.name), \(type.rawValue)",
      deviation: expected.count == found.count
        ? zip(found, expected).map(Self.deviation).max() ?? 0 : .infinity,
      tolerance: comparison.tolerances[type] ?? 0)
  }

  /// The largest difference between two tensors, relative to the largest magnitude of the second, or
  /// to 1 where that is less; infinite where shapes differ or a number is none on one side only.
  static func deviation(_ found: Tensor, _ expected: Tensor) -> Double {
    guard found.shape == expected.shape else { return .infinity }
    let (found, expected) = (found.doubles, expected.doubles)
    let scale = expected.reduce(1) { $1.isFinite ? max($0, abs($1)) : $0 }
    return zip(found, expected).reduce(0) { worst, pair in
      let (a, b) = pair
      if a == b || a.isNaN && b.isNaN { return worst }
      return a.isFinite && b.isFinite ? max(worst, abs(a - b) / scale) : .infinity
    }
  }
}
