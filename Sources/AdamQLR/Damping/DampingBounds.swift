/// Where an adapting λ starts, by what it is multiplied, and between what it is kept.
public struct DampingBounds: Hashable, Codable, Sendable {
  /// λ₀. Default 1e-3.
  public var initial: Double
  /// ω_dec. Default ½.
  public var decreaseFactor: Double
  /// ω_inc. Default 2.
  public var increaseFactor: Double
  /// λ is never below this. Default 1e-8.
  public var floor: Double
  /// λ is never above this. Default: no ceiling.
  public var ceiling: Double?

  /// Makes the bounds.
  public init(
    initial: Double = 1e-3, decreaseFactor: Double = 0.5, increaseFactor: Double = 2,
    floor: Double = 1e-8, ceiling: Double? = nil
  ) {
    self.initial = initial
    self.decreaseFactor = decreaseFactor
    self.increaseFactor = increaseFactor
    self.floor = floor
    self.ceiling = ceiling
  }

  /// λ multiplied by ω_dec for each of some steps, within the bounds.
  public func decreased(_ damping: Double, steps: Int = 1) -> Double {
    bounded(damping * power(decreaseFactor, steps))
  }

  /// λ multiplied by ω_inc for each of some steps, within the bounds.
  public func increased(_ damping: Double, steps: Int = 1) -> Double {
    bounded(damping * min(power(increaseFactor, steps), .greatestFiniteMagnitude))
  }

  private func bounded(_ damping: Double) -> Double {
    min(max(damping, floor), ceiling ?? .greatestFiniteMagnitude)
  }

  /// The settings of a damping that has bounds.
  static func settings<Root>(
    in path: any WritableKeyPath<Root, DampingBounds> & Sendable
  ) -> [Setting<Root>] {
    let all: [Setting<DampingBounds>] = [
      Setting(
        "initial", \.initial, .nonnegative, "λ at the start, constant λ, or the schedule's peak."),
      Setting("decrease-factor", \.decreaseFactor, .shrinking, "ω_dec, on λ where ρ > ¾."),
      Setting("increase-factor", \.increaseFactor, .fromOne, "ω_inc, on λ where ρ < ¼."),
      Setting("floor", \.floor, .nonnegative, "Least λ."),
      Setting("ceiling", \.ceiling, orNull: .positive, "Greatest λ."),
    ]
    return all.map { $0.lifted(to: path) }
  }

  /// What is wrong with the bounds together, in words.
  var problem: String? {
    guard let ceiling, ceiling < floor else { return nil }
    return "ceiling (\(ceiling)) is below floor (\(floor))"
  }
}
