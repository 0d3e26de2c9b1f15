/// A rule of the learning rate: how far a step goes along its direction, the α of u = −αd + μv.
///
/// It sees a step as numbers alone, a ``QuadraticModel``:
///
///     struct PolyakRate: LearningRate {
///       func rate(_ model: inout QuadraticModel) -> Double {
///         model.loss / model.slope  // with f* = 0
///       }
///     }
///
/// What it learns from step to step it keeps in properties of its own. Where a step breaks down, or
/// is taken back with everything, the optimizer goes back to the rule as it was.
public protocol LearningRate: Heuristic {
  /// What the model has to have for this rule. Default: nothing but slope, dᵀd and loss.
  var needs: RateNeeds { get }

  /// Of these, what it needs at a step, counted from 0. Default: ``needs``.
  func needs(at step: Int) -> RateNeeds

  /// α where it depends on the number of the step alone, counted from 0. Default: `nil`.
  func knownRate(at step: Int) -> Double?

  /// α, which may be negative.
  ///
  /// - Parameter model: The step. A rule that needs the curvature makes B of it by
  ///   ``QuadraticModel/damp()``, after it has put what it remembers in its place; the reduction
  ///   ratio is then that of the model so changed.
  mutating func rate(_ model: inout QuadraticModel) -> Double
}

extension LearningRate {
  public var needs: RateNeeds { [] }
  public func needs(at step: Int) -> RateNeeds { needs }
  public func knownRate(at step: Int) -> Double? { nil }
}

/// What a learning rate asks to be measured.
public struct RateNeeds: OptionSet, Hashable, Sendable {
  /// The bits of the set.
  public let rawValue: Int

  /// The set with these bits.
  public init(rawValue: Int) { self.rawValue = rawValue }

  /// dᵀCd: α comes from the model.
  public static let curvature = RateNeeds(rawValue: 1)
  /// The slope along the direction of the step before, taken or not.
  public static let previousDirection = RateNeeds(rawValue: 2)
  /// The same, of the direction along which the parameters last moved: 0 after a rejected step.
  public static let previousMove = RateNeeds(rawValue: 4)
}
