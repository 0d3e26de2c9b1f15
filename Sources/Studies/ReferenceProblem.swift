import Networks
import Tasks
import Torch

/// The problem of a reference trace, in double precision.
struct ReferenceProblem {
  let parameters: FlatVector
  private let model: Model
  private let loss: any Loss
  private let examples: ExampleTensors
  private let names: [String]

  init(_ trace: ReferenceTrace) throws(TraceError) {
    switch trace.model.kind {
    case "rosenbrock":
      model = Model(Rosenbrock())
      loss = SquaredError()
      let rows = trace.inputs.shape[0]
      examples = ExampleTensors(
        inputs: .zeros([rows, 1], .float64), targets: .zeros([rows, 2], .float64))
      names = ["position"]
    case "mlp":
      guard let sizes = trace.model.sizes, sizes.count >= 2 else {
        throw .unreadable("model.sizes is missing")
      }
      guard let activation = Activation(rawValue: trace.model.activation ?? "") else {
        throw .unsupported("activation '\(trace.model.activation ?? "null")'")
      }
      model = Model(Sequential.multilayerPerceptron(sizes, activation: activation))
      let classifies = trace.loss.contains("cross entropy")
      loss = classifies ? SoftmaxCrossEntropy() : SquaredError()
      let targets = trace.targets
      examples = ExampleTensors(
        inputs: Tensor(trace.inputs.values, shape: trace.inputs.shape),
        targets: classifies
          ? Tensor(targets.values.map { Int64($0) }) : Tensor(targets.values, shape: targets.shape))
      names = (0..<(sizes.count - 1)).flatMap { ["w\($0)", "b\($0)"] }
    case let kind:
      throw .unsupported("model '\(kind)'")
    }
    parameters = FlatVector(try Self.join(trace.initialParameters, names, model))
    _ = try Self.join(trace.finalParameters, names, model)
  }

  /// The loss on some rows of the examples.
  func objective(on rows: [Int]) -> NetworkObjective {
    let batch = examples.selecting(Tensor(rows.map(Int64.init)))
    return NetworkObjective(model, loss, inputs: batch.inputs, targets: batch.targets)
  }

  /// The parameters under their names in the trace.
  func named(_ parameters: FlatVector) -> [(name: String, values: [Double])] {
    zip(names, model.tensors(of: parameters)).map { ($0, $1.tensor.doubles) }
  }

  private static func join(
    _ arrays: [String: ReferenceTrace.Array], _ names: [String], _ model: Model
  ) throws(TraceError) -> [Double] {
    guard Set(arrays.keys) == Set(names) else {
      throw .unreadable(
        "the parameters are \(arrays.keys.sorted().joined(separator: ", ")), but a model like this "
          + "has \(names.joined(separator: ", "))")
    }
    var elements: [Double] = []
    for (name, entry) in zip(names, model.layout.entries) {
      guard let array = arrays[name], array.shape == entry.shape else {
        throw .unreadable("the parameter '\(name)' must have the shape \(entry.shape)")
      }
      elements += array.values
    }
    return elements
  }
}
