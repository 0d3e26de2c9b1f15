/// A part of a model: a function of a variable, with parameters.
///
/// Models are plain types whose properties are layers and parameters:
///
///     struct Classifier: Layer {
///       let hidden = Dense(784, 50, activation: .relu)
///       let output = Dense(50, 10)
///
///       func callAsFunction(_ x: Variable) -> Variable {
///         output(hidden(x))
///       }
///     }
///
/// The parameters are found by looking at the properties, and named after them: `hidden.weight`.
public protocol Layer: Sendable {
  /// The layer's output.
  func callAsFunction(_ input: Variable) -> Variable

  /// The parameters of this layer and the layers inside it, with their names within it.
  ///
  /// The default looks at the properties: parameters, layers, and arrays of layers. A parameter
  /// that several properties share is listed once for each.
  var namedParameters: [(name: String, parameter: Parameter)] { get }
}

extension Layer {
  public var namedParameters: [(name: String, parameter: Parameter)] {
    Mirror(reflecting: self).children.flatMap { child in
      Self.parameters(of: child.value, named: child.label ?? "")
    }
  }

  private static func parameters(
    of value: Any, named name: String
  ) -> [(name: String, parameter: Parameter)] {
    switch value {
    case let parameter as Parameter:
      [(name, parameter)]
    case let layer as any Layer:
      layer.namedParameters.map { ("\(name).\($0.name)", $0.parameter) }
    case let layers as [any Layer]:
      layers.enumerated().flatMap { index, layer in
        layer.namedParameters.map { ("\(name).\(index).\($0.name)", $0.parameter) }
      }
    case let optional as Parameter?:
      optional.map { [(name, $0)] } ?? []
    default:
      []
    }
  }
}
