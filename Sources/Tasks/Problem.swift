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
  /// The examples that train.
  public let training: ExampleTensors
  /// The examples that settings are chosen by, where the task has some.
  public let validation: ExampleTensors?
  /// The examples that the result is judged by, where the task has some.
  public let test: ExampleTensors?

  /// A task with its own data.
  ///
  /// - Parameters:
  ///   - task: The task.
  ///   - network: The shape of the network. Default: the paper's.
  ///   - directory: The directory of all data sets.
  ///   - seed: The seed of what the program draws.
  ///   - type: The precision.
  /// - Throws: ``DataError``.
  public init(
    _ task: LearningTask, network: NetworkShape? = nil, dataDirectory directory: String = ".",
    seed: UInt64 = 0, _ type: DataType = .float32
  ) throws(DataError) {
    self.task = task
    loss = task.loss
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
    model = Self.network(network ?? NetworkShape(task), sets.inputCount, sets.outputCount)
    training = sets.training
    validation = sets.validation
    test = sets.test
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
    model = Self.network(network ?? NetworkShape(task), shape.inputs, shape.outputs)
    training = ExampleTensors(inputs: inputs.to(type), targets: targets)
    validation = nil
    test = nil
  }

  private static func network(_ shape: NetworkShape, _ inputs: Int, _ outputs: Int) -> Model {
    Model(
      Sequential.multilayerPerceptron(
        [inputs] + shape.hiddenSizes + [outputs], activation: shape.activation,
        initializer: shape.initializer.initializer))
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
  let test: ExampleTensors

  init<Scalar: BinaryFloatingPoint & TensorElement>(_ set: DataSet<Scalar>) {
    inputCount = set.featureCount
    outputCount = set.training.targets.outputCount
    training = ExampleTensors(set.training)
    validation = set.validation.map { ExampleTensors($0) }
    test = ExampleTensors(set.test)
  }
}
