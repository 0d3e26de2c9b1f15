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
    try Self.check(trace.model)
    let network = try Self.network(trace.model)
    model = network.model
    names = network.names
    try Self.check(trace)
    if trace.model.kind == "rosenbrock" {
      loss = SquaredError()
      let rows = trace.inputs.shape[0]
      examples = Batch(
        inputs: .zeros([rows, 1], .float64), targets: .zeros([rows, 2], .float64))
    } else {
      let classifies = trace.classifies
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

// MARK: - Whether the parts fit together

extension ReferenceTrace {
  fileprivate var classifies: Bool { loss.contains("cross entropy") }
}

extension ReferenceProblem {
  /// Whether a model of these sizes can be made.
  private static func check(_ model: ReferenceTrace.Model) throws(TraceError) {
    let sizes =
      [model.layers, model.heads, model.embedding, model.hidden, model.vocabulary, model.context]
      + [model.classes] + (model.sizes ?? []) + (model.input ?? []) + (model.channels ?? [])
    if let size = sizes.compactMap({ $0 }).first(where: { !(1...65_536).contains($0) }) {
      throw .unreadable("model: \(size) is no size from 1 to 65,536")
    }
    if let heads = model.heads, let embedding = model.embedding, embedding % heads != 0 {
      throw .unreadable("model.embedding is \(embedding), no multiple of the \(heads) heads")
    }
  }

  /// Whether the examples are those of the model.
  private static func check(_ trace: ReferenceTrace) throws(TraceError) {
    let model = trace.model
    let (inputs, targets) = (trace.inputs.shape, trace.targets.shape)
    func require(_ holds: Bool, _ what: String) throws(TraceError) {
      if !holds { throw .unreadable(what) }
    }
    func requireNumbers(
      of array: ReferenceTrace.Array, below limit: Int?, _ name: String
    ) throws(TraceError) {
      guard let limit else { return }
      for value in array.values
      where !(value >= 0 && value < Double(limit) && value == value.rounded()) {
        throw .unreadable("\(name) has \(value), no whole number from 0 and below \(limit)")
      }
    }
    try require(!inputs.isEmpty && !trace.inputs.values.isEmpty, "there are no examples")
    try require(!trace.batches.contains([]), "a batch is empty")
    switch model.kind {
    case "mlp":
      let outputs = model.sizes?.last
      try require(inputs.count == 2 && inputs[1] == model.sizes?.first, "inputs: not the model's")
      if trace.classifies {
        try require(targets == [inputs[0]], "targets: not a class for each of the inputs")
        try requireNumbers(of: trace.targets, below: outputs, "targets")
      } else {
        try require(targets == [inputs[0], outputs ?? 0], "targets: not the model's outputs")
      }
    case "residual-convnet":
      try require(
        inputs.count == 4 && Array(inputs.dropFirst()) == model.input, "inputs: not the model's")
      try require(
        trace.classifies && targets == [inputs[0]], "targets: not a class for each of the inputs")
      try requireNumbers(of: trace.targets, below: model.classes, "targets")
    case "gpt2", "lstm":
      try require(
        inputs.count == 2 && (1...(model.context ?? inputs[1])).contains(inputs[1]),
        "inputs: not rows of tokens, as many as the model has positions")
      try require(
        trace.classifies && targets == inputs, "targets: not a token for each of the inputs")
      try requireNumbers(of: trace.inputs, below: model.vocabulary, "inputs")
      try requireNumbers(of: trace.targets, below: model.vocabulary, "targets")
    default: break
    }
  }
}
