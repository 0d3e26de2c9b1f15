import Networks
import Torch

/// A task ready to train: its model, its loss and its examples.
public struct Problem: Sendable {
  /// The task.
  public let task: LearningTask
  /// The model.
  public let model: Model
  /// The loss.
  public let loss: any Loss
  /// Whether examples are classified; otherwise numbers are predicted.
  public let isClassification: Bool
  /// The examples that train.
  public let training: ExampleTensors
  /// The examples that settings are chosen by, where the task has some.
  public let validation: ExampleTensors?
  /// The examples that the result is judged by, where the task has some.
  public let test: ExampleTensors?
  /// How a table is encoded; `nil` for all other tasks.
  public let encoding: TableEncoding?
  /// What is worth knowing about the data, in a line each.
  public let notes: [String]

  /// A task with its own data.
  ///
  /// - Parameters:
  ///   - task: The task.
  ///   - network: The shape of the network. Default: the paper's.
  ///   - directory: The directory of all data sets.
  ///   - seed: The seed of what the program draws.
  ///   - type: The precision.
  /// - Precondition: The task is not ``LearningTask/table``, which a ``TableSource`` has to describe.
  /// - Throws: ``DataError``.
  public init(
    _ task: LearningTask, network: NetworkShape? = nil, dataDirectory directory: String = ".",
    seed: UInt64 = 0, _ type: DataType = .float32
  ) throws(DataError) {
    precondition(task != .table, "a table needs a source")
    self.task = task
    loss = task.loss
    isClassification = task.isClassification
    encoding = nil
    notes = []
    guard let source = task.source else {
      model = Model(Rosenbrock())
      training = ExampleTensors(inputs: .zeros([1, 1], type), targets: .zeros([1, 2], type))
      validation = nil
      test = nil
      return
    }
    let sets =
      type == .float64
      ? Parts(try source.load(as: Double.self, from: directory, seed: seed))
      : Parts(try source.load(as: Float.self, from: directory, seed: seed))
    model = (network ?? NetworkShape(task)).makeModel(sets.inputCount, sets.outputCount)
    training = sets.training
    validation = sets.validation
    test = sets.test
  }

  /// A table of one's own.
  ///
  /// - Parameters:
  ///   - source: The table.
  ///   - network: The shape of the network. Default: one hidden layer of 50.
  ///   - type: The precision.
  /// - Throws: ``DataError``.
  public init(
    _ source: TableSource, network: NetworkShape? = nil, _ type: DataType = .float32
  ) throws(DataError) {
    let sets: Parts
    let encoding: TableEncoding
    let notes: [String]
    if type == .float64 {
      let data = try source.load(as: Double.self)
      (sets, encoding, notes) = (Parts(data), data.encoding, data.notes)
    } else {
      let data = try source.load(as: Float.self)
      (sets, encoding, notes) = (Parts(data), data.encoding, data.notes)
    }
    self.init(
      encoding, network, training: sets.training, validation: sets.validation, test: sets.test,
      notes: notes)
  }

  /// A table's network on other examples than those that it was trained on, to judge it by them.
  ///
  /// - Parameters:
  ///   - path: A file with the columns of the training file, the target among them.
  ///   - encoding: How the training file was encoded.
  ///   - network: The shape of the network.
  ///   - type: The precision.
  /// - Throws: ``DataError``.
  public init(
    judgedBy path: String, _ encoding: TableEncoding, network: NetworkShape? = nil,
    _ type: DataType = .float32
  ) throws(DataError) {
    let table = try encoding.readTable(path)
    let examples =
      type == .float64
      ? ExampleTensors(try encoding.examples(table, as: Double.self))
      : ExampleTensors(try encoding.examples(table, as: Float.self))
    self.init(encoding, network, training: examples, validation: nil, test: examples, notes: [])
  }

  private init(
    _ encoding: TableEncoding, _ network: NetworkShape?, training: ExampleTensors,
    validation: ExampleTensors?, test: ExampleTensors?, notes: [String]
  ) {
    task = .table
    model = (network ?? NetworkShape(.table)).makeModel(
      encoding.featureCount, encoding.outputCount)
    loss = encoding.isClassification ? SoftmaxCrossEntropy() : SquaredError()
    isClassification = encoding.isClassification
    self.training = training
    self.validation = validation
    self.test = test
    self.encoding = encoding
    self.notes = notes
  }

  /// A task's network on normally distributed inputs and random targets, for measurements that
  /// need no data.
  ///
  /// - Precondition: The task has examples.
  public init(
    randomLike task: LearningTask, network: NetworkShape? = nil, count: Int, seed: UInt64 = 0,
    _ type: DataType = .float32
  ) {
    guard let shape = task.shape else {
      preconditionFailure("\(task.rawValue) has no examples to draw at random")
    }
    var generator = SeededGenerator(seed: seed, stream: "random-data")
    let inputs = Tensor(
      (0..<(count * shape.inputs)).map { _ in generator.normal() }, shape: [count, shape.inputs])
    let targets =
      task.isClassification
      ? Tensor((0..<count).map { _ in Int64(generator.integer(below: shape.outputs)) })
      : Tensor(
        (0..<(count * shape.outputs)).map { _ in generator.normal() },
        shape: [count, shape.outputs]
      ).to(type)
    self.task = task
    loss = task.loss
    isClassification = task.isClassification
    model = (network ?? NetworkShape(task)).makeModel(shape.inputs, shape.outputs)
    training = ExampleTensors(inputs: inputs.to(type), targets: targets)
    validation = nil
    test = nil
    encoding = nil
    notes = []
  }
}

/// The shape of a multilayer perceptron between inputs and outputs.
public struct NetworkShape: Hashable, Codable, Sendable {
  /// The sizes of the hidden layers.
  public var hiddenSizes: [Int]
  /// The activation after each hidden layer. Default: the rectifier.
  public var activation = Activation.relu
  /// How the weights start. Default: LeCun's.
  public var initializer = WeightInitializer.leCun

  /// The paper's network for a task.
  public init(_ task: LearningTask) {
    hiddenSizes = task.hiddenSizes
  }

  /// A network of this shape.
  public func makeModel(_ inputs: Int, _ outputs: Int) -> Model {
    Model(
      Sequential.multilayerPerceptron(
        [inputs] + hiddenSizes + [outputs], activation: activation,
        initializer: initializer.initializer))
  }

  /// The initializers of weights by name.
  public enum WeightInitializer: String, Codable, CaseIterable, Sendable {
    /// He et al. 2015.
    case kaiming
    /// Glorot and Bengio 2010.
    case xavier
    /// LeCun et al. 1998.
    case leCun = "lecun"
    /// Normal with standard deviation 0.02.
    case normal

    /// The initializer.
    public var initializer: Initializer {
      switch self {
      case .kaiming: .kaiming()
      case .xavier: .xavier()
      case .leCun: .leCun()
      case .normal: .normal()
      }
    }
  }
}

/// A data set's parts in the engine's memory.
private struct Parts {
  let inputCount: Int
  let outputCount: Int
  let training: ExampleTensors
  let validation: ExampleTensors?
  let test: ExampleTensors?

  init<Scalar: BinaryFloatingPoint & TensorElement>(_ set: DataSet<Scalar>) {
    inputCount = set.featureCount
    outputCount = set.training.targets.outputCount
    training = ExampleTensors(set.training)
    validation = set.validation.map { ExampleTensors($0) }
    test = ExampleTensors(set.test)
  }

  init<Scalar: BinaryFloatingPoint & TensorElement>(_ data: TableData<Scalar>) {
    inputCount = data.encoding.featureCount
    outputCount = data.encoding.outputCount
    training = ExampleTensors(data.training)
    validation = data.validation.map { ExampleTensors($0) }
    test = data.test.map { ExampleTensors($0) }
  }
}
