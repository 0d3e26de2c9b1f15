import AdamQLR
import AdamQLRNetworks
import AdamQLRTorch
import Foundation
import Tasks

extension Settings {
  /// The settings for one of several ranks: the same in all but for the device.
  ///
  /// - Throws: `DistributedError` where another rank has others.
  func shared(in group: ProcessGroup) throws -> Settings {
    var hash = Fingerprint()
    hash.add(try withoutPlace.yaml)
    try group.requireAgreement(on: hash.value, "settings")
    var settings = self
    let local = group.local()
    // Sums depend on the number of threads to the last bit, so that it must be the same.
    let own = max((threads ?? Settings.usualThreads) / (threads == nil ? local.size : 1), 1)
    settings.threads = Int(group.gather([Double(own)]).map { $0[0] }.min() ?? 1)
    if device == .cuda() { settings.device = .cuda(local.rank) }
    return settings
  }

  /// The settings without what may differ from machine to machine: where data lie.
  private var withoutPlace: Settings {
    func name(_ path: String) -> String { (path as NSString).lastPathComponent }
    var settings = self
    settings.dataDirectory = nil
    settings.threads = nil
    settings.table.path = name(table.path)
    settings.table.testPath = table.testPath.map(name)
    settings.images.path = name(images.path)
    settings.text.path = name(text.path)
    settings.text.testPath = text.testPath.map(name)
    settings.text.tokenizer = text.tokenizer.map(name)
    settings.initialWeights = initialWeights.map(name)
    return settings
  }

  /// Makes sure that each rank has something to do in every step, and can do it.
  ///
  /// - Throws: ``SettingsError`` where that is not so.
  func requireWork(
    for group: ProcessGroup, in plan: BatchPlan, _ model: Model
  ) throws(SettingsError) {
    let smallest = plan.range(ofBatch: plan.batchCount - 1).count
    guard smallest / microBatches >= group.size else {
      throw SettingsError(
        "the smallest batch has \(smallest) examples"
          + (microBatches > 1 ? " in \(microBatches) micro-batches" : "")
          + ", too few for \(group.size) ranks: batch-size is that of all ranks together")
    }
    if method.model.curvature.matrix == .hessian, model.statisticsLayout.count > 0,
      microBatches == 1
    {
      throw SettingsError(
        "the Hessian matrix (learning-rate.curvature) of a model with batch normalization cannot be "
          + "divided among ranks; micro-batches or the Fisher matrix can")
    }
  }
}

extension Problem {
  /// A hash of the numbers of examples, and of the first of those that train.
  var fingerprint: UInt64 {
    var hash = Fingerprint()
    for part in [training, validation, test] { hash.add(UInt64(part?.count ?? 0)) }
    let first = training.rows(0..<min(training.count, 64))
    hash.add(first.inputs.fingerprint)
    hash.add(first.targets.fingerprint)
    return hash.value
  }
}

extension Trainer {
  /// The number of examples of a step's batch that this rank has, at most.
  public var examplesPerRank: Int {
    let size = fit.batches.size(ofStep: 0)
    return group.map { ExampleRange(0..<size).divided(into: $0.size)[$0.rank].count } ?? size
  }

  /// The next thing that happens; `nil` at the end of the run, and where `goesOn` says no: of several
  /// ranks one that says so stops all, after the same step.
  mutating func next(while goesOn: (Trainer) -> Bool) throws -> TrainingEvent? {
    if !goesOn(self) {
      guard let group else { return nil }
      group.stop()
    }
    return group?.isStopping ?? false ? nil : try next()
  }

  /// What came of the run so far, with how good predictions are.
  mutating func finalSummary() -> TrainingSummary {
    prepareWeights()
    var summary = summary()
    summary.metrics = finalMetrics()
    return summary
  }
}

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
