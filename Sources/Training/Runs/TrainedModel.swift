import Networks
import Tasks
import Torch

/// What a run has learned: the parameters of its newest checkpoint, and what it takes to use them.
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
  /// The checkpoints that are damaged, and were passed over.
  public let damage: [FileError]

  /// Reads a run's directory, and the data of its task.
  ///
  /// - Parameters:
  ///   - directory: The run's.
  ///   - dataDirectory: Where the data are now. Default: where they were.
  ///   - device: Where to compute. Default: where the run did.
  /// - Throws: ``SettingsError``, ``FileError`` and `DataError`.
  public init(
    _ directory: RunDirectory, dataDirectory: String? = nil, device: Device? = nil
  ) throws {
    var settings = try directory.settings()
    settings.dataDirectory = dataDirectory ?? settings.dataDirectory
    settings.device = device ?? settings.device
    try self.init(directory, settings, try settings.makeProblem())
  }

  /// Reads the directory of a run that learned from a table, and other rows to judge it by; the
  /// training file is not needed.
  ///
  /// - Parameters:
  ///   - directory: The run's.
  ///   - table: A file with the training file's columns, the target among them.
  ///   - device: Where to compute. Default: where the run did.
  /// - Throws: ``SettingsError``, ``FileError`` and `DataError`.
  public init(
    _ directory: RunDirectory, judgedBy table: String, device: Device? = nil
  ) throws {
    var settings = try directory.settings()
    settings.device = device ?? settings.device
    let problem = try Problem(
      judgedBy: table, try directory.encoding(), model: settings.model,
      settings.precision.type)
    try self.init(directory, settings, problem)
  }

  /// Reads the directory of a run that learned from a text, and another text to judge it by; the
  /// training file is not needed.
  ///
  /// - Parameters:
  ///   - directory: The run's.
  ///   - text: The text.
  ///   - device: Where to compute. Default: where the run did.
  /// - Throws: ``SettingsError``, ``FileError``, also where the run learned from no text, and
  ///   `DataError`.
  public init(
    _ directory: RunDirectory, judgedByText text: String, device: Device? = nil
  ) throws {
    var settings = try directory.settings()
    settings.device = device ?? settings.device
    let problem = try Problem(
      judgedBy: text, settings.task, try directory.textEncoding(settings),
      context: settings.text.context, model: settings.model)
    try self.init(directory, settings, problem)
  }

  private init(_ directory: RunDirectory, _ settings: Settings, _ problem: Problem) throws {
    try settings.prepareDevice()
    let checkpoint = try directory.wholeCheckpoint(of: problem.model, settings)
    self.settings = settings
    self.problem = problem
    parameters = checkpoint.found.parameters
    statistics = checkpoint.found.statistics
    step = checkpoint.found.step
    damage = checkpoint.damage
  }

  /// The scores on all examples.
  public func evaluate() -> (training: Score, validation: Score?, test: Score?) {
    (score(problem.training), problem.validation.map(score), problem.test.map(score))
  }

  private func score(_ examples: ExampleSet) -> Score {
    problem.evaluate(examples, at: parameters, statistics: statistics)
  }
}

extension RunDirectory {
  /// The newest whole checkpoint, and what is wrong with those after it.
  ///
  /// - Throws: ``FileError`` where there is none.
  func wholeCheckpoint(
    of model: Model, _ settings: Settings
  ) throws(FileError) -> (found: Checkpoint, damage: [FileError]) {
    let (checkpoint, damage) = newestCheckpoint(
      of: model, settings.precision, on: settings.device)
    guard let checkpoint else {
      throw damage.first ?? FileError(path, "the run has no checkpoint yet")
    }
    return (checkpoint, damage)
  }
}
