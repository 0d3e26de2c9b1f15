import Networks
import Tasks

/// What a run has learned: its task and the parameters of its newest checkpoint.
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
  /// The number of steps that they come from.
  public let step: Int
  /// The checkpoints that are damaged, and were passed over.
  public let damage: [FileError]

  /// Reads a run's directory, and the data of its task.
  ///
  /// - Parameters:
  ///   - directory: The run's.
  ///   - dataDirectory: Where the data are now. Default: where they were.
  /// - Throws: ``SettingsError``, ``FileError`` and `DataError`.
  public init(_ directory: RunDirectory, dataDirectory: String? = nil) throws {
    var settings = try directory.settings()
    settings.dataDirectory = dataDirectory ?? settings.dataDirectory
    let trainer = try Trainer(settings)
    let (checkpoint, damage) = directory.newestCheckpoint(of: trainer.problem, settings.precision)
    guard let checkpoint else {
      throw damage.first ?? FileError(directory.path, "the run has no checkpoint yet")
    }
    self.settings = settings
    self.damage = damage
    problem = trainer.problem
    parameters = checkpoint.parameters
    step = checkpoint.step
  }

  /// The scores on all examples.
  public func evaluate() -> (training: Score, validation: Score?, test: Score?) {
    (
      problem.evaluate(problem.training, at: parameters),
      problem.validation.map { problem.evaluate($0, at: parameters) },
      problem.test.map { problem.evaluate($0, at: parameters) }
    )
  }
}
