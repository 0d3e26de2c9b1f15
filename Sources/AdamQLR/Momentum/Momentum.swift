/// A rule of the momentum of the step: how much of the previous update a step repeats, the μ of
/// u = −αd + μv, with u the update and v the one before, 0 at first.
///
/// This is momentum of the *step*, for any direction; ``StochasticGradientDescent/momentum`` is part
/// of a direction and averages gradients.
public protocol Momentum: Heuristic {
  /// Whether there is a v at all. Default yes.
  var isUsed: Bool { get }
  /// Whether μ comes from the quadratic model. Default no.
  var needsCurvature: Bool { get }
  /// Whether α and μ are to minimize the model together where α comes from it too. Default no.
  var isJoint: Bool { get }
  /// μ where it depends on the number of the step alone, counted from 0. Default: `nil`.
  func knownMomentum(at step: Int) -> Double?
  /// μ, given α.
  mutating func momentum(_ model: QuadraticModel, learningRate: Double) -> Double
}

extension Momentum {
  public var isUsed: Bool { true }
  public var needsCurvature: Bool { false }
  public var isJoint: Bool { false }
  public func knownMomentum(at step: Int) -> Double? { nil }
}
