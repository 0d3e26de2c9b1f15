import AdamQLRNetworks

extension ModelSettings {
  /// The model for a task; `nil` where the task is a function of parameters alone.
  public func kind(for task: LearningTask) -> ModelKind? {
    task.inputKind == nil ? nil : kind ?? task.defaultModel
  }

  /// Makes the model for a task.
  ///
  /// - Parameters:
  ///   - task: The task.
  ///   - shape: What the model is to make of what.
  /// - Throws: ``ModelError`` where model, settings and shape do not go together.
  public func makeModel(
    for task: LearningTask, _ shape: ProblemShape
  ) throws(ModelError) -> Model {
    if let problem = problem(for: task) ?? problem(for: task, shape) { throw problem }
    guard let kind = kind(for: task) else {
      throw ModelError("the task '\(task.rawValue)' has no network")
    }
    let size = { (size: Size) in self.value(of: size, for: kind, task) }
    switch (kind, shape.example) {
    case (.resnet18, .image(let height, _, let channels)),
      (.resnet50, .image(let height, _, let channels)):
      return Model(
        ResNet(
          kind == .resnet18 ? .eighteen : .fifty, classes: shape.outputs, channels: channels,
          width: size(.width), stem: stem ?? (height >= 128 ? .imageNet : .cifar)))
    case (.vitS16, .image(let height, _, let channels)):
      return Model(
        VisionTransformer(
          imageSize: height, classes: shape.outputs, channels: channels, patch: size(.patch),
          layers: size(.layers), heads: size(.heads), embedding: size(.embedding),
          dropout: dropout, pooling: pooling))
    case (.lstm, .tokens(_, let vocabulary)):
      return Model(
        LSTMLanguageModel(
          vocabulary: vocabulary, embedding: size(.embedding), units: size(.units),
          layers: size(.layers), dropout: dropout))
    case (.gpt2, .tokens(_, let vocabulary)):
      return Model(
        GPT2(
          vocabulary: vocabulary, context: size(.context), layers: size(.layers),
          heads: size(.heads), embedding: size(.embedding), dropout: dropout))
    default:
      return Model(
        Sequential.multilayerPerceptron(
          [shape.example.count] + (hiddenSizes ?? task.hiddenSizes) + [shape.outputs],
          activation: activation, initializer: initializer.initializer))
    }
  }

  /// What is wrong with these settings for a task, as far as it can be known without its data.
  public func problem(for task: LearningTask) -> ModelError? {
    guard let inputs = task.inputKind, let kind = kind(for: task) else {
      return kind.map {
        ModelError(
          "the task '\(task.rawValue)' is a function of parameters alone, so the model "
            + "'\($0.rawValue)' cannot learn it")
      }
    }
    guard kind.inputs.contains(inputs) else {
      let choices = ModelKind.taking(inputs).map(\.rawValue).joined(separator: ", ")
      let taken = kind.inputs.map(\.words).joined(separator: " or ")
      return ModelError(
        "the model '\(kind.rawValue)' takes \(taken), but the task '\(task.rawValue)' has "
          + "\(inputs.words); models for these: \(choices)")
    }
    return unusedSetting(kind) ?? task.shape.flatMap { problem(for: task, $0) }
  }

  /// The sizes in words, such as "width 64".
  public func sizeWords(for kind: ModelKind, _ task: LearningTask) -> String {
    kind.sizes.map { "\($0.size.rawValue) \(value(of: $0.size, for: kind, task))" }
      .joined(separator: ", ")
  }

  /// A size, or the default of the model for the task.
  func value(of size: Size, for kind: ModelKind, _ task: LearningTask) -> Int {
    self[size] ?? task.sizes(of: kind)[size] ?? kind.sizes.first { $0.size == size }?.value ?? 0
  }

  /// What is wrong with the sizes for what there is to learn.
  private func problem(for task: LearningTask, _ shape: ProblemShape) -> ModelError? {
    guard let kind = kind(for: task) else { return nil }
    let size = { (size: Size) in self.value(of: size, for: kind, task) }
    let start = "the model '\(kind.rawValue)' cannot learn the task '\(task.rawValue)': "
    if kind.sizes.contains(where: { $0.size == .heads }),
      !size(.embedding).isMultiple(of: size(.heads))
    {
      return ModelError(
        start + "network.heads (\(size(.heads))) does not divide network.embedding "
          + "(\(size(.embedding)))")
    }
    switch (kind, shape.example) {
    case (.vitS16, .image(let height, let width, _)):
      guard height == width else {
        return ModelError(start + "it takes square images, and these are \(shape.example.words)")
      }
      guard height.isMultiple(of: size(.patch)) else {
        let divisors = (1...height).filter { height.isMultiple(of: $0) }.map(String.init)
        return ModelError(
          start + "network.patch (\(size(.patch))) does not divide the height and width of images, "
            + "\(height); these do: \(divisors.joined(separator: ", "))")
      }
    case (.gpt2, .tokens(let positions, _)) where positions > size(.context):
      return ModelError(
        start + "its sequences have \(positions) positions, but network.context is only "
          + "\(size(.context))")
    default: break
    }
    return nil
  }

  /// A setting that is given, but is not the model's.
  private func unusedSetting(_ kind: ModelKind) -> ModelError? {
    let plain = ModelSettings()
    var given: [(name: String, isUsed: (ModelKind) -> Bool)] = []
    if hiddenSizes != nil { given.append(("hidden", { $0 == .mlp })) }
    if activation != plain.activation { given.append(("activation", { $0 == .mlp })) }
    if initializer != plain.initializer { given.append(("initializer", { $0 == .mlp })) }
    if stem != plain.stem { given.append(("stem", { [.resnet18, .resnet50].contains($0) })) }
    if pooling != plain.pooling { given.append(("pooling", { $0 == .vitS16 })) }
    if dropout != plain.dropout { given.append(("dropout", \.hasDropout)) }
    for size in Size.allCases where self[size] != nil {
      given.append((size.rawValue, { $0.sizes.contains { $0.size == size } }))
    }
    guard let (name, isUsed) = given.first(where: { !$0.isUsed(kind) }) else { return nil }
    let owners = ModelKind.allCases.filter(isUsed).map(\.rawValue).joined(separator: ", ")
    return ModelError(
      "network.\(name) is not a setting of the model '\(kind.rawValue)', but of \(owners)")
  }
}

extension ModelKind {
  /// About how many numbers one example needs in the layer that needs the most.
  func largestLayer(
    _ settings: ModelSettings, _ task: LearningTask, _ shape: ProblemShape
  ) -> Int {
    let size = { (size: ModelSettings.Size) in settings.value(of: size, for: self, task) }
    switch (self, shape.example) {
    case (.resnet18, .image(let height, let width, _)):
      return height * width * size(.width)
    case (.resnet50, .image(let height, let width, _)):
      return height * width * size(.width) * 4
    case (.vitS16, .image(let height, let width, _)):
      let patches = max(height * width / max(size(.patch) * size(.patch), 1), 1)
      return patches * max(4 * size(.embedding), patches * size(.heads))
    case (.lstm, .tokens(let positions, let vocabulary)):
      return positions * max(vocabulary, 4 * size(.units))
    case (.gpt2, .tokens(let positions, let vocabulary)):
      return positions * max(vocabulary, 4 * size(.embedding), positions * size(.heads))
    default:
      return max(shape.example.count, settings.hiddenSizes?.max() ?? 0, shape.outputs)
    }
  }
}

extension ModelSettings {
  /// How another package has the weights of the model; `nil` where none is known that has it.
  public func packageLayout(for task: LearningTask) -> PackageLayout? {
    switch kind(for: task) {
    case .resnet18: .torchvision(.eighteen)
    case .resnet50: .torchvision(.fifty)
    case .vitS16: .timm(layers: value(of: .layers, for: .vitS16, task))
    case .gpt2: .transformers(layers: value(of: .layers, for: .gpt2, task))
    case .mlp, .lstm, nil: nil
    }
  }
}
