import Files
import AdamQLR
import Foundation
import AdamQLRNetworks
import Tasks
import AdamQLRTorch

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
  /// The weights with the lowest validation loss of any evaluation so far, of equals the first; `nil`
  /// before, and where there are no validation examples.
  public private(set) var best: Weights?

  /// The ranks that divide the work among them; `nil`: there is one process.
  public let group: ProcessGroup?

  /// Why the initial weights could not be read.
  let initialWeightsError: FileError?
  /// What of the initial weights was not read from their file, in a line each.
  private var initialNotes: [String]
  private let heldBackBatches: BatchStream?
  var fit: Fit<BatchStream>
  private var progress = Progress()

  /// Reads the data and draws the initial parameters.
  ///
  /// - Parameters:
  ///   - settings: What the run does.
  ///   - group: The ranks that divide the work among them, each of which has a trainer with these
  ///     settings. Default: there is one process.
  /// - Throws: ``SettingsError`` where settings do not go together or the device cannot be used,
  ///   `DataError` where data cannot be read, and `DistributedError` where another rank does something
  ///   else.
  public init(_ settings: Settings, group: ProcessGroup? = nil) throws {
    try self.init(settings, group: group, resumes: false)
  }

  /// - Parameter resumes: Whether a checkpoint may follow, so that initial weights that cannot be read
  ///   are no error yet.
  init(_ given: Settings, group: ProcessGroup?, resumes: Bool) throws {
    let settings = try group.map(given.shared) ?? given
    guard settings.microBatches <= settings.batchSize else {
      throw SettingsError(
        "micro-batches is \(settings.microBatches), but a batch has only \(settings.batchSize) "
          + "examples (batch-size) to divide")
    }
    try settings.prepareEngine()
    let device = settings.device
    var problem = try settings.makeProblem().placed(on: device, products: settings.products)
    problem.model.frozen = try settings.frozenNames(of: problem.model)
    self.settings = settings
    self.group = group
    self.problem = problem
    let plan = BatchPlan(
      exampleCount: problem.training.count, batchSize: settings.batchSize,
      seed: UInt64(settings.seed))
    let totalSteps = settings.totalSteps(stepsPerEpoch: plan.batchCount)
    if let group { try settings.requireWork(for: group, in: plan, problem.model) }
    /// Batches from another shuffle.
    func shuffled(_ stream: String, size: Int? = nil) -> BatchStream {
      let plan = BatchPlan(
        exampleCount: problem.training.count, batchSize: size ?? settings.batchSize,
        seed: UInt64(settings.seed), stream: stream)
      return BatchStream(problem.training, plan, stepCount: totalSteps)
    }
    heldBackBatches = settings.measuresHeldBack ? shuffled("held-back-batches") : nil
    // Of the size that normalization sees in a step.
    let size = min(
      max(settings.batchSize / settings.microBatches, 1),
      StatisticsBatches<BatchStream>.exampleLimit)
    let statisticsBatches =
      problem.model.statisticsLayout.count > 0
      ? StatisticsBatches(shuffled("statistics-batches", size: size), size: size) : nil
    var method = settings.method
    // What does not move does not shrink either.
    method.weightDecay.excludedNames.formUnion(problem.model.frozen)
    do {
      fit = try Fit(
        problem.model, problem.loss, method,
        on: BatchStream(problem.training, plan, stepCount: totalSteps), totalSteps: totalSteps,
        seed: UInt64(settings.seed), type: settings.precision.type, device: device,
        microBatches: settings.microBatches, group: group,
        independentBatches: settings.method.model.batch == .independent
          ? shuffled("independent-batches") : nil,
        statisticsBatches: statisticsBatches)
    } catch {
      throw SettingsError("\(error)")
    }
    do throws(FileError) {
      initialNotes = try settings.readInitialWeights(into: &fit)
      initialWeightsError = nil
    } catch {
      (initialNotes, initialWeightsError) = ([], error)
      if !resumes { throw error }
    }
    if let group {
      try requireSameData(in: group)
      if !resumes { try requireSameWeights("to start from") }
      if let reason = group.prepare(for: device) {
        initialNotes.append("sums over ranks go by the processor's memory: \(reason)")
      }
    }
    if let patience = settings.patience, problem.validation == nil {
      throw SettingsError(
        "early-stopping.patience is \(patience), but there are no validation examples to judge by")
    }
  }

  /// The next thing that happens; `nil` at the end of the run.
  ///
  /// - Throws: What a step throws; everything is then as it was.
  public mutating func next() throws -> TrainingEvent? {
    if let last = progress.unevaluated { return .epoch(try evaluate(after: last)) }
    if isOver { return nil }
    let heldBackLoss = makeHeldBackLoss()
    let before = heldBackLoss?(parameters)
    let clock = ContinuousClock()
    let start = clock.now
    var report = try fit.trainStep()
    progress.step = fit.step
    progress.seconds += (clock.now - start).seconds
    if let group, settings.seconds != nil {
      // By one clock.
      progress.seconds = group.sum([], [group.rank == 0 ? progress.seconds : 0])[0]
    }
    if let before, let heldBackLoss { report.heldBackChange = heldBackLoss(parameters) - before }
    progress.note(
      report, count: fit.batches.size(ofStep: step - 1),
      factor: settings.divergenceFactor)
    if step % (stepsPerEpoch * settings.evaluationInterval) == 0 || isOver {
      progress.unevaluated = report
    }
    return progress.divergence.map { .diverged(report, $0) } ?? .step(report)
  }

  /// What came of the run so far.
  public func summary() -> TrainingSummary {
    let score = makeScore(of: learnedWeights)
    let training = score(problem.training)
    return TrainingSummary(
      training: training, validation: problem.validation.map(score),
      test: problem.test.map(score), steps: step,
      seconds: progress.seconds, isComplete: isOver, divergence: progress.divergence,
      events: progress.events, curve: curve, best: bestScores(lastTraining: training),
      earlyStop: earlyStop)
  }

  /// How good predictions are at the end, with the weights that the settings say.
  public func finalMetrics() -> FinalMetrics? {
    let kept = settings.weights == .best ? best : nil
    let part: FinalMetrics.Part =
      problem.test != nil ? .test : problem.validation != nil ? .validation : .training
    let examples = problem.test ?? problem.validation ?? problem.training
    return problem.metrics(examples, at: kept ?? learnedWeights).map {
      FinalMetrics(part: part, weights: kept == nil ? .last : .best, values: $0)
    }
  }

  /// The scores of the best weights.
  ///
  /// - Parameter lastTraining: That of the last weights on the training examples.
  private func bestScores(lastTraining: Score) -> BestScores? {
    guard let best, let lowest = curve.lowest, let validation = lowest.validation else {
      return nil
    }
    return BestScores(
      epoch: lowest.epoch, step: lowest.step,
      training: best.step == step ? lastTraining : makeScore(of: best)(problem.training),
      validation: validation, test: lowest.test)
  }

  /// Scores weights on some examples.
  private func makeScore(of weights: Weights) -> (ExampleSet) -> Score {
    { [problem, group] in
      problem.evaluate(
        $0, at: weights.parameters, statistics: weights.statistics, group: group)
    }
  }

  private mutating func evaluate(after last: StepReport) throws -> EpochReport {
    try requireSameWeights("after step \(step)")
    fit.prepareWeights()
    let weights = learnedWeights
    let score = makeScore(of: weights)
    var report = EpochReport(
      number: (step - 1) / stepsPerEpoch + 1, step: step, trainingLoss: progress.meanLoss,
      validation: problem.validation.map(score), test: problem.test.map(score), last: last,
      seconds: progress.seconds)
    progress.note(LearningCurve.Evaluation(report))
    report.isLowest = curve.lowest != nil && curve.countSinceLowest == 0
    if report.isLowest { best = weights }
    report.earlyStop = earlyStop
    return report
  }

  /// The loss on this step's held-back batch as a function of the parameters.
  private func makeHeldBackLoss() -> ((FlatVector) -> Double)? {
    heldBackBatches.map { fit.loss(onBatchOf: $0) }
  }
}

extension Trainer {
  /// The number of steps made.
  public var step: Int { progress.step }

  /// The time of all steps made, in seconds.
  public var seconds: Double { progress.seconds }

  /// The evaluations so far.
  public var curve: LearningCurve { progress.curve }

  /// The number of steps in all; `nil` where only the time is given.
  public var totalSteps: Int? { fit.totalSteps }

  /// The parameters that steps are made from.
  public var parameters: FlatVector { fit.parameters }

  /// The running statistics that steps move.
  public var statistics: FlatVector { fit.statistics }

  /// What was learned so far (``Fit/weights``).
  public var learnedWeights: Weights { fit.weights }

  /// Makes what belongs to the learned weights, so that it need not be made at each use.
  mutating func prepareWeights() { fit.prepareWeights() }

  /// What is worth knowing before the first step, in a line each.
  public var notes: [String] {
    guard settings.microBatches > 1, problem.model.statisticsLayout.count > 0 else {
      return problem.notes + initialNotes
    }
    return problem.notes + initialNotes + [
      "with micro-batches, batch normalization uses the statistics of each part of a batch, so steps "
        + "differ from those with whole batches"
    ]
  }

  /// The number of steps in an epoch.
  public var stepsPerEpoch: Int { fit.batches.batchCount }

  /// Whether no step follows.
  public var isOver: Bool {
    progress.divergence != nil || step >= totalSteps ?? .max || earlyStop != nil
      || progress.seconds >= settings.seconds ?? .infinity
  }

  /// Whether λ is part of the method.
  public var isDamped: Bool {
    !(fit.method.damping is NoDamping)
  }

  /// Everything but the learned parameters and the running statistics that a step changes.
  public struct State: Codable, Sendable {
    var progress: Progress
    var optimizer: OptimizerState<FlatVector>
    /// The parameters that steps are made from; `nil` where they are the learned ones.
    var trainingPoint: FlatVector?
    /// The running statistics that steps move; `nil` where they belong to the learned parameters, and
    /// where there are none.
    var trainingStatistics: FlatVector?
  }

  /// Everything but the learned parameters and the running statistics that a step changes.
  public var state: State {
    let state = fit.state
    return State(
      progress: progress, optimizer: state.optimizer, trainingPoint: state.trainingPoint,
      trainingStatistics: state.trainingStatistics)
  }

  /// Goes on from a saved state.
  ///
  /// - Parameters:
  ///   - state: The state.
  ///   - learned: The learned weights that belong to it.
  ///   - best: Those with the lowest validation loss, where there are any.
  ///   - path: The file, for errors.
  /// - Throws: ``FileError`` where it is not one of a run with these settings.
  mutating func restore(
    _ state: State, _ learned: Weights, best: Weights?, path: String
  ) throws(FileError) {
    guard best?.step == state.progress.curve.lowest?.step else {
      throw FileError(path, "the checkpoint is damaged: its best weights are of another step")
    }
    let saved = Fit<BatchStream>.State(
      optimizer: state.optimizer, trainingPoint: state.trainingPoint,
      trainingStatistics: state.trainingStatistics)
    guard state.optimizer.step == state.progress.step, fit.restore(saved, learned) else {
      throw FileError(path, "this is the state of a run with other settings")
    }
    self.best = best
    progress = state.progress
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
