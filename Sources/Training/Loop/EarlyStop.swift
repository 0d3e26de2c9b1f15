/// How a run ended before its length was over, because it did not get better any more (early stopping
/// with patience; Prechelt 1998).
public struct EarlyStop: Hashable, Codable, Sendable {
  /// The number of steps made.
  public var step: Int
  /// The number of evaluations in a row, up to that step, whose validation losses are not below the
  /// lowest before them.
  public var evaluations: Int

  /// A stop.
  public init(step: Int, evaluations: Int) {
    self.step = step
    self.evaluations = evaluations
  }
}

extension EarlyStop: CustomStringConvertible {
  /// When and why, in words.
  public var description: String {
    let those = evaluations == 1 ? "the last evaluation" : "the last \(evaluations) evaluations"
    return "stopped early after step \(step): \(those) had no lower validation loss"
  }
}

extension Trainer {
  /// How the run was stopped early; `nil` where it was not, which it never is without
  /// ``Settings/patience``.
  ///
  /// It follows from the evaluations alone, so that a run that is resumed knows it too.
  public var earlyStop: EarlyStop? {
    guard let patience = settings.patience, curve.countSinceLowest >= patience,
      let last = curve.evaluations.last
    else { return nil }
    return EarlyStop(step: last.step, evaluations: curve.countSinceLowest)
  }
}
