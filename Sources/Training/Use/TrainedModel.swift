import Files
import AdamQLRNetworks
import Tasks
import AdamQLRTorch

/// What a run has learned: the weights of its newest checkpoint, and what it takes to use them.
///
///     let trained = try TrainedModel(RunDirectory(existing: "runs/first"))
///     print(trained.evaluate().test?.loss)
public struct TrainedModel {
  /// The run's settings.
  public let settings: Settings
  /// The task with its data.
  public let problem: Problem
  /// The parameters.
  public let parameters: FlatVector
  /// The model's running statistics.
  public let statistics: FlatVector
  /// The number of steps that they come from.
  public let step: Int
  /// Which weights they are.
  public let weights: Weights.Choice
  /// The checkpoints that are damaged, and were passed over.
  public let damage: [FileError]

  /// Reads a run's directory, and the data of its task.
  ///
  /// - Parameters:
  ///   - directory: The run's.
  ///   - dataDirectory: Where the data are now. Default: where they were.
  ///   - device: Where to compute. Default: where the run did.
  ///   - weights: Which weights. Default: those that the run's settings say.
  /// - Throws: ``SettingsError``, ``FileError`` and `DataError`.
  public init(
    _ directory: RunDirectory, dataDirectory: String? = nil, device: Device? = nil,
    weights: Weights.Choice? = nil
  ) throws {
    var settings = try directory.settings()
    settings.dataDirectory = dataDirectory ?? settings.dataDirectory
    settings.device = device ?? settings.device
    let encoding = settings.task == .table ? try directory.encoding() : nil
    let images = settings.task == .images ? try directory.imageEncoding() : nil
    try self.init(
      directory, settings, try settings.makeProblem(encodedBy: encoding, imageEncoding: images),
      weights)
  }

  /// Reads the directory of a run that learned from a table, and other rows to judge it by; the
  /// training file is not needed.
  ///
  /// - Parameters:
  ///   - directory: The run's.
  ///   - table: A file with the training file's columns, the target among them.
  ///   - device: Where to compute. Default: where the run did.
  ///   - weights: Which weights. Default: those that the run's settings say.
  /// - Throws: ``SettingsError``, ``FileError`` and `DataError`.
  public init(
    _ directory: RunDirectory, judgedBy table: String, device: Device? = nil,
    weights: Weights.Choice? = nil
  ) throws {
    var settings = try directory.settings()
    settings.device = device ?? settings.device
    let problem = try Problem(
      judgedBy: table, try directory.encoding(), model: settings.model,
      settings.precision.type)
    try self.init(directory, settings, problem, weights)
  }

  /// Reads the directory of a run that learned from a text, and another text to judge it by; the
  /// training file is not needed.
  ///
  /// - Parameters:
  ///   - directory: The run's.
  ///   - text: The text.
  ///   - device: Where to compute. Default: where the run did.
  ///   - weights: Which weights. Default: those that the run's settings say.
  /// - Throws: ``SettingsError``, ``FileError``, also where the run learned from no text, and
  ///   `DataError`.
  public init(
    _ directory: RunDirectory, judgedByText text: String, device: Device? = nil,
    weights: Weights.Choice? = nil
  ) throws {
    var settings = try directory.settings()
    settings.device = device ?? settings.device
    let problem = try Problem(
      judgedBy: text, settings.task, try directory.textEncoding(settings),
      context: settings.text.context, model: settings.model)
    try self.init(directory, settings, problem, weights)
  }

  private init(
    _ directory: RunDirectory, _ settings: Settings, _ problem: Problem,
    _ choice: Weights.Choice?
  ) throws {
    try settings.prepareDevice()
    let (found, choice, damage) = try directory.weights(choice, of: problem.model, settings)
    self.settings = settings
    self.problem = problem
    parameters = found.parameters
    statistics = found.statistics
    step = found.step
    weights = choice
    self.damage = damage
  }

  /// The scores on all examples.
  public func evaluate() -> (training: Score, validation: Score?, test: Score?) {
    (score(problem.training), problem.validation.map(score), problem.test.map(score))
  }

  /// How good predictions are on some examples, in the words and units of the task; `nil` of texts.
  public func metrics(_ examples: ExampleSet) -> TaskMetrics? {
    problem.metrics(
      examples, at: Weights(step: step, parameters: parameters, statistics: statistics))
  }

  private func score(_ examples: ExampleSet) -> Score {
    problem.evaluate(examples, at: parameters, statistics: statistics)
  }
}

extension RunDirectory {
  /// Weights of the newest whole checkpoint, which they are, and what is wrong with the checkpoints
  /// after it.
  ///
  /// - Parameter choice: Which; `nil`: as the settings have it, the last where there are no best ones.
  /// - Throws: ``FileError`` where there is no whole checkpoint, or it has no best weights although
  ///   they are asked for.
  func weights(
    _ choice: Weights.Choice?, of model: Model, _ settings: Settings
  ) throws(FileError) -> (found: Weights, choice: Weights.Choice, damage: [FileError]) {
    let (checkpoint, damage) = newestCheckpoint(
      of: model, settings.precision, on: settings.device)
    guard let checkpoint else {
      throw damage.first ?? FileError(path, "the run has no checkpoint yet")
    }
    if choice ?? settings.weights == .best {
      if let best = checkpoint.best { return (best, .best, damage) }
      guard choice == nil else {
        throw FileError(
          checkpoint.path,
          "there are no best weights, since no evaluation on validation examples came before; there "
            + "are the last")
      }
    }
    return (checkpoint.last, .last, damage)
  }
}
