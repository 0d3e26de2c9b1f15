import Files
import Foundation
import Training

/// Makes the trials of searches, several at a time, and keeps what they report.
///
/// Trials go on from their last checkpoint, or anew where their files are gone. One that fails counts
/// as over, and is tried again the next time.
public final class SearchRunner {
  /// What happens.
  public enum Event {
    /// A trial has come to a rung, or to its end.
    case reported(TrialReport)
    /// A trial failed, with the complaint.
    case failed(TuningPlan.Trial, String)
    /// Time has passed.
    case progress(Progress)
  }

  /// How far searches have come.
  public struct Progress: Sendable {
    /// The number of trials.
    public var total = 0
    /// The number of those that are over.
    public var done = 0
    /// The number of jobs under way.
    public var active = 0
  }

  /// What has been reported.
  public private(set) var history: SearchHistory
  private let plan: TuningPlan
  private let folder: String
  private let lock: RunLock
  private let engine: Engine
  private var searches: [String: Search] = [:]
  private var runner: JobRunner?
  /// What each job makes.
  private var places: [(trial: TuningPlan.Trial, rung: Int)] = []

  /// Prepares the trials.
  ///
  /// - Parameters:
  ///   - plan: What there is to search.
  ///   - output: The directory of the history; runs have theirs in its folder `search` until they are
  ///     over.
  ///   - engine: Where they are made.
  /// - Throws: `FileError` where another process makes them already, or the history is damaged.
  public init(_ plan: TuningPlan, in output: String, _ engine: Engine) throws {
    self.plan = plan
    self.engine = engine
    folder = output + "/search"
    try makeDirectory(at: folder)
    lock = try RunLock(folder)
    history = try SearchHistory(output + "/trials.csv")
    // Those that failed are tried again. What is of other settings stays.
    let failed = Set(plan.reports(history).filter(\.hasFailed))
    try history.write(byTrial: false, optimizers: []) { !failed.contains($0) }
  }

  /// Makes all trials that are not over yet.
  ///
  /// - Parameter observe: Is told of everything that happens, and asked several times a second
  ///   whether to go on. If not, runs are asked to stop after their step.
  /// - Returns: Whether all searches are over.
  /// - Throws: `FileError` where the history cannot be written, `SettingsError` where settings cannot
  ///   be, and what starting a process throws.
  public func run(_ observe: (Event) -> Continuation) throws -> Bool {
    let reports = plan.reports(history)
    var jobs: [Job] = []
    for optimizer in plan.optimizers {
      guard let trials = plan.trials[optimizer.label] else { continue }
      let search = plan.search(of: optimizer.label, reports)
      searches[optimizer.label] = search
      for (trial, state) in zip(trials, search.states) {
        guard case .goesOn(let rung) = state else { continue }
        jobs.append(try job(trial, toRung: rung))
        places.append((trial, rung))
      }
    }
    let runner = JobRunner(
      jobs, JobProgress(places.map { kinds($0.trial, $0.rung) }, done: 0),
      engine.makeEngine(in: folder))
    self.runner = runner
    var hasFailed = false
    try runner.run { event in
      switch event {
      case .paused(let number, let outcome):
        return try note(number, outcome, isOver: false, observe)
      case .finished(let number, let outcome):
        return try note(number, outcome, isOver: true, observe)
      case .failed(let number, let complaint):
        hasFailed = true
        let trial = places[number].trial
        try history.add(
          TrialReport(failed: trial.optimizer, trial: trial.index, settings: trial.fingerprint))
        try goOn(trial.optimizer, searches[trial.optimizer]?.noteEnd(trial.index) ?? [])
        return observe(.failed(trial, complaint))
      case .progress(let progress):
        return observe(.progress(self.progress(progress)))
      }
    }
    if let halving = plan.task.halving, halving.isOrdered {
      try history.write(byTrial: true, optimizers: plan.tuning.optimizers.map(\.label)) { _ in true
      }
    }
    let isOver = searches.values.allSatisfy { $0.states.allSatisfy { $0 == .isOver } } && !hasFailed
    if isOver { try? FileManager.default.removeItem(atPath: folder) }
    return isOver
  }

  private func note(
    _ number: Int, _ outcome: RunOutcome, isOver: Bool, _ observe: (Event) -> Continuation
  ) throws -> Continuation {
    let (trial, rung) = places[number]
    let report = TrialReport(
      trial.optimizer, trial: trial.index, settings: trial.fingerprint, rung: isOver ? nil : rung,
      outcome)
    try history.add(report)
    let changed =
      isOver
      ? searches[trial.optimizer]?.noteEnd(trial.index)
      : searches[trial.optimizer]?.note(trial.index, loss: report.loss(plan.tuning.metric))
    try goOn(trial.optimizer, [trial.index] + (changed ?? []))
    return observe(.reported(report))
  }

  /// Gives the jobs of trials that go on, and removes the files of those that are over.
  private func goOn(_ label: String, _ indices: [Int]) throws {
    guard let search = searches[label], let trials = plan.trials[label] else { return }
    for index in indices {
      switch search.states[index] {
      case .goesOn(let rung):
        places.append((trials[index], rung))
        _ = runner?.add(
          try job(trials[index], toRung: rung), kinds: kinds(trials[index], rung))
      case .isOver: try? FileManager.default.removeItem(atPath: directory(trials[index]))
      case .waits: break
      }
    }
  }

  private func kinds(_ trial: TuningPlan.Trial, _ rung: Int) -> [String] {
    ["\(trial.optimizer)/\(rung)", trial.optimizer]
  }

  private func directory(_ trial: TuningPlan.Trial) -> String {
    "\(folder)/\(trial.optimizer),\(trial.index),\(trial.fingerprint)"
  }

  private func job(_ trial: TuningPlan.Trial, toRung rung: Int) throws -> Job {
    Job(
      settings: try trial.settings.yaml, directory: directory(trial),
      pause: plan.task.halving?.pause(atRung: rung), keepsFiles: false)
  }

  private func progress(_ progress: JobProgress) -> Progress {
    let states = searches.values.flatMap(\.states)
    return Progress(
      total: states.count, done: states.count { $0 == .isOver }, active: progress.active)
  }
}
