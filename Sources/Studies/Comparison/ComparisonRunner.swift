import Files
import Foundation
import Training

/// Makes the runs of a comparison, each in a process of its own, several at a time.
///
/// Runs that are over are left alone, and those that were interrupted go on where they were.
public final class ComparisonRunner {
  /// What happens.
  public enum Event {
    /// A run came to its end, or diverged.
    case finished(Comparison.Run, RunRecord)
    /// A run's process failed, with its complaint.
    case failed(Comparison.Run, String)
    /// Time has passed.
    case progress(ComparisonProgress)
  }

  /// The comparison.
  public let comparison: Comparison
  private let executable: String
  private let jobs: Int
  private let lock: RunLock
  private var waiting: [Comparison.Run] = []
  private var active: [TrainingProcess] = []
  private var progress: ComparisonProgress

  /// Prepares the runs.
  ///
  /// - Parameters:
  ///   - comparison: The runs that there shall be.
  ///   - executable: The path of the program that they are made with.
  ///   - jobs: The number of processes at a time.
  /// - Throws: ``FileError`` where another process makes them already.
  public init(_ comparison: Comparison, executable: String, jobs: Int) throws(FileError) {
    self.comparison = comparison
    self.executable = executable
    self.jobs = jobs
    lock = try RunLock(comparison.path)
    for run in comparison.runs {
      let status = try? RunDirectory(existing: run.path).status()
      if status?.state != .finished && status?.state != .diverged { waiting.append(run) }
    }
    progress = ComparisonProgress(
      total: comparison.runs.count, done: comparison.runs.count - waiting.count)
  }

  /// Makes all runs that are not over yet.
  ///
  /// - Parameter observe: Is told of everything that happens, and asked several times a second
  ///   whether to go on. If not, the processes are asked to stop after their step.
  /// - Returns: Whether all of them are over.
  /// - Throws: What starting a process throws, and ``FileError`` where the first to end failed
  ///   before it was a run: whatever is wrong concerns the others too.
  public func run(_ observe: (Event) -> Continuation) throws -> Bool {
    defer { stop() }
    var mayStart = observe(.progress(progress)) == .goOn
    var hasStopped = !mayStart
    while !(waiting.isEmpty && active.isEmpty) {
      while mayStart, active.count < jobs, !waiting.isEmpty {
        // One whose process outlives a killed comparison stops soon.
        guard
          let index = waiting.firstIndex(where: {
            (try? RunDirectory(existing: $0.path))?.isInUse != true
          })
        else { break }
        let run = waiting.remove(at: index)
        active.append(try TrainingProcess(run, executable))
      }
      if active.isEmpty, hasStopped { break }
      usleep(20_000)
      for process in active { process.update() }
      // Asked once: a process may end at any moment, and none may be dropped without being noted.
      let ended = active.filter { !$0.isRunning }
      active.removeAll { process in ended.contains { $0 === process } }
      for process in ended { try end(process, observe) }
      progress.update(active: active, waiting: waiting, jobs: jobs)
      if observe(.progress(progress)) == .stop, !hasStopped {
        (mayStart, hasStopped) = (false, true)
        active.forEach { $0.stop() }
      }
    }
    return progress.done == progress.total
  }

  /// Notes what became of a process that has ended.
  private func end(_ process: TrainingProcess, _ observe: (Event) -> Continuation) throws {
    let run = process.run
    let record = (try? RunDirectory(existing: run.path)).flatMap { try? RunRecord($0) }
    if let record, record.isOver {
      progress.note(process)
      _ = observe(.finished(run, record))
    } else if !process.wasStopped || process.hasFailed {
      let complaint = process.complaint
      if record == nil, progress.done + progress.failed == 0 {
        throw FileError("\(run.label), seed \(run.seed)", complaint)
      }
      progress.failed += 1
      _ = observe(.failed(run, complaint))
    }
  }

  private func stop() {
    for process in active where process.isRunning {
      process.stop()
      process.wait()
    }
    active = []
  }
}

/// How far a comparison has come.
public struct ComparisonProgress: Sendable {
  /// The number of runs.
  public let total: Int
  /// The number of those that are over.
  public private(set) var done: Int
  /// The number of those whose processes failed.
  public internal(set) var failed = 0
  /// The number of those under way.
  public private(set) var active = 0
  /// The time that it will take in seconds; `nil` as long as there is nothing to tell it from.
  public private(set) var remaining: Double?

  /// The times of the runs made from start to end, by optimizer.
  private var times: [String: [Double]] = [:]

  init(total: Int, done: Int) {
    self.total = total
    self.done = done
  }

  mutating func note(_ process: TrainingProcess) {
    done += 1
    if !process.isResumed { times[process.run.label, default: []].append(process.seconds) }
  }

  mutating func update(active: [TrainingProcess], waiting: [Comparison.Run], jobs: Int) {
    self.active = active.count
    var known = times
    for process in active where process.share > 0.05 && !process.isResumed {
      known[process.run.label, default: []].append(process.seconds / process.share)
    }
    let all = known.values.flatMap { $0 }
    guard !all.isEmpty else { return }
    func expected(_ label: String) -> Double {
      let times = known[label] ?? all
      return times.reduce(0, +) / Double(times.count)
    }
    let work =
      waiting.reduce(0) { $0 + expected($1.label) }
      + active.reduce(0) { $0 + expected($1.run.label) * (1 - $1.share) }
    remaining = work / Double(min(jobs, max(waiting.count + active.count, 1)))
  }
}
