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

  /// The running statistics of this layer and the layers inside it, with their names within it. The
  /// default finds them as it finds parameters.
  var namedStatistics: [(name: String, statistic: RunningStatistic)] { get }
}

extension Layer {
  public var namedParameters: [(name: String, parameter: Parameter)] {
    Members<Parameter>(of: self) { layer in
      layer.namedParameters.map { (name: $0.name, member: $0.parameter) }
    }.named.map { (name: $0.name, parameter: $0.member) }
  }

  public var namedStatistics: [(name: String, statistic: RunningStatistic)] {
    Members<RunningStatistic>(of: self) { layer in
      layer.namedStatistics.map { (name: $0.name, member: $0.statistic) }
    }.named.map { (name: $0.name, statistic: $0.member) }
  }
}

/// What is of one kind among the properties of a layer and of the layers in them.
private struct Members<Member> {
  private(set) var named: [(name: String, member: Member)] = []
  private let inside: (any Layer) -> [(name: String, member: Member)]

  /// - Parameter inside: The members of a layer.
  init(of layer: any Layer, inside: @escaping (any Layer) -> [(name: String, member: Member)]) {
    self.inside = inside
    for child in Mirror(reflecting: layer).children { add(child.value, child.label ?? "") }
  }

  private mutating func add(_ value: Any, _ name: String) {
    switch value {
    case let member as Member:
      named.append((name, member))
    case let layer as any Layer:
      named += inside(layer).map { ("\(name).\($0.name)", $0.member) }
    case let layers as [any Layer]:
      for (index, layer) in layers.enumerated() { add(layer, "\(name).\(index)") }
    case let optional as Member?:
      if let member = optional { named.append((name, member)) }
    case let optional as (any Layer)?:
      if let layer = optional { add(layer, name) }
    default:
      break
    }
  }
}
