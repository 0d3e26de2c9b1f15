import Requirements

/// A tensor of a model that is not learned but averaged over training steps, such as the mean that
/// batch normalization uses once the model is trained.
///
/// After each step that is taken, statistic ← decay·statistic + (1 − decay)·observation, with what
/// the step's forward pass at the old parameters observed on its batch. As with a ``Parameter``, the
/// values are elsewhere: in a ``FlatVector`` of all statistics of a model.
public final class RunningStatistic: Sendable {
  /// The shape.
  public let shape: [Int]
  /// The value of all elements before the first step.
  public let initialValue: Double
  /// The share of the old value that stays.
  public let decay: Double

  /// Makes a statistic.
  ///
  /// - Precondition: The decay is from 0 to 1.
  public init(shape: [Int], initialValue: Double, decay: Double) {
    require((0...1).contains(decay), "the decay is \(decay), but must be from 0 to 1")
    self.shape = shape
    self.initialValue = initialValue
    self.decay = decay
  }
}
