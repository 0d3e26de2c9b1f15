/// A number that depends on how much of the data a batch shows, between what it is where one batch
/// has all examples and what it is where batches are small beside the data:
///
///     x = full + (small − full)·q,    q = 1 − 1/n,    n batches in an epoch
public struct BatchDependent: Hashable, Codable, Sendable, ExpressibleByFloatLiteral,
  ExpressibleByIntegerLiteral
{
  /// The number where one batch has all examples.
  public var full: Double
  /// The number where n is large.
  public var small: Double

  /// A number between `full` and `small`.
  public init(full: Double, small: Double) {
    self.full = full
    self.small = small
  }

  /// The same number for batches of any size.
  public static func constant(_ value: Double) -> BatchDependent {
    BatchDependent(full: value, small: value)
  }

  /// A number times q, the share of the data that a batch does not show.
  public static func unseen(_ value: Double) -> BatchDependent {
    BatchDependent(full: 0, small: value)
  }

  /// The same number for batches of any size.
  public init(floatLiteral value: Double) { self.init(full: value, small: value) }

  /// The same number for batches of any size.
  public init(integerLiteral value: Int) { self.init(full: Double(value), small: Double(value)) }

  /// The number; `nil` until the number of batches in an epoch is said
  /// (``Method/resolved(for:)``).
  public var value: Double? { full == small ? full : nil }

  /// The number for batches of which a run's epochs have so many.
  public func resolved(for run: RunShape) -> BatchDependent {
    if full == small { return self }
    return .constant(full + (small - full) * run.unseenShare)
  }
}

/// How long something is remembered, or counts.
public enum Horizon: Hashable, Codable, Sendable {
  /// As long as this decay by the step, γ.
  case decay(Double)
  /// So many steps: γ = 1 − 1/steps.
  case steps(Double)
  /// So many epochs; its steps are known once the number of batches in an epoch is said
  /// (``Method/resolved(for:)``).
  case epochs(Double)

  /// γ; `nil` until it is known.
  public var decay: Double? {
    switch self {
    case .decay(let decay): decay
    case .steps(let steps): 1 - 1 / max(steps, 1)
    case .epochs: nil
    }
  }

  /// The steps, 1/(1 − γ); `nil` until they are known.
  public var steps: Double? {
    switch self {
    case .decay(let decay): 1 / (1 - decay)
    case .steps(let steps): steps
    case .epochs: nil
    }
  }

  /// In steps.
  public func resolved(for run: RunShape) -> Horizon {
    if case .epochs(let epochs) = self { return .steps(run.steps(epochs: epochs)) }
    return self
  }
}
