import AdamQLR
import Foundation
import Networks
import Tasks
import Torch

/// A training run: what its settings say, step by step.
///
///     var trainer = try Trainer(settings)
///     while let event = try trainer.next() {
///       if case .epoch(let epoch) = event { print(epoch.number, epoch.trainingLoss) }
///     }
///     print(trainer.summary().test?.loss)
///
/// Settings, parameters, running statistics and ``state`` determine all that follows.
public struct Trainer {
  /// The settings.
  public let settings: Settings
  /// What is learned.
  public let problem: Problem
  /// The number of steps in all; `nil` where only the time is given.
  public let totalSteps: Int?
  /// The parameters that steps are made from.
  public private(set) var parameters: FlatVector
  /// The model's running statistics.
  public private(set) var statistics: FlatVector

  private let batches: BatchStream
  private let independentBatches: BatchStream?
  private let heldBackBatches: BatchStream?
  private var optimizer: Optimizer<FlatVector>
  private var progress = Progress()
  // What is random in a step follows from this plus its number.
  private let stepSeeds: UInt64

  /// Reads the data and draws the initial parameters.
  ///
  /// - Throws: ``SettingsError`` where settings do not go together or the device cannot be used, and
  ///   `DataError` where data cannot be read.
  public init(_ settings: Settings) throws {
    guard settings.microBatches <= settings.batchSize else {
      throw SettingsError(
        "micro-batches is \(settings.microBatches), but a batch has only \(settings.batchSize) "
          + "examples (batch-size) to divide")
    }
    try settings.prepareEngine()
    let (type, device) = (settings.precision.type, settings.device)
    let problem = try settings.makeProblem().placed(on: device, products: settings.products)
    self.settings = settings
    self.problem = problem
    let plan = BatchPlan(
      exampleCount: problem.training.count, batchSize: settings.batchSize,
      seed: UInt64(settings.seed))
    let totalSteps = settings.totalSteps(stepsPerEpoch: plan.batchCount)
    self.totalSteps = totalSteps
    batches = BatchStream(problem.training, plan, stepCount: totalSteps)
    let method = settings.method.resolved(
      for: RunShape(
        batchesPerEpoch: plan.batchCount, totalSteps: totalSteps, seed: UInt64(settings.seed)))
    /// Batches from another shuffle.
    func shuffled(_ stream: String) -> BatchStream {
      let plan = BatchPlan(
        exampleCount: problem.training.count, batchSize: settings.batchSize,
        seed: UInt64(settings.seed), stream: stream)
      return BatchStream(problem.training, plan, stepCount: totalSteps)
    }
    independentBatches =
      method.measuredOn == .independent ? shuffled("independent-batches") : nil
    heldBackBatches = settings.measuresHeldBack ? shuffled("held-back-batches") : nil
    var generator = SeededGenerator(seed: UInt64(settings.seed), stream: "parameters")
    parameters = problem.model.initialParameters(using: &generator, type).to(device)
    statistics = problem.model.initialStatistics(type).to(device)
    do {
      optimizer = try Optimizer(method, for: parameters, layout: problem.model.layout)
    } catch {
      throw SettingsError("\(error)")
    }
    var steps = SeededGenerator(seed: UInt64(settings.seed), stream: "steps")
    stepSeeds = steps.next()
  }

  /// The next thing that happens; `nil` at the end of the run.
  ///
  /// - Throws: What a step throws; everything is then as it was.
  public mutating func next() throws -> TrainingEvent? {
    if let last = progress.unevaluated { return .epoch(evaluate(after: last)) }
    if isOver { return nil }
    let heldBackLoss = makeHeldBackLoss()
    let before = heldBackLoss?(parameters)
    let clock = ContinuousClock()
    let start = clock.now
    var report = try makeStep()
    progress.seconds += (clock.now - start).seconds
    if let before, let heldBackLoss { report.heldBackChange = heldBackLoss(parameters) - before }
    progress.note(
      report, count: batches.size(ofStep: step - 1),
      factor: settings.divergenceFactor)
    if step % (stepsPerEpoch * settings.evaluationInterval) == 0 || isOver {
      progress.unevaluated = report
    }
    return progress.divergence.map { .diverged(report, $0) } ?? .step(report)
  }

  /// What came of the run so far.
  public func summary() -> TrainingSummary {
    let score = makeScore()
    return TrainingSummary(
      training: score(problem.training), validation: problem.validation.map(score),
      test: problem.test.map(score), steps: step,
      seconds: progress.seconds, isComplete: isOver, divergence: progress.divergence,
      events: progress.events)
  }

  /// Scores the learned parameters on some examples.
  private func makeScore() -> (ExampleSet) -> Score {
    let (problem, parameters, statistics) = (problem, learnedParameters, statistics)
    return { problem.evaluate($0, at: parameters, statistics: statistics) }
  }

  private mutating func makeStep() throws -> StepReport {
    let seed = stepSeeds &+ UInt64(step)
    let whole = objective(on: batches.batch(ofStep: step), seed: seed)
    let independent = independentBatches.map {
      objective(on: $0.batch(ofStep: step), seed: seed)
    }
    let report: StepReport
    let parts = settings.microBatches
    if parts == 1 {
      report = try optimizer.step(&parameters, on: whole, independent: independent)
      if report.isTaken { whole.updateStatistics(&statistics) }
    } else {
      let divided = MicroBatchedObjective(whole, parts: parts)
      report = try optimizer.step(
        &parameters, on: divided,
        independent: independent.map { MicroBatchedObjective($0, parts: parts) })
      if report.isTaken { divided.updateStatistics(&statistics) }
    }
    progress.step += 1
    return report
  }

  private mutating func evaluate(after last: StepReport) -> EpochReport {
    let score = makeScore()
    let report = EpochReport(
      number: (step - 1) / stepsPerEpoch + 1, step: step, trainingLoss: progress.meanLoss,
      validation: problem.validation.map(score), test: problem.test.map(score), last: last,
      seconds: progress.seconds)
    progress.noteEvaluation()
    return report
  }

  /// The loss on this step's held-back batch as a function of the parameters.
  private func makeHeldBackLoss() -> ((FlatVector) -> Double)? {
    guard let heldBackBatches else { return nil }
    let whole = objective(
      on: heldBackBatches.batch(ofStep: step), seed: stepSeeds &+ UInt64(step))
    guard settings.microBatches > 1 else { return { whole.evaluate(at: $0).loss } }
    let divided = MicroBatchedObjective(whole, parts: settings.microBatches)
      .linearize(at: parameters)
    return { divided.loss(at: $0, offset: nil) }
  }

  /// The loss on one batch, on the device.
  private func objective(on batch: ExampleTensors, seed: UInt64) -> NetworkObjective {
    let batch = batch.to(settings.device)
    return NetworkObjective(
      problem.model, problem.loss, inputs: batch.inputs, targets: batch.targets, seed: seed)
  }
}

extension Trainer {
  /// The number of steps made.
  public var step: Int { progress.step }

  /// The time of all steps made, in seconds.
  public var seconds: Double { progress.seconds }

  /// The parameters to judge and to use: an average of those that steps were made from where the
  /// method asks for one, else these.
  public var learnedParameters: FlatVector {
    optimizer.evaluationPoint(for: parameters) ?? parameters
  }

  /// What is worth knowing before the first step, in a line each.
  public var notes: [String] {
    guard settings.microBatches > 1, problem.model.statisticsLayout.count > 0 else {
      return problem.notes
    }
    return problem.notes + [
      "with micro-batches, batch normalization uses the statistics of each part of a batch, so steps "
        + "differ from those with whole batches"
    ]
  }

  /// The number of steps in an epoch.
  public var stepsPerEpoch: Int { batches.plan.batchCount }

  /// Whether no step follows.
  public var isOver: Bool {
    progress.divergence != nil || step >= totalSteps ?? .max
      || progress.seconds >= settings.seconds ?? .infinity
  }

  /// Whether λ is part of the method.
  public var isDamped: Bool {
    !(optimizer.method.damping is NoDamping)
  }

  /// Everything but the learned parameters and the running statistics that a step changes.
  public struct State: Codable, Sendable {
    var progress: Progress
    var optimizer: OptimizerState<FlatVector>
    /// The parameters that steps are made from; `nil` where they are the learned ones.
    var trainingPoint: FlatVector?
  }

  /// Everything but the learned parameters and the running statistics that a step changes.
  public var state: State {
    State(
      progress: progress, optimizer: optimizer.state,
      trainingPoint: optimizer.evaluationPoint(for: parameters).map { _ in parameters })
  }

  /// Goes on from a saved state.
  ///
  /// - Parameters:
  ///   - state: The state.
  ///   - parameters: The learned parameters that belong to it.
  ///   - statistics: The running statistics that belong to it.
  ///   - path: The file, for errors.
  /// - Throws: ``FileError`` where it is not one of a run with these settings.
  mutating func restore(
    _ state: State, _ parameters: FlatVector, _ statistics: FlatVector, path: String
  ) throws(FileError) {
    let (saved, own) = (state.optimizer, optimizer.state)
    guard let adopted = saved.adopting(optimizer.method),
      optimizer.method.direction.accepts(saved.direction, inPlaceOf: own.direction),
      (saved.direction.vectors
        + [saved.previousDirection, saved.velocity, state.trainingPoint].compactMap { $0 })
        .allSatisfy({ $0.type == parameters.type && $0.device == parameters.device }),
      state.trainingPoint?.count ?? parameters.count == parameters.count,
      saved.previousDirection?.count == own.previousDirection?.count,
      saved.velocity?.count == own.velocity?.count,
      saved.step == state.progress.step, saved.step >= 0
    else { throw FileError(path, "this is the state of a run with other settings") }
    self.parameters = state.trainingPoint ?? parameters
    self.statistics = statistics
    progress = state.progress
    optimizer.state = adopted
  }
}

extension Duration {
  /// The duration in seconds.
  public var seconds: Double {
    Double(components.seconds) + 1e-18 * Double(components.attoseconds)
  }
}

extension Settings {
  /// The directory of the data sets after all defaults.
  public var directory: String {
    DataDirectory.path(dataDirectory)
  }

  fileprivate func totalSteps(stepsPerEpoch: Int) -> Int? {
    if let steps { return steps }
    if epochs == nil, seconds != nil { return nil }
    return (epochs ?? defaultEpochs) * stepsPerEpoch
  }
}

extension Settings.Precision {
  /// The type of all vectors.
  var type: DataType {
    switch self {
    case .float: .float32
    case .double: .float64
    }
  }
}
