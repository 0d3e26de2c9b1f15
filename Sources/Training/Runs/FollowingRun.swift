import AdamQLRTorch

/// The part of a rank other than 0 in a training run: it makes the same steps, and writes nothing.
public struct FollowingRun {
  /// The run itself.
  public private(set) var trainer: Trainer

  /// Follows a run that starts.
  ///
  /// - Throws: As `Trainer`'s initializer.
  public init(_ settings: Settings, in group: ProcessGroup) throws {
    trainer = try Trainer(settings, group: group)
  }

  /// Follows a run that goes on from its newest whole checkpoint.
  ///
  /// - Parameters:
  ///   - directory: The run's, on a file system that this rank sees too.
  ///   - settings: Its settings.
  ///   - group: The ranks.
  /// - Throws: As ``TrainingRun/init(resuming:_:group:)``.
  public init(
    resuming directory: RunDirectory, _ settings: Settings, in group: ProcessGroup
  ) throws {
    trainer = try Trainer(settings, group: group, resumes: true)
    _ = try trainer.restore(from: directory)
  }

  /// Makes the run's steps, up to its end or until a rank wants to stop.
  ///
  /// - Parameter goesOn: Whether this rank goes on.
  /// - Returns: What came out.
  /// - Throws: What a step throws.
  public mutating func run(while goesOn: () -> Bool) throws -> TrainingSummary {
    while try trainer.next(while: { _ in goesOn() }) != nil {}
    return trainer.finalSummary()
  }
}
