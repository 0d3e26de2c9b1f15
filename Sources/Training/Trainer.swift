import AdamQLR
import Foundation
import Networks
import Tasks
import Torch

/// A training run: what its settings say, step by step.
///
///     var trainer = try Trainer(settings)
///     let summary = try trainer.run { event in
///       if case .epoch(let epoch) = event { print(epoch.number, epoch.trainingLoss) }
///       return .goOn
///     }
public struct Trainer {
  /// The settings.
  public let settings: Settings
  /// What is learned.
  public let problem: Problem
  /// The number of steps in all.
  public let totalSteps: Int
  /// The number of steps in an epoch.
  public var stepsPerEpoch: Int { plan.batchCount }
  /// The number of steps made.
  public private(set) var step = 0
  /// Whether λ is part of the method.
  public var isDamped: Bool {
    if case .none = optimizer.method.damping { return false }
    return true
  }
  /// The parameters.
  public private(set) var parameters: FlatVector

  private let plan: BatchPlan
  private let independentPlan: BatchPlan?
  private var optimizer: Optimizer<FlatVector>
  private var order: EpochOrder?
  private var independentOrder: EpochOrder?

  /// Reads the data and draws the initial parameters.
  ///
  /// - Throws: ``SettingsError`` where settings do not go together, and `DataError` where data
  ///   cannot be read.
  public init(_ settings: Settings) throws {
    if let threads = settings.threads { Runtime.threadCount = threads }
    let type: DataType = settings.precision == .double ? .float64 : .float32
    let problem = try Problem(
      settings.task, network: settings.networkShape, dataDirectory: settings.directory,
      seed: UInt64(settings.seed), type)
    self.settings = settings
    self.problem = problem
    plan = BatchPlan(
      exampleCount: problem.training.count, batchSize: settings.batchSize,
      seed: UInt64(settings.seed))
    totalSteps =
      settings.steps ?? (settings.epochs ?? settings.defaultEpochs) * plan.batchCount
    if let text = settings.method.problem(totalSteps: totalSteps) { throw SettingsError(text) }
    let method = settings.method.makeMethod(totalSteps: totalSteps)
    independentPlan =
      settings.method.usesIndependentBatch
      ? BatchPlan(
        exampleCount: problem.training.count, batchSize: settings.batchSize,
        seed: UInt64(settings.seed), stream: "independent-batches") : nil
    if let unknown = method.weightDecay.excludedNames.sorted().first(where: {
      problem.model.layout[$0] == nil
    }) {
      let names = problem.model.layout.entries.map(\.name).joined(separator: ", ")
      throw SettingsError(
        "weight-decay.excluded-names: there is no parameter '\(unknown)'; there are \(names)")
    }
    var generator = SeededGenerator(seed: UInt64(settings.seed), stream: "parameters")
    parameters = problem.model.initialParameters(using: &generator, type)
    optimizer = Optimizer(method, for: parameters, layout: problem.model.layout)
  }

  /// Makes one step.
  @discardableResult
  public mutating func makeStep() throws -> StepReport {
    let (epoch, batch) = step.quotientAndRemainder(dividingBy: plan.batchCount)
    let objective = Self.objective(plan, epoch, batch, &order, problem)
    let independent = independentPlan.map {
      Self.objective($0, epoch, batch, &independentOrder, problem)
    }
    let report = try optimizer.step(&parameters, on: objective, independent: independent)
    step += 1
    return report
  }

  /// Goes on to the end, or until `observe` asks to stop, which it can after every step.
  ///
  /// - Parameter observe: Is told of everything that happens.
  /// - Returns: What came out.
  public mutating func run(_ observe: (TrainingEvent) throws -> Continuation) throws
    -> TrainingSummary
  {
    let clock = ContinuousClock()
    let start = clock.now
    var outside = Duration.zero
    var tally = EpochTally()
    var events: [String: Int] = [:]
    var continuation = Continuation.goOn
    while step < totalSteps, continuation == .goOn {
      let report = try makeStep()
      tally.add(report, count: batchCount(ofStep: step - 1))
      for name in report.events.names { events[name, default: 0] += 1 }
      continuation = try observe(.step(report))
      guard step % stepsPerEpoch == 0 || step == totalSteps || continuation == .stop else {
        continue
      }
      let pause = clock.now
      let epoch = EpochReport(
        number: (step - 1) / stepsPerEpoch + 1, step: step, trainingLoss: tally.meanLoss,
        validation: problem.validation.map { problem.evaluate($0, at: parameters) },
        last: report, seconds: (pause - start - outside).seconds)
      tally = EpochTally()
      if continuation == .goOn { continuation = try observe(.epoch(epoch)) }
      outside += clock.now - pause
    }
    let seconds = (clock.now - start - outside).seconds
    return TrainingSummary(
      training: problem.evaluate(problem.training, at: parameters),
      validation: problem.validation.map { problem.evaluate($0, at: parameters) },
      test: problem.test.map { problem.evaluate($0, at: parameters) }, steps: step,
      seconds: seconds, isComplete: step == totalSteps, events: events)
  }

  private func batchCount(ofStep step: Int) -> Int {
    plan.range(ofBatch: step % plan.batchCount).count
  }

  /// The loss on one batch; the whole set where that is the batch.
  private static func objective(
    _ plan: BatchPlan, _ epoch: Int, _ batch: Int, _ order: inout EpochOrder?, _ problem: Problem
  ) -> NetworkObjective {
    var examples = problem.training
    if plan.batchCount > 1 {
      if order?.epoch != epoch { order = EpochOrder(plan, epoch) }
      if let order { examples = examples.selecting(order.indices(of: plan.range(ofBatch: batch))) }
    }
    return NetworkObjective(
      problem.model, problem.loss, inputs: examples.inputs, targets: examples.targets)
  }
}

/// The order of the examples in one epoch.
private struct EpochOrder {
  let epoch: Int
  private let order: Tensor

  init(_ plan: BatchPlan, _ epoch: Int) {
    self.epoch = epoch
    order = Tensor(plan.order(ofEpoch: epoch).map(Int64.init))
  }

  func indices(of range: Range<Int>) -> Tensor {
    order.slice(from: range.lowerBound, shape: [range.count])
  }
}

/// The mean loss of an epoch's batches before each step, weighted by their sizes.
private struct EpochTally {
  private var sum = 0.0
  private var count = 0

  mutating func add(_ report: StepReport, count: Int) {
    sum += report.loss * Double(count)
    self.count += count
  }

  var meanLoss: Double { sum / Double(count) }
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
    dataDirectory ?? ProcessInfo.processInfo.environment["ADAMQLR_DATA"] ?? "."
  }
}
