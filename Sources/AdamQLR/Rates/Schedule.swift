#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#elseif canImport(Android)
  import Android
#elseif canImport(ucrt)
  import ucrt
#endif

/// A number as a function of the step's, counted from 0: of a learning rate, a momentum, a damping.
public struct Schedule: Hashable, Codable, Sendable {
  /// What follows the warm-up.
  public enum Shape: String, Codable, Sendable, CaseIterable {
    /// The peak throughout.
    case constant
    /// Half a cosine from the peak to ``Schedule/final`` at step ``Schedule/total``, constant from
    /// there on (Loshchilov and Hutter 2017, without restarts).
    case cosine
    /// The peak times the product of the factors of all boundaries passed.
    case piecewise
  }

  /// The value after the warm-up.
  public var peak: Double
  /// The steps over which the value rises linearly from `peak`/`warmUp` to the peak. Default 0.
  public var warmUp: Int
  /// What follows the warm-up. Default: constant.
  public var shape: Shape
  /// The step at which a cosine ends; `nil`, the default, is the run's last
  /// (``Method/resolved(for:)``).
  public var total: Int?
  /// The value at a cosine's end. Default 0.
  public var final = 0.0
  /// The steps from which a factor of a piecewise schedule applies.
  public var boundaries: [Int] = []
  /// The factors of a piecewise schedule.
  public var factors: [Double] = []

  /// A constant after a warm-up.
  public init(peak: Double, warmUp: Int = 0) {
    self.peak = peak
    self.warmUp = warmUp
    shape = .constant
  }

  /// Half a cosine after a warm-up.
  public static func cosine(
    peak: Double, warmUp: Int = 0, total: Int? = nil, final: Double = 0
  ) -> Schedule {
    var schedule = Schedule(peak: peak, warmUp: warmUp)
    (schedule.shape, schedule.total, schedule.final) = (.cosine, total, final)
    return schedule
  }

  /// Steps after a warm-up: from each step on its factor applies.
  public static func piecewise(
    peak: Double, warmUp: Int = 0, _ factors: KeyValuePairs<Int, Double>
  ) -> Schedule {
    var schedule = Schedule(peak: peak, warmUp: warmUp)
    schedule.shape = .piecewise
    (schedule.boundaries, schedule.factors) = (factors.map(\.key), factors.map(\.value))
    return schedule
  }

  /// The value at `step`, counted from 0.
  public func value(at step: Int) -> Double {
    if step < warmUp { return peak * Double(step + 1) / Double(warmUp) }
    switch shape {
    case .constant:
      return peak
    case .cosine:
      guard let total, step < total else { return final }
      return final + (peak - final)
        * cosineDecay(Double(step - warmUp) / Double(total - warmUp))
    case .piecewise:
      return zip(boundaries, factors).reduce(peak) { step >= $1.0 ? $0 * $1.1 : $0 }
    }
  }

  /// The settings of what follows a schedule.
  static func settings<Root>(
    in path: any WritableKeyPath<Root, Schedule> & Sendable, peak: String, _ help: String
  ) -> [Setting<Root>] {
    let all: [Setting<Schedule>] = [
      Setting(peak, \.peak, .nonnegative, help),
      Setting("shape", \.shape, "Schedule: its shape after the warm-up."),
      Setting("warm-up", \.warmUp, .nonnegative, "Schedule: steps of linear warm-up."),
      Setting(
        "total", SettingRange<Int>.nonnegative.orNull, "Cosine: its end; null: the run's.",
        get: { $0.shape == .cosine ? .some($0.total) : nil }, set: { $0.total = $1 }),
      Setting(
        "final", .nonnegative, "Cosine: the value at its end.",
        get: { $0.shape == .cosine ? $0.final : nil }, set: { $0.final = $1 }),
      Setting(
        "boundaries",
        SettingRange("a list of rising whole numbers from 0") {
          ($0.first ?? 0) >= 0 && zip($0, $0.dropFirst()).allSatisfy { $0 < $1 }
        }, "Piecewise: steps from which a factor applies.",
        get: { $0.shape == .piecewise ? $0.boundaries : nil }, set: { $0.boundaries = $1 }),
      Setting(
        "factors",
        SettingRange("a list of numbers from 0") {
          $0.allSatisfy(SettingRange<Double>.nonnegative.contains)
        }, "Piecewise: the factors.",
        get: { $0.shape == .piecewise ? $0.factors : nil }, set: { $0.factors = $1 }),
    ]
    return all.map { $0.lifted(to: path) }
  }

  /// What is wrong with the settings together, in words.
  var problem: String? {
    if boundaries.count != factors.count {
      return "boundaries has \(boundaries.count) steps, but factors \(factors.count) numbers; "
        + "there must be one for each"
    }
    guard shape == .cosine else { return nil }
    guard let total else {
      return "total is needed: in a run of unknown length there is no last step for the cosine to "
        + "end at"
    }
    return warmUp < total
      ? nil : "warm-up (\(warmUp)) must end before the cosine does, at step \(total)"
  }

  func resolved(for run: RunShape) -> Schedule {
    var schedule = self
    if shape == .cosine { schedule.total = total ?? run.totalSteps }
    return schedule
  }
}

/// `base` to any power.
func exponential(_ exponent: Double, ofBase base: Double) -> Double {
  pow(base, exponent)
}

/// ½(1 + cos πx): from 1 at x = 0 to 0 at x = 1.
func cosineDecay(_ x: Double) -> Double {
  0.5 * (1 + cos(Double.pi * x))
}
