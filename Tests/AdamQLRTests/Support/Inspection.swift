import AdamQLR
import Foundation

extension Optimizer {
  /// λ of the next step.
  var damping: Double { state.damping.damping(at: state.step) }
}

/// The bytes that a value is saved as.
func encoded(_ value: some Encodable) throws -> Data {
  let encoder = JSONEncoder()
  encoder.outputFormatting = .sortedKeys
  return try encoder.encode(value)
}

extension Method {
  /// The value of a setting; `nil` where it has no effect or there is none of that name.
  func value(_ name: String) -> SettingValue? {
    Self.allSettings.first { $0.name == name }?.value(self)
  }

  /// Gives a setting a value; `nil` where there is none of that name.
  @discardableResult
  mutating func set(_ name: String, _ value: SettingValue) -> SettingOutcome? {
    Self.allSettings.first { $0.name == name }?.assign(&self, value)
  }
}
