/// The values that a setting may have, and these in words.
public struct SettingRange<Value>: Sendable {
  /// The values in words: "a number in 0..<1".
  public let words: String
  /// Whether a value is one of them.
  public let contains: @Sendable (Value) -> Bool

  /// The values that `contains` says, in these words.
  public init(_ words: String, _ contains: @escaping @Sendable (Value) -> Bool = { _ in true }) {
    self.words = words
    self.contains = contains
  }

  /// The same values, or none.
  public var orNull: SettingRange<Value?> {
    let contains = contains
    return SettingRange<Value?>(words + ", or null") { $0.map(contains) ?? true }
  }
}

extension SettingRange<Double> {
  /// x ≥ 0.
  public static let nonnegative = SettingRange("a number from 0") { $0 >= 0 && $0.isFinite }
  /// x > 0.
  public static let positive = SettingRange("a number above 0") { $0 > 0 && $0.isFinite }
  /// x ≥ 1.
  public static let fromOne = SettingRange("a number from 1") { $0 >= 1 && $0.isFinite }
  /// 0 ≤ x < 1, as of a decay.
  public static let decay = SettingRange("a number in 0..<1") { $0 >= 0 && $0 < 1 }
  /// 0 ≤ x ≤ 1.
  public static let fraction = SettingRange("a number in 0...1") { (0...1).contains($0) }
  /// 0 < x < 1.
  public static let between0And1 = SettingRange("a number between 0 and 1") { $0 > 0 && $0 < 1 }
  /// 0 < x ≤ 1.
  public static let shrinking = SettingRange("a number in 0<...1") { $0 > 0 && $0 <= 1 }
  /// Any finite number.
  public static let any = SettingRange("a number") { $0.isFinite }
}

extension SettingRange<Int> {
  /// n ≥ 0.
  public static let nonnegative = SettingRange("a whole number from 0") { $0 >= 0 }
  /// n ≥ 1.
  public static let positive = SettingRange("a whole number from 1") { $0 >= 1 }
}

extension SettingRange<Bool> {
  /// Either.
  public static let either = SettingRange("true or false")
}
