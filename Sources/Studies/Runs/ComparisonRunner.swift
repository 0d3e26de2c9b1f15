import Files
import Foundation
import Training

/// Makes the runs of a comparison, several at a time.
///
/// Runs that are over are left alone, and those that were interrupted go on where they were.
public final class ComparisonRunner {
  /// What happens.
  public enum Event {
    /// A run came to its end, or diverged.
    case finished(Comparison.Run, RunRecord)
    /// A run failed, with its complaint.
    case failed(Comparison.Run, String)
    /// Time has passed.
    case progress(JobProgress)
  }

  /// The comparison.
  public let comparison: Comparison
  private let lock: RunLock
  private let waiting: [Comparison.Run]
  private let runner: JobRunner

  /// Prepares the runs.
  ///
  /// - Parameters:
  ///   - comparison: The runs that there shall be.
  ///   - engine: Where they are made.
  /// - Throws: ``FileError`` where another process makes them already, and `SettingsError` where an
  ///   optimizer's settings cannot be written.
  public init(_ comparison: Comparison, _ engine: Engine) throws {
    self.comparison = comparison
    lock = try RunLock(comparison.path)
    let waiting = comparison.runs.filter { run in
      let status = try? RunDirectory(existing: run.path).status()
      return status?.state != .finished && status?.state != .diverged
    }
    self.waiting = waiting
    runner = JobRunner(
      try waiting.map(comparison.job),
      JobProgress(waiting.map { [$0.label] }, done: comparison.runs.count - waiting.count),
      engine.makeEngine(in: comparison.path))
  }

  /// Makes all runs that are not over yet.
  ///
  /// - Parameter observe: Is told of everything that happens, and asked several times a second
  ///   whether to go on. If not, runs are asked to stop after their step.
  /// - Returns: Whether all of them are over.
  /// - Throws: What starting a process throws, and ``FileError`` where the first to end failed
  ///   before it was a run: whatever is wrong concerns the others too.
  public func run(_ observe: (Event) -> Continuation) throws -> Bool {
    var progress: JobProgress?
    try runner.run { event in
      switch event {
      case .finished(let number, _), .paused(let number, _):
        let run = waiting[number]
        return observe(.finished(run, try RunRecord(RunDirectory(existing: run.path))))
      case .failed(let number, let complaint):
        let run = waiting[number]
        if (try? RunDirectory(existing: run.path)) == nil, progress?.failed == 0,
          progress?.done == 0
        {
          throw FileError("\(run.label), seed \(run.seed)", complaint)
        }
        return observe(.failed(run, complaint))
      case .progress(let latest):
        progress = latest
        return observe(.progress(latest))
      }
    }
    return progress.map { $0.done == $0.total } ?? waiting.isEmpty
  }
}

extension Comparison {
  fileprivate func job(_ run: Run) throws -> Job {
    guard var settings = contenders.first(where: { $0.label == run.label })?.settings else {
      throw FileError(path, "there is no optimizer '\(run.label)'")
    }
    settings.seed = run.seed
    return Job(settings: try settings.yaml, directory: run.path)
  }
}
