import AdamQLR
import Requirements

/// Lets `body` change a value whose type is known under another name.
///
/// A conditional cast would make a copy, and with it a second reference that turns every change into
/// an allocation.
func withIdentity<Value, Same, Result>(
  _ value: inout Value, _: Same.Type, _ body: (inout Same) throws -> Result
) rethrows -> Result {
  require(Value.self == Same.self, "\(Value.self) is not \(Same.self)")
  return try withUnsafeMutablePointer(to: &value) {
    try $0.withMemoryRebound(to: Same.self, capacity: 1) { try body(&$0.pointee) }
  }
}

/// A value whose type is known under another name, to be looked at.
func identity<Value, Same>(_ value: Value) -> Same {
  var value = value
  return withIdentity(&value, Same.self) { $0 }
}

extension FlatVector {
  /// Parameters of a type that is to be this one, for the direction of that name.
  init(_ parameters: some ParameterVector, for name: String) throws(OptimizerError) {
    guard let vector = parameters as? FlatVector else {
      throw .vectorUnsupported(
        name, expected: "\(FlatVector.self)", found: "\(Swift.type(of: parameters))")
    }
    self = vector
  }
}
