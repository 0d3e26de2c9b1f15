import Files
import Foundation
import Training

/// Makes the runs of a study, several at a time, and keeps their results.
///
/// Runs that have results are not made again, and those that were interrupted go on where they were.
/// A run whose process fails has no result, does not keep the others from being made, and is tried
/// again the next time.
public final class StudyRunner {
  /// What happens.
  public enum Event {
    /// A run is over.
    case finished(StudyPlan.Run, RunOutcome)
    /// A run failed, with the complaint.
    case failed(StudyPlan.Run, String)
    /// Time has passed.
    case progress(JobProgress)
  }

  /// The results.
  public private(set) var results: StudyResults
  private let plan: StudyPlan
  private let folder: String
  private let lock: RunLock
  private let waiting: [StudyPlan.Run]
  private let runner: JobRunner
  private let jobs: [Job]

  /// Prepares the runs.
  ///
  /// - Parameters:
  ///   - plan: The runs that there shall be.
  ///   - output: The directory of the results; runs have theirs in its folder `runs` until they are
  ///     over.
  ///   - engine: Where they are made.
  /// - Throws: `FileError` where another process makes them already, or the results are damaged, and
  ///   `SettingsError` where settings cannot be written.
  public init(
    _ plan: StudyPlan, in output: String, _ engine: Engine
  ) throws {
    self.plan = plan
    let folder = output + "/runs"
    self.folder = folder
    try makeDirectory(at: folder)
    lock = try RunLock(folder)
    let hasCurves = plan.runs.contains { $0.curvePoints != nil }
    let results = try StudyResults(output + "/results.csv", hasCurves: hasCurves ? true : nil)
    self.results = results
    let waiting = plan.runs.filter { results.rows[$0.key]?.settings != $0.fingerprint }
    self.waiting = waiting
    var progress = JobProgress(waiting.map(\.key.kinds), done: plan.runs.count - waiting.count)
    for result in results.rows.values {
      progress.noteTime(result.outcome.wallSeconds, result.key.kinds)
    }
    self.jobs = try waiting.map { run in
      let key = run.key
      return Job(
        settings: try run.settings.yaml,
        directory: "\(folder)/\(key.task),\(key.batchSize.text),\(key.optimizer),\(key.seed),"
          + run.fingerprint, curvePoints: run.curvePoints, keepsFiles: false)
    }
    runner = JobRunner(
      self.jobs, progress,
      engine.makeEngine(in: folder))
    // Rows that were cut off go, so that others can follow.
    try results.write(inOrderOf: plan.runs.map(\.key))
  }

  /// Makes all runs that have no results yet.
  ///
  /// - Parameter observe: Is told of everything that happens, and asked several times a second
  ///   whether to go on. If not, runs are asked to stop after their step.
  /// - Returns: Whether all of them have results.
  /// - Throws: `FileError` where results cannot be written, and what starting a process throws.
  public func run(_ observe: (Event) -> Continuation) throws -> Bool {
    try runner.run { event in
      switch event {
      case .finished(let number, let outcome), .paused(let number, let outcome):
        let run = waiting[number]
        try results.add(StudyResult(run.key, settings: run.fingerprint, outcome))
        try? FileManager.default.removeItem(atPath: jobs[number].directory)
        return observe(.finished(run, outcome))
      case .failed(let number, let complaint):
        return observe(.failed(waiting[number], complaint))
      case .progress(let progress):
        return observe(.progress(progress))
      }
    }
    try results.write(inOrderOf: plan.runs.map(\.key))
    let isComplete = plan.runs.allSatisfy { results.rows[$0.key]?.settings == $0.fingerprint }
    if isComplete { try? FileManager.default.removeItem(atPath: folder) }
    return isComplete
  }
}

extension StudyResult.Key {
  /// What runs alike share, the most alike first.
  fileprivate var kinds: [String] {
    let cell = "\(task)/\(batchSize.text)"
    return ["\(cell)/\(optimizer)", cell, task]
  }
}
