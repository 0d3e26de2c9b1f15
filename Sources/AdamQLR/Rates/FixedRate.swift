/// The same α at every step.
public struct FixedRate: LearningRate, Codable {
  /// α.
  public var value: Double

  /// Makes the rule.
  public init(_ value: Double) { self.value = value }

  public static let settings = [
    Setting<FixedRate>("value", \.value, .nonnegative, "Fixed rate, schedule's peak, or start.")
  ]

  public func knownRate(at step: Int) -> Double? { value }
  public func rate(_ model: inout QuadraticModel) -> Double { value }
}
