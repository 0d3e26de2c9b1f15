import AdamQLR

/// A tensor that a model learns: its shape, its purpose and how it starts.
///
/// The values are not here but in a ``FlatVector`` of all parameters, so that a model is an
/// immutable description, and one model can be evaluated at many points. A parameter that is used in
/// several places of a model is one parameter.
public final class Parameter: Sendable {
  /// The shape.
  public let shape: [Int]
  /// The purpose.
  public let role: ParameterRole
  /// How it starts.
  public let initializer: Initializer

  /// Makes a parameter.
  public init(shape: [Int], role: ParameterRole, initializer: Initializer) {
    self.shape = shape
    self.role = role
    self.initializer = initializer
  }
}
