import Files
import AdamQLRNetworks
import Requirements
import AdamQLRTorch

/// A task ready to train: its model, its loss and its examples.
public struct Problem: Sendable {
  /// The task.
  public let task: LearningTask
  /// The model.
  public package(set) var model: Model
  /// The loss.
  public let loss: any Loss
  /// Whether examples are classified; otherwise numbers are predicted.
  public let isClassification: Bool
  /// The examples that train.
  public internal(set) var training: ExampleSet
  /// The examples that settings are chosen by, where the task has some.
  public internal(set) var validation: ExampleSet?
  /// The examples that the result is judged by, where the task has some.
  public internal(set) var test: ExampleSet?
  /// The mean and deviation of the target before it was normalized, where one number is predicted.
  public let targetScale: TableEncoding.Scale?
  /// About how many numbers one example needs in the layer that needs the most.
  public let largestLayer: Int
  /// How a table is encoded; `nil` for all other tasks.
  public let encoding: TableEncoding?
  /// How a text became tokens; `nil` for all other tasks.
  public let textEncoding: TextEncoding?
  /// How images of one's own are encoded; `nil` for all other tasks.
  public internal(set) var imageEncoding: ImageEncoding?
  /// What is known of images of one's own, for a reader.
  var imageLines: [String] = []
  /// What was understood of a table; `nil` for all other tasks.
  public internal(set) var tableSummary: TableSummary?
  /// What is worth knowing about the data, in a line each.
  public let notes: [String]

  /// A task with its own data.
  ///
  /// - Parameters:
  ///   - task: The task.
  ///   - model: Which model learns it. Default: the paper's.
  ///   - directory: The directory of all data sets.
  ///   - seed: The seed of what the program draws.
  ///   - type: The precision.
  /// - Precondition: The task is no table and no text, which a ``TableSource`` or ``TextSource`` has
  ///   to describe.
  /// - Throws: ``DataError`` where data cannot be read, ``ModelError`` where the model is not one for
  ///   the task.
  public init(
    _ task: LearningTask, model: ModelSettings = ModelSettings(),
    dataDirectory directory: String = ".", seed: UInt64 = 0, _ type: DataType = .float32
  ) throws {
    require(
      task != .table && task.inputKind != .tokens, "'\(task.rawValue)' needs a source")
    if let problem = model.problem(for: task) { throw problem }
    guard let source = task.source else {
      self.init(rosenbrockFrom: .fixed, type)
      return
    }
    let sets: Parts
    if source.hasColor {
      sets = Parts(try source.loadImages(from: directory, seed: seed), type)
    } else if type == .float64 {
      sets = Parts(try source.load(as: Double.self, from: directory, seed: seed))
    } else {
      sets = Parts(try source.load(as: Float.self, from: directory, seed: seed))
    }
    try self.init(task, model, sets)
  }

  /// Rosenbrock's function.
  ///
  /// - Parameters:
  ///   - start: Where a run starts.
  ///   - type: The precision.
  public init(rosenbrockFrom start: Rosenbrock.Start, _ type: DataType = .float32) {
    self.init(
      .rosenbrock, Model(Rosenbrock(from: start)), largestLayer: 2,
      Parts(
        training: Batch(inputs: .zeros([1, 1], type), targets: .zeros([1, 2], type)),
        shape: ProblemShape(.features(1), outputs: 2)))
  }

  /// A table of one's own.
  ///
  /// - Parameters:
  ///   - source: The table.
  ///   - encoding: How a run that learned from it encoded it; `nil`: as fits the rows that train.
  ///   - model: Which model learns it. Default: a perceptron with one hidden layer of 50.
  ///   - type: The precision.
  /// - Throws: ``DataError`` and ``ModelError``.
  public init(
    _ source: TableSource, encodedBy encoding: TableEncoding? = nil,
    model: ModelSettings = ModelSettings(), _ type: DataType = .float32
  ) throws {
    if type == .float64 {
      try self.init(source, encoding, model, as: Double.self)
    } else {
      try self.init(source, encoding, model, as: Float.self)
    }
  }

  private init<Scalar: BinaryFloatingPoint & TensorElement>(
    _ source: TableSource, _ encoding: TableEncoding?, _ model: ModelSettings,
    as type: Scalar.Type
  ) throws {
    let data =
      try encoding.map { try source.load(encodedBy: $0, as: type) } ?? source.load(as: type)
    try self.init(.table, model, Parts(data), data.encoding, data.notes)
    tableSummary = data.summary
  }

  /// A table's model on other examples than those that it was trained on, to judge it by them.
  ///
  /// - Parameters:
  ///   - path: A file with the columns of the training file, the target among them.
  ///   - encoding: How the training file was encoded.
  ///   - model: The model.
  ///   - type: The precision.
  /// - Throws: ``DataError`` and ``ModelError``.
  public init(
    judgedBy path: String, _ encoding: TableEncoding, model: ModelSettings = ModelSettings(),
    _ type: DataType = .float32
  ) throws {
    let (examples, notes) =
      type == .float64
      ? try encoding.judging(by: path, as: Double.self)
      : try encoding.judging(by: path, as: Float.self)
    let sets = Parts(
      training: examples, test: examples,
      shape: ProblemShape(.features(encoding.featureCount), outputs: encoding.outputCount))
    try self.init(.table, model, sets, encoding, notes)
  }

  /// A task's model on normally distributed inputs, or random tokens, and random targets, for
  /// measurements that need no data.
  ///
  /// - Parameters:
  ///   - task: The task.
  ///   - shape: What the model makes of what. Default: the task's ``LearningTask/shape``.
  ///   - model: Which model. Default: the paper's.
  ///   - count: The number of examples.
  ///   - seed: The seed of all that is random.
  ///   - type: The precision.
  /// - Precondition: The task has examples, whose shape is known.
  /// - Throws: ``ModelError``.
  public init(
    randomLike task: LearningTask, _ shape: ProblemShape? = nil,
    model: ModelSettings = ModelSettings(), count: Int, seed: UInt64 = 0,
    _ type: DataType = .float32
  ) throws(ModelError) {
    guard let shape = shape ?? task.shape else {
      fatalError("\(task.rawValue) has no examples to draw at random")
    }
    var generator = SeededGenerator(seed: seed, stream: "random-data")
    func tokens(below bound: Int, _ shape: [Int]) -> Tensor {
      let count = shape.reduce(1, *)
      return Tensor((0..<count).map { _ in Int64(generator.integer(below: bound)) }, shape: shape)
    }
    let inputShape = [count] + shape.example.dimensions
    let inputs: Tensor
    let targets: Tensor
    if case .tokens(_, let vocabulary) = shape.example {
      inputs = tokens(below: vocabulary, inputShape)
      targets = tokens(below: vocabulary, inputShape)
    } else {
      inputs = Tensor(
        (0..<inputShape.reduce(1, *)).map { _ in generator.normal() }, shape: inputShape
      ).to(type)
      targets =
        task.isClassification
        ? tokens(below: shape.outputs, [count])
        : Tensor(
          (0..<(count * shape.outputs)).map { _ in generator.normal() },
          shape: [count, shape.outputs]
        ).to(type)
    }
    try self.init(
      task, model,
      Parts(training: Batch(inputs: inputs, targets: targets), shape: shape))
  }

  /// A task's model with its examples.
  init(
    _ task: LearningTask, _ settings: ModelSettings, _ sets: Parts,
    _ encoding: TableEncoding? = nil, textEncoding: TextEncoding? = nil, _ notes: [String] = []
  ) throws(ModelError) {
    let model = try settings.makeModel(for: task, sets.shape)
    guard let kind = settings.kind(for: task) else {
      throw ModelError("the task '\(task.rawValue)' has no network")
    }
    self.init(
      task, model, largestLayer: kind.largestLayer(settings, task, sets.shape),
      sets.shaped(kind.inputDimensions(sets.shape.example)), encoding, textEncoding,
      notes)
  }

  private init(
    _ task: LearningTask, _ model: Model, largestLayer: Int, _ sets: Parts,
    _ encoding: TableEncoding? = nil, _ textEncoding: TextEncoding? = nil, _ notes: [String] = []
  ) {
    self.task = task
    self.model = model
    self.largestLayer = largestLayer
    isClassification = encoding?.isClassification ?? task.isClassification
    loss =
      if let weights = encoding?.classWeights {
        ClassWeightedCrossEntropy(weights: weights)
      } else if isClassification {
        SoftmaxCrossEntropy()
      } else {
        SquaredError()
      }
    training = sets.training
    validation = sets.validation
    test = sets.test
    targetScale =
      if case .number(let scale)? = encoding?.target { scale } else { sets.targetScale }
    self.encoding = encoding
    self.textEncoding = textEncoding
    self.notes = notes
  }
}

extension TableEncoding {
  /// All examples of a file, and what is worth knowing of them.
  fileprivate func judging<Scalar: BinaryFloatingPoint & TensorElement>(
    by path: String, as type: Scalar.Type
  ) throws(DataError) -> (Batch, notes: [String]) {
    let whole = try readTable(path)
    let table = try withTarget(whole)
    let inputs = try encode(table, as: type)
    let dropped = whole.rowCount - table.rowCount
    let examples = Examples(
      count: inputs.count, inputs: inputs.values,
      targets: try encodeTargets(table, as: type))
    return (
      Batch(examples),
      whole.notes + (dropped > 0 ? ["\(counted(dropped, "row")) without target left out"] : [])
        + inputs.unseenNotes(in: path)
    )
  }
}

/// A data set's parts.
struct Parts {
  var training: ExampleSet
  var validation: ExampleSet?
  var test: ExampleSet?
  let shape: ProblemShape
  private(set) var targetScale: TableEncoding.Scale?

  init(training: Batch, test: Batch? = nil, shape: ProblemShape) {
    self.training = ExampleSet(training)
    self.test = test.map { ExampleSet($0) }
    self.shape = shape
  }

  init<Scalar: BinaryFloatingPoint & TensorElement>(_ set: DataSet<Scalar>) {
    shape = ProblemShape(set.example, outputs: set.training.targets.outputCount)
    training = ExampleSet(Batch(set.training))
    validation = set.validation.map { ExampleSet(Batch($0)) }
    test = ExampleSet(Batch(set.test))
    if let normalization = set.targetNormalization, normalization.columns == 1 {
      targetScale = TableEncoding.Scale(
        mean: normalization.means[0], deviation: normalization.deviations[0])
    }
  }

  init(_ set: ImageDataSet, _ type: DataType) {
    shape = ProblemShape(set.example, outputs: set.classCount)
    training = ExampleSet(set.training, type)
    validation = set.validation.map { ExampleSet($0, type) }
    test = set.test.map { ExampleSet($0, type) }
  }

  init<Scalar: BinaryFloatingPoint & TensorElement>(_ data: TableData<Scalar>) {
    shape = ProblemShape(
      .features(data.encoding.featureCount), outputs: data.encoding.outputCount)
    training = ExampleSet(Batch(data.training))
    validation = data.validation.map { ExampleSet(Batch($0)) }
    test = data.test.map { ExampleSet(Batch($0)) }
  }

  /// The parts with each example's inputs in this shape.
  func shaped(_ dimensions: [Int]) -> Parts {
    var parts = self
    parts.training = training.shaped(dimensions)
    parts.validation = validation?.shaped(dimensions)
    parts.test = test?.shaped(dimensions)
    return parts
  }
}
