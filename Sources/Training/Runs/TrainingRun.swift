import Files
import AdamQLR
import Foundation
import AdamQLRNetworks
import AdamQLRTorch

/// A training run in a directory: logged, and with checkpoints to go on from.
///
///     let run = try TrainingRun(settings, in: nil)
///     let summary = try run.run { event in .goOn }
///
/// Interrupted anywhere and resumed, a run ends with the figures of one that was not, times
/// excepted.
public final class TrainingRun {
  /// The directory.
  public let directory: RunDirectory
  /// The run itself.
  public private(set) var trainer: Trainer
  /// What was found damaged when the run was resumed.
  public let damage: [FileError]
  /// What is worth knowing before the run, in a line each.
  public let notes: [String]

  private let lock: RunLock
  private var log: EventLog
  private var status: RunStatus
  private var row = MetricRow()
  private let showsPosition: Bool
  private var checkpointTime = ContinuousClock.now
  private var checkpointStep: Int

  /// Starts a run in a directory of its own.
  ///
  /// - Parameters:
  ///   - settings: What the run does.
  ///   - path: The directory; `nil`: `runs/TASK-OPTIMIZER-TIME`.
  ///   - group: The ranks of which this is the first; the others make a ``FollowingRun``. Default: there
  ///     is one process.
  /// - Throws: ``SettingsError``, ``FileError``, `DataError` and `DistributedError`.
  public init(_ settings: Settings, in path: String?, group: ProcessGroup? = nil) throws {
    trainer = try Trainer(settings, group: group)
    directory = try RunDirectory(
      makingAt: path, for: settings.resolved(isShared: group != nil))
    lock = try RunLock(directory)
    damage = []
    notes = trainer.notes
    _ = try directory.keepEncoding(of: trainer.problem, settings)
    log = try EventLog(directory.logPath, from: 0)
    status = RunStatus(trainer)
    showsPosition = trainer.parameters.count == 2
    checkpointStep = 0
    try directory.write(status)
  }

  /// Goes on with a run from its newest whole checkpoint, or from the start where there is none.
  ///
  /// - Parameters:
  ///   - directory: The run's.
  ///   - settings: Its settings, perhaps with another length.
  ///   - group: The ranks of which this is the first, perhaps others than before. Default: there is one
  ///     process.
  /// - Throws: ``SettingsError``, ``FileError``, `DataError` and `DistributedError`.
  public init(
    resuming directory: RunDirectory, _ settings: Settings, group: ProcessGroup? = nil
  ) throws {
    self.directory = directory
    lock = try RunLock(directory)
    trainer = try Trainer(settings, group: group, resumes: true)
    let (checkpoint, damage) = try trainer.restore(from: directory)
    var notes = trainer.notes
    if let mended = try directory.keepEncoding(of: trainer.problem, settings) {
      notes.append("\(mended), and was written anew")
    }
    if let stop = trainer.earlyStop {
      notes.append(
        "the run was \(stop); a greater early-stopping.patience in \(directory.settingsPath) lets it "
          + "go on")
    }
    let (logPosition, logDamage) = directory.logPosition(atMost: checkpoint?.logPosition ?? 0)
    self.damage = damage
    if let logDamage { notes.append(logDamage) }
    self.notes = notes
    log = try EventLog(directory.logPath, from: logPosition)
    var status = RunStatus(trainer)
    status.started = (try? directory.status())?.started ?? status.started
    self.status = status
    showsPosition = trainer.parameters.count == 2
    checkpointStep = trainer.step
    if settings != (try? directory.settings()) { try directory.write(settings) }
    try directory.write(status)
  }

  /// Goes on to the end, or until `observe` asks to stop, which it can after everything that
  /// happens.
  ///
  /// - Parameter observe: Is told of everything that happens.
  /// - Returns: What came out.
  /// - Throws: What a step throws, and ``FileError`` where the directory cannot be written; the run
  ///   can then go on from its last checkpoint.
  public func run(_ observe: (TrainingEvent) throws -> Continuation) throws -> TrainingSummary {
    var continuation = Continuation.goOn
    return try run(
      while: { _ in continuation == .goOn }, { event in continuation = try observe(event) })
  }

  /// Goes on to the end, or as long as `goesOn` says.
  ///
  /// - Parameters:
  ///   - goesOn: Is asked before everything that may happen, the first thing among them.
  ///   - observe: Is told of everything that happens.
  /// - Returns: What came out.
  /// - Throws: As ``run(_:)``.
  public func run(
    while goesOn: (Trainer) -> Bool, _ observe: (TrainingEvent) throws -> Void
  ) throws -> TrainingSummary {
    while let event = try trainer.next(while: goesOn) {
      try add(event)
      try writeCheckpointIfDue()
      try observe(event)
    }
    let summary = trainer.finalSummary()
    try writeCheckpoint()
    status.summary = summary
    status.state =
      summary.divergence != nil ? .diverged : summary.isComplete ? .finished : .stopped
    try directory.write(status)
    return summary
  }

  private func add(_ event: TrainingEvent) throws {
    let step: Int
    row.removeAll()
    switch event {
    case .step(let report), .diverged(let report, _):
      step = trainer.step
      guard step % trainer.settings.logInterval == 0 else { return }
      row.add(report)
      if showsPosition {
        let position = trainer.parameters.doubles
        row.add(.positionX, position[0])
        row.add(.positionY, position[1])
      }
    case .epoch(let report):
      step = report.step
      row.add(report)
    }
    try log.add(row, step: step)
  }

  private func writeCheckpointIfDue() throws {
    let isDue: Bool
    if let interval = trainer.settings.checkpointInterval {
      isDue = trainer.step - checkpointStep >= interval
    } else {
      isDue = ContinuousClock.now - checkpointTime > .seconds(60)
    }
    if isDue { try writeCheckpoint() }
  }

  private func writeCheckpoint() throws {
    trainer.prepareWeights()
    // The log first: a checkpoint counts on all rows before it.
    try log.synchronize()
    try directory.writeCheckpoint(trainer, logPosition: log.position)
    checkpointStep = trainer.step
    checkpointTime = .now
  }
}

extension Trainer {
  /// Goes on from the newest whole checkpoint of a directory, where there is one.
  ///
  /// - Returns: The checkpoint, and what is wrong with those after it.
  mutating func restore(
    from directory: RunDirectory
  ) throws -> (checkpoint: Checkpoint?, damage: [FileError]) {
    let (checkpoint, damage) = directory.newestCheckpoint(
      of: problem.model, settings.precision, on: settings.device)
    if let checkpoint {
      try restore(
        checkpoint.state(), checkpoint.last, best: checkpoint.best, path: checkpoint.path)
    } else if let error = initialWeightsError {
      throw error
    }
    try requireSameWeights("to start from")
    return (checkpoint, damage)
  }
}

extension RunDirectory {
  /// Where the log goes on: at its size at the checkpoint, or, if it was cut off since, behind its
  /// last whole row; a run is worth more than its log.
  fileprivate func logPosition(atMost size: Int) -> (position: Int, damage: String?) {
    let whole = (try? log())?.wholeSize ?? 0
    if whole >= size { return (size, nil) }
    return (
      whole, "\(logPath): the log was cut off; rows that are missing before the checkpoint are lost"
    )
  }
}

extension Settings {
  /// The settings with what the machine and the place decide made explicit, so that they mean the
  /// same anywhere.
  ///
  /// - Parameter isShared: Whether several ranks make the run; the threads of each are then a matter of
  ///   how many there are.
  fileprivate func resolved(isShared: Bool) -> Settings {
    var settings = withAbsolutePaths
    if !isShared { settings.threads = Runtime.threadCount }
    settings.model.kind = modelKind
    if steps == nil, seconds == nil { settings.epochs = epochs ?? defaultEpochs }
    return settings
  }

  /// The settings with the paths of data made such that they mean the same from any directory.
  package var withAbsolutePaths: Settings {
    func absolute(_ path: String) -> String { URL(fileURLWithPath: path).standardizedFileURL.path }
    var settings = self
    if let source = task.source, !source.files.isEmpty {
      settings.dataDirectory = absolute(directory)
    }
    if task == .table, !table.path.isEmpty {
      settings.table = expandedTable
      settings.table.path = absolute(settings.table.path)
      settings.table.testPath = settings.table.testPath.map(absolute)
    }
    settings.initialWeights = initialWeights.map {
      absolute(($0 as NSString).expandingTildeInPath)
    }
    if task == .images, !images.path.isEmpty {
      settings.images = expandedImages
      settings.images.path = absolute(settings.images.path)
    }
    if task == .text, !text.path.isEmpty {
      settings.text = expandedText
      settings.text.path = absolute(settings.text.path)
      settings.text.testPath = settings.text.testPath.map(absolute)
      settings.text.tokenizer = settings.text.tokenizer.map(absolute)
    }
    return settings
  }
}
