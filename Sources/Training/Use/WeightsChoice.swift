import AdamQLRNetworks

extension Weights {
  /// Which of a run's weights are used.
  public enum Choice: String, Codable, CaseIterable, Sendable {
    /// Those with the lowest validation loss of any evaluation, of equals the first; the last where a
    /// run has no validation examples.
    case best
    /// Those after the last step.
    case last
  }
}
