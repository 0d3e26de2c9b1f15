import Files
import AdamQLR
import Foundation
import AdamQLRNetworks
import Requirements
import Tasks
import AdamQLRTorch
import Training

/// Measures the time of one step on a batch that stays the same.
///
/// The batch is in memory beforehand. A network fits a small batch exactly after a few dozen steps,
/// and then makes steps of another kind; so the run starts anew every ``stepsPerRun`` steps, outside
/// the time that counts. The first run does not count.
///
/// What a method does every few steps only, such as an evaluation of the loss to adapt λ or an inverse
/// of factors, is in some steps and not in others. A run therefore has whole intervals of such work
/// (``Method/stepInterval``), so that the mean of its steps is the time that a step costs.
public struct StepBenchmark {
  /// The number of steps after which the run starts anew; of a method whose intervals do not divide it,
  /// the next number that they do.
  public static let stepsPerRun = 30

  /// The least number of steps that are made before the time that counts, and within it.
  static func leastStepCount(ofRun run: Int) -> Int { run == 0 ? 3 : 8 }

  /// The number of steps after which the method's work repeats.
  public let interval: Int

  private let method: Method
  private let runLength: Int
  private let microBatches: Int
  private let problem: Problem
  private let batch: Batch
  private let seed: UInt64
  private let type: DataType
  private let device: Device

  /// Prepares the measurement.
  ///
  /// - Parameters:
  ///   - settings: Task, batch size, method and precision.
  ///   - usesRandomData: Whether to draw data of the task's shape instead of reading it.
  /// - Throws: `SettingsError`, `ModelError` and `DataError`.
  public init(_ settings: Settings, usesRandomData: Bool) throws {
    try settings.prepareEngine()
    type = settings.precision == .double ? .float64 : .float32
    seed = UInt64(settings.seed)
    device = settings.device
    if usesRandomData {
      guard let shape = settings.problemShape else {
        throw SettingsError(
          settings.task == .table
            || settings.task == .text || settings.task == .images
            ? "the shape of the task '\(settings.task.rawValue)' depends on its file, so no random "
              + "data can stand for it"
            : "\(settings.task.rawValue) has no examples, so none to draw at random")
      }
      problem = try Problem(
        randomLike: settings.task, shape, model: settings.model, count: settings.batchSize,
        seed: seed, type
      ).placed(on: settings.device, products: settings.products)
    } else {
      problem = try settings.makeProblem().placed(
        on: settings.device, products: settings.products)
    }
    batch = problem.training.rows(0..<min(settings.batchSize, problem.training.count))
      .to(settings.device)
    microBatches = settings.microBatches
    interval = settings.method.stepInterval
    runLength = (Self.stepsPerRun + interval - 1) / interval * interval
    // Some heuristics cost nothing where one batch has all data, and curvature is measured in every
    // step where an epoch has few; a step is timed as in an epoch of many.
    method = settings.method.resolved(
      for: RunShape(batchesPerEpoch: 100, totalSteps: runLength, seed: seed))
  }

  /// Drawn for each run: kept, they would count as memory of a step.
  private func initialParameters() -> FlatVector {
    var generator = SeededGenerator(seed: seed, stream: "parameters")
    return problem.model.initialParameters(using: &generator, type).to(device)
  }

  /// The number of examples in the batch.
  public var batchSize: Int { batch.count }

  /// Makes steps for about `seconds`, after some that do not count.
  ///
  /// - Throws: What a step throws.
  public func run(seconds: Double) throws -> StepTimes {
    let whole = NetworkObjective(
      problem.model, problem.loss, inputs: batch.inputs, targets: batch.targets)
    if microBatches > 1 {
      return try measure(MicroBatchedObjective(whole, parts: microBatches), seconds)
    }
    return try measure(whole, seconds)
  }

  private func measure(
    _ objective: some Objective<FlatVector>, _ seconds: Double
  ) throws -> StepTimes {
    let clock = ContinuousClock()
    var microseconds: [Double] = []
    let start = clock.now
    var run = 0
    repeat {
      let missing = Self.leastStepCount(ofRun: run) - microseconds.count
      let times = try self.run(objective, atLeast: missing, seconds)
      if run > 0 { microseconds += times }
      run += 1
    } while run < 2 || (clock.now - start).seconds < seconds
    return StepTimes(microseconds: microseconds)
  }

  /// Makes the steps of one run, and returns how many microseconds each took.
  ///
  /// Parameters and optimizer are made and released here: those of two runs together would be more
  /// memory than a step needs.
  private func run(
    _ objective: some Objective<FlatVector>, atLeast count: Int, _ seconds: Double
  ) throws -> [Double] {
    let independent = method.model.batch == .independent ? objective : nil
    var parameters = initialParameters()
    var optimizer = try Optimizer(method, for: parameters, layout: problem.model.layout)
    let clock = ContinuousClock()
    var microseconds: [Double] = []
    let start = clock.now
    for _ in 0..<runLength {
      let before = clock.now
      try optimizer.step(&parameters, on: objective, independent: independent)
      let now = clock.now
      microseconds.append(1e6 * (now - before).seconds)
      // Slow steps need no whole runs, but whole intervals.
      if microseconds.count >= count, microseconds.count.isMultiple(of: interval),
        (now - start).seconds >= seconds
      {
        break
      }
    }
    return microseconds
  }
}

/// The times of many steps.
public struct StepTimes: Sendable {
  private let sorted: [Double]
  /// The most memory that the process has had so far, in bytes, as the system counts it.
  public let peakBytes = Self.peakMemory()

  /// - Precondition: There is at least one.
  init(microseconds: [Double]) {
    require(!microseconds.isEmpty, "no step was timed")
    sorted = microseconds.sorted()
  }

  /// The number of steps.
  public var count: Int { sorted.count }

  /// The mean time of a step in microseconds.
  public var mean: Double { sorted.reduce(0, +) / Double(count) }

  /// The time that a share of the steps did not exceed, in microseconds; ½ for the median.
  public func quantile(_ share: Double) -> Double {
    sorted[min(Int(share * Double(count)), count - 1)]
  }
}

extension Method {
  /// The number of steps after which what is done every few steps only repeats: the least common
  /// multiple of the settings that say so, whose names end in `interval`.
  public var stepInterval: Int {
    Method.allSettings.reduce(1) { steps, setting in
      guard setting.name.hasSuffix("interval"), case .integer(let interval) = setting.value(self),
        interval > 1
      else { return steps }
      return steps / greatestCommonDivisor(steps, interval) * interval
    }
  }
}

private func greatestCommonDivisor(_ a: Int, _ b: Int) -> Int {
  b == 0 ? a : greatestCommonDivisor(b, a % b)
}

extension StepTimes {
  private static func peakMemory() -> Int {
    var usage = rusage()
    #if os(Linux)
      getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
      return usage.ru_maxrss * 1024
    #else
      getrusage(RUSAGE_SELF, &usage)
      return usage.ru_maxrss
    #endif
  }
}
