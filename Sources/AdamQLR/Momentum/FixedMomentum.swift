/// The same μ at every step (Polyak 1964).
public struct FixedMomentum: Momentum, Codable {
  /// μ.
  public var value: Double

  /// Makes the rule.
  public init(_ value: Double) { self.value = value }

  public static let settings = [
    Setting<FixedMomentum>("value", \.value, .nonnegative, "Fixed μ, or the schedule's peak.")
  ]

  public func knownMomentum(at step: Int) -> Double? { value }
  public func momentum(_ model: QuadraticModel, learningRate: Double) -> Double { value }
}
