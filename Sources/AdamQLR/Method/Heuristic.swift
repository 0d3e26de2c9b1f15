import Requirements

/// A part of a ``Method``: a direction, a rule of the learning rate, of momentum, of damping, or of
/// what steps are accepted.
///
/// A heuristic is a value. Its settings are properties, listed once in ``settings``: from that list
/// come the checks of ``Optimizer/init(_:for:layout:)`` and, for a heuristic that is registered
/// (``HeuristicRegistry``), its names in files and on the command line. A rule that learns from step
/// to step keeps what it has learned in properties of its own, so that going back to the value of
/// before takes a step back.
public protocol Heuristic: Hashable, Sendable {
  /// The settings. Default: none.
  static var settings: [Setting<Self>] { get }

  /// What is wrong with settings that are right each by itself, in words that begin with the name of a
  /// setting; asked once the method is resolved. Default: nothing.
  var problem: String? { get }

  /// The same with all that depends on the run's data and length worked out. Default: itself.
  func resolved(for run: RunShape) -> Self

  /// This rule, with what it has learned, by the settings of another, as where a run goes on with
  /// settings that have changed. Default: gives ``settings`` the other's values.
  func adopting(settingsOf other: Self) -> Self
}

extension Heuristic {
  public static var settings: [Setting<Self>] { [] }
  public var problem: String? { nil }
  public func resolved(for run: RunShape) -> Self { self }

  /// ``adopting(settingsOf:)``; `nil` where the other is of another type.
  func adoptingSettings(of other: any Heuristic) -> Self? {
    (other as? Self).map(adopting(settingsOf:))
  }

  public func adopting(settingsOf other: Self) -> Self {
    var rule = self
    for setting in Self.settings {
      if let value = setting.value(other), value != setting.value(self) {
        _ = setting.assign(&rule, value)
      }
    }
    return rule
  }

  /// The first setting that is out of its range, else what is wrong with them together.
  var firstProblem: String? {
    Self.settings.first { !$0.isValid(self) }?.rangeProblem(self) ?? problem
  }
}

/// What a method has to know of a run before the first step.
public struct RunShape: Hashable, Sendable {
  /// n, the number of batches in an epoch; `nil`: many, or a stream without end.
  public var batchesPerEpoch: Int?
  /// The number of steps, at which schedules end that are given no end of their own; `nil`: unknown.
  public var totalSteps: Int?
  /// What a method draws at random follows from; `nil`: from its own settings.
  public var seed: UInt64?

  /// - Precondition: n is positive.
  public init(batchesPerEpoch: Int?, totalSteps: Int? = nil, seed: UInt64? = nil) {
    require(
      batchesPerEpoch ?? 1 > 0,
      "\(batchesPerEpoch ?? 0) batches in an epoch, but there must be at least one")
    self.batchesPerEpoch = batchesPerEpoch
    self.totalSteps = totalSteps
    self.seed = seed
  }

  /// 1 − 1/n: the share of the data that a batch does not show, and the factor that is left of the
  /// variance of its mean, drawn without replacement. 0 where a batch has all examples.
  public var unseenShare: Double { batchesPerEpoch.map { 1 - 1 / Double($0) } ?? 1 }

  /// The steps of so many epochs, 1000 each where there is no end to the data.
  public func steps(epochs: Double) -> Double { epochs * Double(batchesPerEpoch ?? 1000) }
}
