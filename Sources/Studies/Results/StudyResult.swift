/// What came out of one run of a study: a row of its results.
public struct StudyResult: Hashable, Sendable {
  /// A run's place in the grid.
  public struct Key: Hashable, Sendable {
    /// The task's name.
    public var task: String
    /// The size of batches.
    public var batchSize: Study.BatchSize
    /// The optimizer's label.
    public var optimizer: String
    /// The seed.
    public var seed: Int

    /// A place.
    public init(task: String, batchSize: Study.BatchSize, optimizer: String, seed: Int) {
      self.task = task
      self.batchSize = batchSize
      self.optimizer = optimizer
      self.seed = seed
    }
  }

  /// The run's place.
  public var key: Key
  /// What tells apart settings: see ``StudyPlan/fingerprint(of:_:_:)``.
  public var settings: String
  /// The figures.
  public var outcome: RunOutcome

  /// A result.
  public init(_ key: Key, settings: String, _ outcome: RunOutcome) {
    self.key = key
    self.settings = settings
    self.outcome = outcome
  }
}
