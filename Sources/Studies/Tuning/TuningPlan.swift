import Files
import Training

/// What is run of a ``Tuning`` on one task: the trials of its searches, and, as far as searches are
/// over, the repetitions.
public struct TuningPlan: Sendable {
  /// A trial of a search.
  public struct Trial: Sendable {
    /// The optimizer's label.
    public let optimizer: String
    /// Its number, from 0.
    public let index: Int
    /// What was drawn.
    public let values: [SearchSpace.Value]
    /// What tells apart its settings.
    public let fingerprint: String
    /// Its settings.
    public let settings: Settings
  }

  /// The study.
  public let tuning: Tuning
  /// The task.
  public let task: Tuning.Task
  /// The optimizers that are run.
  public let optimizers: [Tuning.Optimizer]
  /// The trials of each optimizer that is searched, by its label.
  public let trials: [String: [Trial]]
  private let sweeps: [Tuning.Sweep]
  private let dataDirectory: String?
  private let threads: Int

  /// Makes the plan.
  ///
  /// - Parameters:
  ///   - tuning: The study.
  ///   - task: The task.
  ///   - labels: The labels of the optimizers that are run; `nil`: all.
  ///   - sweeps: The names of the sweeps that are made; `nil`: all.
  ///   - dataDirectory: The directory of all data sets; `nil`: the usual one.
  ///   - threads: The threads of a run.
  /// - Throws: `SettingsError` where drawn settings do not go together.
  public init(
    _ tuning: Tuning, _ task: Tuning.Task, optimizers labels: Set<String>? = nil,
    sweeps names: Set<String>? = nil, dataDirectory: String?, threads: Int
  ) throws {
    self.tuning = tuning
    self.task = task
    self.dataDirectory = dataDirectory
    self.threads = threads
    optimizers = tuning.optimizers(of: task).filter { labels?.contains($0.label) ?? true }
    sweeps = tuning.sweeps(of: task).filter { names?.contains($0.name) ?? true }
    var trials: [String: [Trial]] = [:]
    for optimizer in optimizers where optimizer.space != nil {
      trials[optimizer.label] = try (0..<task.sampleCount).map { index in
        let values = tuning.sample(index, of: optimizer, on: task)
        var settings = try tuning.settings(
          optimizer, on: task, values, seed: tuning.seed(ofTrial: index, of: optimizer, on: task),
          isTrial: true, dataDirectory: dataDirectory)
        settings.threads = threads
        return Trial(
          optimizer: optimizer.label, index: index, values: values,
          fingerprint: Self.fingerprint(of: settings, task, tuning), settings: settings)
      }
    }
    self.trials = trials
  }

  /// What tells apart trials: their settings, and what decides how far they go.
  private static func fingerprint(
    of settings: Settings, _ task: Tuning.Task, _ tuning: Tuning
  ) -> String {
    let print = StudyPlan.fingerprint(
      of: settings, .examples(settings.batchSize), data: task.data)
    var parts = task.halving.map { ["\($0.first) \($0.unit.rawValue) \($0.factor)"] } ?? []
    if tuning.seed != 0 { parts.append("seed \(tuning.seed)") }
    if tuning.metric != .validationLoss, task.halving != nil {
      parts.append(tuning.metric.rawValue)
    }
    guard !parts.isEmpty else { return print }
    let text = ([print] + parts).joined(separator: " ")
    return String(SHA256.hexadecimal(of: Array(text.utf8)).prefix(12))
  }

  /// The reports of trials with their present settings, in the order in which they came.
  public func reports(_ history: SearchHistory) -> [TrialReport] {
    history.reports.filter { report in
      guard let trials = trials[report.optimizer], trials.indices.contains(report.trial) else {
        return false
      }
      return trials[report.trial].fingerprint == report.settings
    }
  }

  /// How far an optimizer's search has come.
  func search(of label: String, _ reports: [TrialReport]) -> Search {
    let halving = task.halving ?? SuccessiveHalving(unit: .steps, first: .infinity)
    var search = Search(halving, count: trials[label]?.count ?? 0)
    for report in reports where report.optimizer == label {
      if report.rung == nil {
        _ = search.noteEnd(report.trial)
      } else {
        _ = search.note(report.trial, loss: report.loss(tuning.metric))
      }
    }
    return search
  }

  /// Whether nothing is left to do of an optimizer's search.
  public func isSearchOver(of label: String, _ reports: [TrialReport]) -> Bool {
    search(of: label, reports).states.allSatisfy { $0 == .isOver }
  }

  /// The trial that a search found: that with the lowest finite loss at its last report, of equals the
  /// first.
  ///
  /// - Returns: `nil` where no trial has one, or the search is not over.
  public func winner(of label: String, _ reports: [TrialReport]) -> (trial: Trial, TrialReport)? {
    guard let trials = trials[label], isSearchOver(of: label, reports) else { return nil }
    var last: [Int: TrialReport] = [:]
    for report in reports where report.optimizer == label { last[report.trial] = report }
    let best = last.values.filter { $0.loss(tuning.metric).isFinite }.min {
      ($0.loss(tuning.metric), $0.trial) < ($1.loss(tuning.metric), $1.trial)
    }
    return best.map { (trials[$0.trial], $0) }
  }

  /// The repetitions and variations of everything whose search is over: a seed after the other.
  ///
  /// - Throws: `SettingsError`.
  public func repetitions(_ reports: [TrialReport]) throws -> StudyPlan {
    var first: [StudyPlan.Run] = []
    // Sweeps may share a variation.
    var labels: Set<String> = []
    for optimizer in optimizers {
      var values: [SearchSpace.Value] = []
      if trials[optimizer.label] != nil {
        guard let winner = winner(of: optimizer.label, reports) else { continue }
        values = winner.trial.values
      }
      first.append(try run(optimizer, optimizer.label, values))
      for sweep in sweeps where sweep.optimizer == optimizer.label {
        for row in sweep.values where labels.insert(sweep.label(row)).inserted {
          first.append(try run(optimizer, sweep.label(row), values + sweep.assignments(row)))
        }
      }
    }
    return StudyPlan(
      (0..<task.repetitionCount).flatMap { seed in first.map { $0.repeated(seed: seed) } })
  }

  /// The number of repetitions and variations that there shall be, those of searches that are not over
  /// among them.
  public var repetitionCount: Int {
    let labels = Set(
      optimizers.flatMap { optimizer in
        [optimizer.label]
          + sweeps.filter { $0.optimizer == optimizer.label }.flatMap { $0.values.map($0.label) }
      })
    return labels.count * task.repetitionCount
  }

  private func run(
    _ optimizer: Tuning.Optimizer, _ label: String, _ values: [SearchSpace.Value]
  ) throws -> StudyPlan.Run {
    var settings = try tuning.settings(
      optimizer, on: task, values, seed: 0, isTrial: false, dataDirectory: dataDirectory)
    settings.threads = threads
    let size = Study.BatchSize.examples(settings.batchSize)
    return StudyPlan.Run(
      key: .init(task: task.name, batchSize: size, optimizer: label, seed: 0),
      fingerprint: StudyPlan.fingerprint(of: settings, size, data: task.data), settings: settings,
      curvePoints: label == optimizer.label ? tuning.curvePoints : max(tuning.curvePoints / 2, 2))
  }
}

extension StudyPlan.Run {
  /// The same run with another seed.
  func repeated(seed: Int) -> StudyPlan.Run {
    var (key, settings) = (key, settings)
    (key.seed, settings.seed) = (seed, seed)
    return StudyPlan.Run(
      key: key, fingerprint: fingerprint, settings: settings, curvePoints: curvePoints)
  }
}
