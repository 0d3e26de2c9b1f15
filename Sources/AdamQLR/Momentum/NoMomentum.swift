/// No v.
public struct NoMomentum: Momentum, Codable {
  /// Makes the rule.
  public init() {}

  public var isUsed: Bool { false }
  public func momentum(_ model: QuadraticModel, learningRate: Double) -> Double { 0 }
}
