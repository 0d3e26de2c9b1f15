/// A rule of which steps are taken.
public protocol Acceptance: Heuristic {
  /// Whether it judges at all, for which the loss after the step is evaluated. Default yes.
  var isUsed: Bool { get }
  /// What becomes of a step.
  mutating func verdict(on step: PlannedStep, trueChange: Double) -> Verdict
}

extension Acceptance {
  public var isUsed: Bool { true }
}

/// What becomes of a step.
public enum Verdict: Hashable, Sendable {
  /// It is taken.
  case accepted
  /// It is not taken, and this stays as it was.
  case rejected(restoring: Restoration)
}

/// What stays as it was where a step is not taken.
public enum Restoration: String, Codable, Sendable, CaseIterable {
  /// The parameters; the moments keep what they learned from the gradient.
  case parameters
  /// All but λ and the number of steps.
  case everything
}

/// Every step is taken.
public struct AcceptsAll: Acceptance, Codable {
  /// Makes the rule.
  public init() {}

  public var isUsed: Bool { false }
  public func verdict(on step: PlannedStep, trueChange: Double) -> Verdict { .accepted }
}

/// A step that raises the loss on its own batch, or on the independent one where that is measured
/// on, is not taken. λ, where it adapts, is raised.
public struct OnlyDecreases: Acceptance, Codable {
  /// What then stays as it was. Default: the parameters.
  public var restoration: Restoration

  /// Makes the rule.
  public init(restoring restoration: Restoration = .parameters) {
    self.restoration = restoration
  }

  public static let settings = [
    Setting<OnlyDecreases>(
      "restores", \.restoration, "What stays as it was where a step is not taken.")
  ]

  public func verdict(on step: PlannedStep, trueChange: Double) -> Verdict {
    trueChange > 0 ? .rejected(restoring: restoration) : .accepted
  }
}
