/// A factor on the step: a linear warm-up from 0 over `peak` steps, then half a cosine from 1 to 0
/// at step `total`; 0 from there on.
public struct Envelope: Hashable, Codable, Sendable {
  /// The step with factor 1, counted from 0.
  public var peak: Int
  /// The step at which the factor has come back to 0; `nil`: the run's last
  /// (``Method/resolved(for:)``).
  public var total: Int?

  /// Makes an envelope.
  public init(peak: Int, total: Int? = nil) {
    self.peak = peak
    self.total = total
  }

  /// The factor at `step`, counted from 0.
  public func factor(at step: Int) -> Double {
    if step < peak { return Double(step) / Double(peak) }
    guard let total, step < total else { return 0 }
    return cosineDecay(Double(step - peak) / Double(total - peak))
  }

  static let settings: [Setting<Envelope?>] = [
    Setting(
      "learning-rate.envelope-peak", SettingRange<Int>.nonnegative.orNull,
      "Step at which the step's envelope peaks; null: no envelope.", get: { .some($0?.peak) },
      set: { envelope, peak in envelope = peak.map { Envelope(peak: $0, total: envelope?.total) } }),
    Setting(
      "learning-rate.envelope-total", SettingRange<Int>.nonnegative.orNull,
      "End of the envelope; null: the run's.", get: { $0.map { $0.total } },
      set: { $0?.total = $1 }),
  ]

  /// What is wrong with the envelope, in words.
  var problem: String? {
    guard let total else {
      return "learning-rate.envelope-total is needed: in a run of unknown length there is no last "
        + "step for the envelope to end at"
    }
    return 0 <= peak && peak < total
      ? nil
      : "learning-rate.envelope-peak (\(peak)) must lie before the envelope's end, at step \(total)"
  }
}
