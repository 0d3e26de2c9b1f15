import AdamQLR
import AdamQLRTorch
import Requirements

/// The training of a model on mini-batches, step by step.
///
///     let batches = MiniBatches(inputs: x, targets: labels, batchSize: 32)
///     var fit = try Fit(model, SoftmaxCrossEntropy(), on: batches, epochs: 20)
///     while !fit.isOver {
///       let loss = try fit.trainEpoch()
///       print(fit.epoch, loss, fit.score(on: validation).accuracy ?? 0)
///     }
///     try fit.save(to: "digits.safetensors")
///
/// Each step has a seed of its own, from which dropout's masks follow; running statistics move with
/// steps that are taken, and belong to what was learned wherever that is asked for. Model, loss,
/// method, batches and seed determine everything.
public struct Fit<Batches: BatchSource> {
  /// The model.
  public let model: Model
  /// The loss.
  public let loss: any Loss
  /// Where batches come from.
  public let batches: Batches
  /// The number of steps in all; `nil`: no end.
  public let totalSteps: Int?
  /// The parameters that steps are made from.
  public private(set) var parameters: FlatVector
  /// The running statistics that steps move.
  public private(set) var statistics: FlatVector
  /// The number of steps made.
  public private(set) var step = 0

  private var optimizer: Optimizer<FlatVector>
  private let microBatches: Int
  private let group: ProcessGroup?
  private let independentBatches: Batches?
  private let statisticsBatches: StatisticsBatches<Batches>?
  // What is random in a step follows from this plus its number.
  private let stepSeeds: UInt64
  // Those at the learned point, as far as they have been made, with the step that they are of.
  private var knownStatistics: (step: Int, statistics: FlatVector)?

  /// Draws the initial parameters.
  ///
  /// - Parameters:
  ///   - model: The model.
  ///   - loss: The loss of its outputs.
  ///   - method: How steps are made. Default: AdamQLR, with nothing to choose. It is resolved here for
  ///     the number of batches and of steps.
  ///   - batches: Where batches come from.
  ///   - totalSteps: The number of steps; `nil`: no end, and no schedule knows one.
  ///   - seed: What initial parameters and all that is random follow from. Default 0.
  ///   - type: The type of all vectors. Default float32.
  ///   - device: Where steps are made. Default: the processor.
  ///   - microBatches: In how many parts a batch is taken, for less memory
  ///     (``MicroBatchedObjective``). Default 1.
  ///   - group: The ranks that divide each batch among them (``DataParallelObjective``), all of which
  ///     make this same training. Default: there is one process.
  ///   - independentBatches: Where the second batch comes from of a method that measures on one.
  ///   - statisticsBatches: Over which running statistics are taken at an average of parameters.
  ///     Default: the first batches, of at most ``StatisticsBatches/exampleLimit`` examples.
  /// - Throws: `OptimizerError` where the method cannot train these parameters.
  public init(
    _ model: Model, _ loss: any Loss, _ method: Method = .adamQLR(), on batches: Batches,
    totalSteps: Int?, seed: UInt64 = 0, type: DataType = .float32, device: Device = .cpu,
    microBatches: Int = 1, group: ProcessGroup? = nil, independentBatches: Batches? = nil,
    statisticsBatches: StatisticsBatches<Batches>? = nil
  ) throws(OptimizerError) {
    self.model = model
    self.loss = loss
    self.batches = batches
    self.totalSteps = totalSteps
    self.microBatches = microBatches
    self.group = group
    self.independentBatches = independentBatches
    if model.statisticsLayout.count > 0 {
      self.statisticsBatches =
        statisticsBatches ?? StatisticsBatches(batches, size: batches.size(ofStep: 0))
    } else {
      self.statisticsBatches = nil
    }
    let method = method.resolved(
      for: RunShape(batchesPerEpoch: batches.batchCount, totalSteps: totalSteps, seed: seed))
    var generator = SeededGenerator(seed: seed, stream: "parameters")
    parameters = model.initialParameters(using: &generator, type).to(device)
    statistics = model.initialStatistics(type).to(device)
    optimizer = try Optimizer(method, for: parameters, layout: model.layout)
    var steps = SeededGenerator(seed: seed, stream: "steps")
    stepSeeds = steps.next()
    group?.prepare(for: device)
  }

  /// As ``init(_:_:_:on:totalSteps:seed:type:device:microBatches:group:independentBatches:statisticsBatches:)``,
  /// with the length in epochs.
  public init(
    _ model: Model, _ loss: any Loss, _ method: Method = .adamQLR(), on batches: Batches,
    epochs: Int, seed: UInt64 = 0, type: DataType = .float32, device: Device = .cpu
  ) throws(OptimizerError) {
    try self.init(
      model, loss, method, on: batches, totalSteps: epochs * batches.batchCount, seed: seed,
      type: type, device: device)
  }

  /// Starts from other weights than those that were drawn, as if no step had been made.
  ///
  /// - Precondition: They are of this model and type.
  /// - Throws: `OptimizerError` where the method cannot train them.
  public mutating func start(from weights: Weights) throws(OptimizerError) {
    require(
      weights.parameters.count == parameters.count && weights.parameters.type == parameters.type
        && weights.statistics.count == statistics.count,
      "weights of another model or type")
    parameters = weights.parameters.to(parameters.device)
    statistics = weights.statistics.to(statistics.device)
    step = 0
    knownStatistics = nil
    optimizer = try Optimizer(optimizer.method, for: parameters, layout: model.layout)
  }

  /// The method, resolved for this run.
  public var method: Method { optimizer.method }

  /// The number of whole epochs made.
  public var epoch: Int { step / batches.batchCount }

  /// Whether all steps are made.
  public var isOver: Bool { step >= totalSteps ?? .max }

  /// Makes one step.
  ///
  /// - Returns: What happened.
  /// - Throws: What `Optimizer.step` throws; everything is then as it was.
  @discardableResult
  public mutating func trainStep() throws -> StepReport {
    let own = objective(of: batches)
    let independent = independentBatches.map { objective(of: $0) }
    let parts = microBatches
    if group != nil {
      return try makeStep(own, independent) { DataParallelObjective($0, parts: parts) }
    }
    return parts == 1
      ? try makeStep(own, independent) { $0 }
      : try makeStep(own, independent) { MicroBatchedObjective($0, parts: parts) }
  }

  private mutating func makeStep<O: BatchObjective>(
    _ own: NetworkObjective, _ independent: NetworkObjective?, _ wrap: (NetworkObjective) -> O
  ) throws -> StepReport {
    let objective = wrap(own)
    let report = try optimizer.step(
      &parameters, on: objective, independent: independent.map(wrap))
    if report.isTaken { objective.updateStatistics(&statistics) }
    step += 1
    return report
  }

  /// Makes steps up to the end of the epoch, or of the run.
  ///
  /// - Returns: The mean loss of these steps' batches before each step, each example with the same
  ///   weight; `nil` where the run is over.
  /// - Throws: As ``trainStep()``.
  @discardableResult
  public mutating func trainEpoch() throws -> Double? {
    var (sum, count) = (0.0, 0)
    while !isOver {
      let size = batches.size(ofStep: step)
      sum += try trainStep().loss * Double(size)
      count += size
      if step.isMultiple(of: batches.batchCount) { break }
    }
    return count > 0 ? sum / Double(count) : nil
  }

  /// The loss on the batch that a source has for the present step, as a function of the parameters.
  public func loss(onBatchOf source: Batches) -> (FlatVector) -> Double {
    let own = objective(of: source)
    let objective: any BatchObjective =
      if group != nil {
        DataParallelObjective(own, parts: microBatches)
      } else if microBatches > 1 {
        MicroBatchedObjective(own, parts: microBatches)
      } else {
        own
      }
    return { objective.loss(at: $0) }
  }

  /// The loss on the batch that a source has for the present step, or on this rank's share of it.
  private func objective(of source: Batches) -> NetworkObjective {
    var batch: Batch
    var share: BatchShare?
    if let group {
      (batch, share) = source.share(ofStep: step, in: group)
    } else {
      batch = source.batch(ofStep: step)
    }
    batch = batch.to(parameters.device)
    return NetworkObjective(
      model, loss, inputs: batch.inputs, targets: batch.targets, seed: stepSeeds &+ UInt64(step),
      share: share)
  }
}

// MARK: - What was learned

extension Fit {
  /// Whether what was learned is apart from the parameters that steps are made from.
  private var learnedPoint: FlatVector? { optimizer.evaluationPoint(for: parameters) }

  /// What was learned so far, to judge and to use: an average of the parameters where the method asks
  /// for one, else the parameters; with the running statistics that belong to them, those that steps
  /// have moved, or the means of what ``StatisticsBatches`` show at an average.
  public var weights: Weights {
    guard let point = learnedPoint else {
      return Weights(step: step, parameters: parameters, statistics: statistics)
    }
    let known = knownStatistics.flatMap { $0.step == step ? $0.statistics : nil }
    return Weights(
      step: step, parameters: point,
      statistics: known ?? statisticsBatches?.statistics(of: model, at: point) ?? statistics)
  }

  /// Makes the running statistics of ``weights``, so that they need not be made at each use of what
  /// was learned up to this step.
  public mutating func prepareWeights() {
    guard statisticsBatches != nil, knownStatistics?.step != step else { return }
    knownStatistics = (step, weights.statistics)
  }

  /// The loss on some examples, and the share of classes that are predicted right, of what was
  /// learned, as it is used: with running statistics and without dropout.
  public func score(on examples: Batch) -> Score {
    model.score(loss, on: examples.count, at: weights, examples.rows)
  }

  /// The model's outputs for these inputs, of what was learned, as it is used.
  public func outputs(for inputs: Tensor) -> Tensor {
    let weights = weights
    return model(
      inputs.to(parameters.device), at: weights.parameters, statistics: weights.statistics)
  }
}

// MARK: - Going on later

extension Fit {
  /// Everything but ``weights`` that a step changes.
  public struct State: Codable, Sendable {
    /// The optimizer's.
    public var optimizer: OptimizerState<FlatVector>
    /// The parameters that steps are made from; `nil` where they are the learned ones.
    public var trainingPoint: FlatVector?
    /// The running statistics that steps move; `nil` where they belong to the learned parameters, and
    /// where there are none.
    public var trainingStatistics: FlatVector?

    /// Collects them.
    public init(
      optimizer: OptimizerState<FlatVector>, trainingPoint: FlatVector?,
      trainingStatistics: FlatVector?
    ) {
      self.optimizer = optimizer
      self.trainingPoint = trainingPoint
      self.trainingStatistics = trainingStatistics
    }
  }

  /// Everything but ``weights`` that a step changes.
  public var state: State {
    let isApart = learnedPoint != nil
    return State(
      optimizer: optimizer.state, trainingPoint: isApart ? parameters : nil,
      trainingStatistics: isApart && statisticsBatches != nil ? statistics : nil)
  }

  /// Goes on from a state.
  ///
  /// - Parameters:
  ///   - state: The state.
  ///   - weights: What was learned up to it.
  /// - Returns: Whether it is one of such a run; nothing changes where it is not.
  public mutating func restore(_ state: State, _ weights: Weights) -> Bool {
    let (saved, own) = (state.optimizer, optimizer.state)
    guard let adopted = saved.adopting(optimizer.method),
      optimizer.method.direction.accepts(saved.direction, inPlaceOf: own.direction),
      (saved.direction.vectors
        + [
          saved.previousDirection, saved.velocity, saved.average, state.trainingPoint,
          state.trainingStatistics,
        ].compactMap { $0 })
        .allSatisfy({ $0.type == parameters.type && $0.device == parameters.device }),
      state.trainingPoint?.count ?? parameters.count == parameters.count,
      state.trainingStatistics?.count ?? statistics.count == statistics.count,
      saved.previousDirection?.count == own.previousDirection?.count,
      saved.velocity?.count == own.velocity?.count,
      saved.average?.count == own.average?.count,
      saved.step == weights.step, saved.step >= 0
    else { return false }
    parameters = state.trainingPoint ?? weights.parameters
    statistics = state.trainingStatistics ?? weights.statistics
    step = weights.step
    knownStatistics = nil
    optimizer.state = adopted
    return true
  }
}
