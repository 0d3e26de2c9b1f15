/// No damping: λ = 0.
public struct NoDamping: Damping, Codable {
  /// Makes the rule.
  public init() {}

  public func damping(at step: Int) -> Double { 0 }
}

/// The same λ at every step.
public struct ConstantDamping: Damping, Codable {
  /// λ. Default 1e-3.
  public var value: Double

  /// Makes the rule.
  public init(_ value: Double = 1e-3) { self.value = value }

  public static let settings = [
    Setting<ConstantDamping>(
      "initial", \.value, .nonnegative, "λ at the start, constant λ, or the schedule's peak.")
  ]

  public func damping(at step: Int) -> Double { value }
}
