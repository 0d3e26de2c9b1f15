/// The μ that minimizes the quadratic model of the loss, together with α where that comes from the
/// model too (Martens and Grosse 2015, §7); see ``QuadraticModel/minimum``.
///
/// Where the two directions cannot be told apart in working precision, or the model has no minimum
/// along them, μ is 0.
public struct QuadraticMomentum: Momentum, Codable {
  /// Makes the rule.
  public init() {}

  public var needsCurvature: Bool { true }
  public var isJoint: Bool { true }

  public func momentum(_ model: QuadraticModel, learningRate: Double) -> Double {
    // α may have been refined since, or may not come from the model at all.
    !model.hasRateFromModel || model.minimum != nil ? model.momentum(at: learningRate) : 0
  }
}
