/// What was learned up to a step: parameters, and the running statistics that belong to them.
public struct Weights: Sendable {
  /// The number of steps made.
  public var step: Int
  /// The learned parameters: see ``Fit/weights``.
  public var parameters: FlatVector
  /// The model's running statistics at these; empty where it has none.
  public var statistics: FlatVector

  /// Collects them.
  public init(step: Int, parameters: FlatVector, statistics: FlatVector) {
    self.step = step
    self.parameters = parameters
    self.statistics = statistics
  }
}
