/// A setting's value as files and the command line have it.
public enum SettingsValue: Hashable, Sendable {
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
  case list([SettingsValue])

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
protocol SettingsConvertible: SendableMetatype {
  init?(_ value: SettingsValue)
  var settingsValue: SettingsValue { get }
}

extension Bool: SettingsConvertible {
  init?(_ value: SettingsValue) {
    guard case .bool(let value) = value else { return nil }
    self = value
  }
  var settingsValue: SettingsValue { .bool(self) }
}

extension Int: SettingsConvertible {
  init?(_ value: SettingsValue) {
    switch value {
    case .integer(let value): self = value
    case .number(let value):
      guard let exact = Int(exactly: value) else { return nil }
      self = exact
    default: return nil
    }
  }
  var settingsValue: SettingsValue { .integer(self) }
}

extension Double: SettingsConvertible {
  init?(_ value: SettingsValue) {
    switch value {
    case .integer(let value): self = Double(value)
    case .number(let value): self = value
    default: return nil
    }
  }
  var settingsValue: SettingsValue { .number(self) }
}

extension String: SettingsConvertible {
  init?(_ value: SettingsValue) {
    if case .list = value { return nil }
    if case .null = value { return nil }
    self = value.text
  }
  var settingsValue: SettingsValue { .text(self) }
}

extension Optional: SettingsConvertible where Wrapped: SettingsConvertible {
  init?(_ value: SettingsValue) {
    if value == .null || value == .text("none") {
      self = .none
    } else if let wrapped = Wrapped(value) {
      self = wrapped
    } else {
      return nil
    }
  }
  var settingsValue: SettingsValue { map(\.settingsValue) ?? .null }
}

extension Array: SettingsConvertible where Element: SettingsConvertible {
  init?(_ value: SettingsValue) {
    guard case .list(let values) = value else {
      guard let single = Element(value) else { return nil }
      self = [single]
      return
    }
    let elements = values.compactMap(Element.init)
    guard elements.count == values.count else { return nil }
    self = elements
  }
  var settingsValue: SettingsValue { .list(map(\.settingsValue)) }
}
