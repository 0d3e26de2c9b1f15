/// A factor on the step: a linear warm-up from 0 over `peak` steps, then half a cosine from 1 to 0
/// at step `total`; 0 from there on.
///
/// The warm-up is so many steps, or a share of the whole, so that the same method suits runs of any
/// length: `Envelope(warmUp: 0.02)`.
public struct Envelope: Hashable, Codable, Sendable {
  /// The step with factor 1, counted from 0; without effect where ``warmUp`` is a share.
  public var peak: Int
  /// The share of the steps up to ``total``, rounded down to whole steps, at whose end the factor is 1;
  /// `nil`: ``peak`` says it.
  public var warmUp: Double?
  /// The step at which the factor has come back to 0; `nil`: the run's last
  /// (``Method/resolved(for:)``).
  public var total: Int?

  /// Makes an envelope that peaks at a step.
  public init(peak: Int, total: Int? = nil) {
    self.peak = peak
    self.total = total
  }

  /// Makes an envelope that peaks after a share of its steps.
  public init(warmUp: Double, total: Int? = nil) {
    peak = 0
    self.warmUp = warmUp
    self.total = total
  }

  /// The step with factor 1, of an envelope with an end.
  private func peak(of total: Int) -> Int { warmUp.map { Int($0 * Double(total)) } ?? peak }

  /// The factor at `step`, counted from 0.
  public func factor(at step: Int) -> Double {
    let peak = total.map(peak(of:)) ?? self.peak
    if step < peak { return Double(step) / Double(peak) }
    guard let total, step < total else { return 0 }
    return cosineDecay(Double(step - peak) / Double(total - peak))
  }

  func resolved(for run: RunShape) -> Envelope {
    var envelope = self
    envelope.total = total ?? run.totalSteps
    return envelope
  }

  static let settings: [Setting<Envelope?>] = [
    Setting(
      "learning-rate.envelope-peak", SettingRange<Int>.nonnegative.orNull,
      "Step at which the step's envelope peaks; null: no envelope, or one with a warm-up.",
      get: { .some($0.flatMap { $0.warmUp == nil ? $0.peak : nil }) },
      set: { envelope, peak in
        if let peak {
          envelope = Envelope(peak: peak, total: envelope?.total)
        } else if envelope?.warmUp == nil {
          envelope = nil
        }
      }),
    Setting(
      "learning-rate.envelope-warm-up", SettingRange<Double>.decay.orNull,
      "Share of the steps after which the envelope peaks; null: none, or one with a peak.",
      get: { .some($0?.warmUp) },
      set: { envelope, share in
        if let share {
          envelope = Envelope(warmUp: share, total: envelope?.total)
        } else if envelope?.warmUp != nil {
          envelope = nil
        }
      }),
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
    let peak = peak(of: total)
    return 0 <= peak && peak < total
      ? nil
      : "learning-rate.envelope-peak (\(peak)) must lie before the envelope's end, at step \(total)"
  }
}
