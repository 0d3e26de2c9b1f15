import AdamQLR
import Torch

/// A layer as a whole: its parameters' places in one flat vector, and its evaluation at such
/// vectors.
public struct Model: Sendable {
  /// The names, shapes, roles and places of the parameters.
  public let layout: ParameterLayout
  let shapes: ParameterShapes
  private let layer: any Layer
  private let parameters: [Parameter]
  private let places: [ObjectIdentifier: Int]

  /// Makes a model of a layer.
  ///
  /// - Precondition: No two parameters have the same name.
  public init(_ layer: some Layer) {
    var layout = ParameterLayout()
    var parameters: [Parameter] = []
    var places: [ObjectIdentifier: Int] = [:]
    for (name, parameter) in layer.namedParameters
    where places[ObjectIdentifier(parameter)] == nil {
      places[ObjectIdentifier(parameter)] = parameters.count
      parameters.append(parameter)
      layout.append(name: name, shape: parameter.shape, role: parameter.role)
    }
    self.layer = layer
    self.layout = layout
    self.parameters = parameters
    self.places = places
    shapes = ParameterShapes(layout)
  }

  /// The parameters as their initializers make them, drawn in the order of the layout.
  public func initialParameters(
    using generator: inout SeededGenerator, _ type: DataType = .float32
  ) -> FlatVector {
    FlatVector(
      parameters.flatMap { $0.initializer.elements($0.shape, &generator) }, type)
  }

  /// The output for these inputs.
  public func callAsFunction(_ inputs: Tensor, at parameters: FlatVector) -> Tensor {
    record(.value, parameters, inputs).output
  }

  /// The parameters as tensors that share memory with `parameters`, by name.
  public func tensors(of parameters: FlatVector) -> [(name: String, tensor: Tensor)] {
    check(parameters)
    return zip(layout.entries, parameters.views(shapes)).map { ($0.name, $1) }
  }

  /// All parameters, from tensors by name; the other way round, ``tensors(of:)``.
  ///
  /// - Throws: ``ParameterMismatch`` where one is missing, is not of this model, or has another
  ///   shape or type.
  public func parameters(
    joining tensors: [String: Tensor], _ type: DataType
  ) throws(ParameterMismatch) -> FlatVector {
    if let name = tensors.keys.sorted().first(where: { layout[$0] == nil }) {
      throw ParameterMismatch(
        "there is no parameter '\(name)' in a model with "
          + layout.entries.map(\.name).joined(separator: ", "))
    }
    let joined = Tensor(uninitialized: [layout.count], type)
    for entry in layout.entries {
      guard let tensor = tensors[entry.name] else {
        throw ParameterMismatch("the parameter '\(entry.name)' is missing")
      }
      guard tensor.type == type, tensor.shape == entry.shape else {
        throw ParameterMismatch(
          "the parameter '\(entry.name)' is \(tensor.type)\(tensor.shape), but must be "
            + "\(type)\(entry.shape)")
      }
      joined.slice(from: entry.offset, shape: entry.shape).overwrite(with: tensor)
    }
    return FlatVector(takingOver: joined)
  }

  /// A forward pass, and its output.
  func record(
    _ purpose: Record.Purpose, _ parameters: FlatVector, _ inputs: Tensor
  ) -> (record: Record, output: Tensor) {
    check(parameters)
    let record = Record(purpose, places: places, parameters: parameters.views(shapes))
    return (record, record.run(layer, on: inputs))
  }

  /// The output for these inputs by operations that libtorch's autograd follows.
  ///
  /// - Parameter parameters: All parameters in one dimension, laid out like ``layout``; tracked, if
  ///   derivatives by them are wanted.
  public func plainOutput(_ inputs: Tensor, at parameters: Tensor) -> Tensor {
    let views = shapes.trackedViews(of: parameters)
    return Record(.autograd, places: places, parameters: views).run(layer, on: inputs)
  }

  private func check(_ parameters: FlatVector) {
    precondition(
      parameters.count == layout.count,
      "a model with \(layout.count) parameters was given \(parameters.count)")
  }
}

/// Why tensors are not the parameters of a model, in one line.
public struct ParameterMismatch: Error, Hashable, Sendable, CustomStringConvertible {
  /// The reason.
  public let description: String

  init(_ description: String) { self.description = description }
}
