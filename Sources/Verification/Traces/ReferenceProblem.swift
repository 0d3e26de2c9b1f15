import AdamQLRNetworks
import Tasks
import AdamQLRTorch

/// The problem of a reference trace, in double precision.
struct ReferenceProblem {
  let parameters: FlatVector
  private let model: Model
  private let loss: any Loss
  private let examples: Batch
  private let names: [String]

  init(_ trace: ReferenceTrace) throws(TraceError) {
    let network = try Self.network(trace.model)
    model = network.model
    names = network.names
    if trace.model.kind == "rosenbrock" {
      loss = SquaredError()
      let rows = trace.inputs.shape[0]
      examples = Batch(
        inputs: .zeros([rows, 1], .float64), targets: .zeros([rows, 2], .float64))
    } else {
      let classifies = trace.loss.contains("cross entropy")
      let plain: any Loss = classifies ? SoftmaxCrossEntropy() : SquaredError()
      loss =
        trace.optimizer["estimation_mode"] == .text("fisher_empirical")
        ? EmpiricalReferenceLoss(base: plain) : plain
      examples = Batch(
        inputs: Self.tensor(trace.inputs, isWhole: network.takesTokens),
        targets: Self.tensor(trace.targets, isWhole: classifies))
    }
    parameters = FlatVector(try Self.join(trace.initialParameters, names, model))
    _ = try Self.join(trace.finalParameters, names, model)
  }

  /// The model, its parameters' names in the trace in the order of its layout, and whether its
  /// inputs are numbers of tokens.
  private static func network(
    _ model: ReferenceTrace.Model
  ) throws(TraceError) -> (model: Model, names: [String], takesTokens: Bool) {
    switch model.kind {
    case "rosenbrock":
      return (Model(Rosenbrock()), ["position"], false)
    case "mlp":
      guard let sizes = model.sizes, sizes.count >= 2 else {
        throw .unreadable("model.sizes is missing")
      }
      guard let activation = Activation(rawValue: model.activation ?? "") else {
        throw .unsupported("activation '\(model.activation ?? "null")'")
      }
      let layer = Sequential.multilayerPerceptron(sizes, activation: activation)
      return (Model(layer), (0..<(sizes.count - 1)).flatMap { ["w\($0)", "b\($0)"] }, false)
    case "residual-convnet":
      guard let input = model.input, input.count == 3, let channels = model.channels,
        channels.count == 2, let classes = model.classes
      else { throw .unreadable("model.input, model.channels or model.classes is missing") }
      let layer = ReferenceConvnet(
        inputs: input[2], channels: (channels[0], channels[1]), classes: classes)
      return (Model(layer), ReferenceConvnet.names, false)
    case "gpt2":
      guard let vocabulary = model.vocabulary, let context = model.context,
        let heads = model.heads, let embedding = model.embedding, model.layers == 1
      else { throw .unreadable("model: not a gpt2 of one layer with all its sizes") }
      let layer = GPT2(
        vocabulary: vocabulary, context: context, layers: 1, heads: heads, embedding: embedding)
      let names = [
        "wte", "wpe", "ln1.scale", "ln1.offset", "attn.w", "attn.b", "proj.w", "proj.b",
        "ln2.scale", "ln2.offset", "fc.w", "fc.b", "out.w", "out.b", "lnf.scale", "lnf.offset",
      ]
      return (Model(layer), names, true)
    case "lstm":
      guard let vocabulary = model.vocabulary, let embedding = model.embedding,
        let hidden = model.hidden, model.layers == 1
      else { throw .unreadable("model: not an lstm of one layer with all its sizes") }
      let layer = LSTMLanguageModel(
        vocabulary: vocabulary, embedding: embedding, units: hidden, layers: 1)
      let names = ["embed", "lstm.w_ih", "lstm.b", "lstm.w_hh", "dense.w", "dense.b"]
      return (Model(layer), names, true)
    case let kind:
      throw .unsupported("model '\(kind)'")
    }
  }

  private static func tensor(_ array: ReferenceTrace.Array, isWhole: Bool) -> Tensor {
    isWhole
      ? Tensor(array.values.map { Int64($0) }, shape: array.shape)
      : Tensor(array.values, shape: array.shape)
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
