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
