import Networks

/// What was learned up to a step: parameters, and the running statistics that belong to them.
public struct Weights: Sendable {
  /// Which of a run's weights are used.
  public enum Choice: String, CaseIterable, Sendable {
    /// Those with the lowest validation loss of any evaluation, of equals the first; the last where a
    /// run has no validation examples.
    case best
    /// Those after the last step.
    case last
  }

  /// The number of steps made.
  public var step: Int
  /// The learned parameters: see ``Trainer/learnedParameters``.
  public var parameters: FlatVector
  /// The model's running statistics at these: see ``Trainer/learnedStatistics``.
  public var statistics: FlatVector
}
