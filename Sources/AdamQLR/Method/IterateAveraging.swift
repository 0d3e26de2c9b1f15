/// An average of the parameters θ₁, θ₂, … after each step, which learned what one of them has and is
/// less noisy (polynomial-decay averaging, Shamir and Zhang 2013, §4, whose η is 1/s − 1):
///
///     θ̄ₜ = (1 − w)θ̄ₜ₋₁ + wθₜ,    w = 1/(1 + s(t − 1))
///
/// With s = 1 it is the mean of all; with a smaller share, about that of the last st steps, whatever
/// the length of the run turns out to be. Steps go on from θₜ. It costs a pass over the parameters at
/// each step, and a vector like them.
public struct IterateAveraging: Hashable, Codable, Sendable {
  /// s, the share of the steps so far that the average is of, 0 < s ≤ 1.
  public var share: Double

  /// Makes the rule.
  public init(share: Double) { self.share = share }

  /// w at the step with this number, counted from 1.
  func weight(ofStep step: Int) -> Double { 1 / (1 + share * Double(step - 1)) }

  static let settings: [Setting<IterateAveraging?>] = [
    Setting(
      "averaging.share", SettingRange<Double>.shrinking.orNull,
      "Share of the last steps whose parameters are averaged for use; null: the last alone.",
      get: { .some($0?.share) }, set: { $0 = $1.map(IterateAveraging.init(share:)) })
  ]
}
