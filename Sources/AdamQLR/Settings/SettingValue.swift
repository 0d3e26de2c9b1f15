/// A setting's value as files and the command line have it.
public enum SettingValue: Hashable, Sendable {
  /// No value.
  case null
  /// Yes or no.
  case bool(Bool)
  /// A whole number.
  case integer(Int)
  /// Any other number.
  case number(Double)
  /// A word.
  case text(String)
  /// Several values.
  case list([SettingValue])

  /// What a word that is not quoted means: nothing, a truth value, a number, or itself.
  public init(plain word: String) {
    switch word {
    case "", "~", "null", "Null", "NULL": self = .null
    case "true", "True", "TRUE", "yes": self = .bool(true)
    case "false", "False", "FALSE", "no": self = .bool(false)
    default:
      if let integer = Int(word) {
        self = .integer(integer)
      } else if let number = Double(word) {
        self = .number(number)
      } else {
        self = .text(word)
      }
    }
  }

  /// The value as one would write it.
  public var text: String {
    switch self {
    case .null: "null"
    case .bool(let value): String(value)
    case .integer(let value): String(value)
    case .number(let value): String(value)
    case .text(let value): value
    case .list(let values): "[" + values.map(\.text).joined(separator: ", ") + "]"
    }
  }
}

/// A Swift type that settings have values of.
public protocol SettingConvertible: SendableMetatype {
  /// The value, if it is one of this type.
  init?(_ value: SettingValue)
  /// Itself as a value.
  var settingValue: SettingValue { get }
  /// Whether a text given on the command line is taken as it stands: `no`, `08` and `# of rooms`
  /// are then these words.
  static var isLiteral: Bool { get }
}

extension SettingConvertible {
  public static var isLiteral: Bool { false }
}

extension Bool: SettingConvertible {
  public init?(_ value: SettingValue) {
    guard case .bool(let value) = value else { return nil }
    self = value
  }
  public var settingValue: SettingValue { .bool(self) }
}

extension Int: SettingConvertible {
  public init?(_ value: SettingValue) {
    switch value {
    case .integer(let value): self = value
    case .number(let value):
      guard let exact = Int(exactly: value) else { return nil }
      self = exact
    default: return nil
    }
  }
  public var settingValue: SettingValue { .integer(self) }
}

extension Double: SettingConvertible {
  public init?(_ value: SettingValue) {
    switch value {
    case .integer(let value): self = Double(value)
    case .number(let value): self = value
    default: return nil
    }
  }
  public var settingValue: SettingValue { .number(self) }
}

extension String: SettingConvertible {
  public init?(_ value: SettingValue) {
    if case .list = value { return nil }
    if case .null = value { return nil }
    self = value.text
  }
  public var settingValue: SettingValue { .text(self) }
  public static var isLiteral: Bool { true }
}

extension Optional: SettingConvertible where Wrapped: SettingConvertible {
  public init?(_ value: SettingValue) {
    if value == .null || value == .text("none") && !Wrapped.isLiteral {
      self = .none
    } else if let wrapped = Wrapped(value) {
      self = wrapped
    } else {
      return nil
    }
  }
  public var settingValue: SettingValue { map(\.settingValue) ?? .null }
  public static var isLiteral: Bool { Wrapped.isLiteral }
}

extension Array: SettingConvertible where Element: SettingConvertible {
  public init?(_ value: SettingValue) {
    guard case .list(let values) = value else {
      guard let single = Element(value) else { return nil }
      self = [single]
      return
    }
    let elements = values.compactMap(Element.init)
    guard elements.count == values.count else { return nil }
    self = elements
  }
  public var settingValue: SettingValue { .list(map(\.settingValue)) }
  public static var isLiteral: Bool { Element.isLiteral }
}
