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
    case finished(StudyPlan.Run, StudyOutcome)
    /// A run failed, with the complaint.
    case failed(StudyPlan.Run, String)
    /// Time has passed.
    case progress(StudyProgress)
  }

  /// The results.
  public private(set) var results: StudyResults
  private let plan: StudyPlan
  private let folder: String
  private let executable: String
  private let arguments: [String]
  private let jobs: Int
  private let lock: RunLock
  private var waiting: [StudyPlan.Run]
  private var workers: [StudyWorkerProcess] = []
  private var startedCount = 0
  private var progress: StudyProgress

  /// Prepares the runs.
  ///
  /// - Parameters:
  ///   - plan: The runs that there shall be.
  ///   - output: The directory of the results; runs have theirs in its folder `runs` until they are
  ///     over.
  ///   - executable: The path of the program that they are made with.
  ///   - arguments: What makes it serve as a ``StudyWorker``.
  ///   - jobs: The number of runs at a time.
  /// - Throws: `FileError` where another process makes them already, or the results are damaged.
  public init(
    _ plan: StudyPlan, in output: String, executable: String, arguments: [String], jobs: Int
  ) throws(FileError) {
    self.plan = plan
    self.executable = executable
    self.arguments = arguments
    self.jobs = jobs
    folder = output + "/runs"
    try makeDirectory(at: folder)
    lock = try RunLock(folder)
    let results = try StudyResults(output + "/results.csv")
    self.results = results
    waiting = plan.runs.filter { results.rows[$0.key]?.settings != $0.fingerprint }
    progress = StudyProgress(plan.runs.count, waiting, Array(results.rows.values))
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
    signal(SIGPIPE, SIG_IGN)
    defer {
      workers.forEach { $0.stop() }
      workers.forEach { $0.finish() }
    }
    var isStopping = false
    while true {
      if observe(.progress(progress)) == .stop, !isStopping {
        isStopping = true
        workers.forEach { $0.stop() }
      }
      if !isStopping { try giveRuns() }
      let busy = workers.filter { $0.run != nil }
      if busy.isEmpty, isStopping || waiting.isEmpty { break }
      for worker in Self.ready(busy) { try listen(to: worker, observe) }
    }
    workers.forEach { $0.finish() }
    workers = []
    try results.write(inOrderOf: plan.runs.map(\.key))
    let isComplete = plan.runs.allSatisfy { results.rows[$0.key]?.settings == $0.fingerprint }
    if isComplete { try? FileManager.default.removeItem(atPath: folder) }
    return isComplete
  }

  /// Gives every process that has nothing to do a run, and starts processes up to the number of jobs.
  private func giveRuns() throws {
    while !waiting.isEmpty {
      // A process that outlives one killed before may hold a run until it has stopped.
      let index = waiting.firstIndex { run in
        let path = StudyWorkerProcess.directory(of: run, in: folder)
        return (try? RunDirectory(existing: path))?.isInUse != true
      }
      guard let index else { return }
      if let idle = workers.first(where: { $0.run == nil }) {
        try idle.start(waiting.remove(at: index))
      } else if workers.count < jobs {
        startedCount += 1
        workers.append(
          try StudyWorkerProcess(executable, arguments, in: folder, number: startedCount))
      } else {
        return
      }
    }
  }

  /// Those that have said something or ended, after a while at most.
  private static func ready(_ workers: [StudyWorkerProcess]) -> [StudyWorkerProcess] {
    var descriptors = workers.map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
    guard !descriptors.isEmpty else {
      usleep(50_000)
      return []
    }
    guard poll(&descriptors, nfds_t(descriptors.count), 200) > 0 else { return [] }
    return zip(workers, descriptors).filter { $1.revents != 0 }.map(\.0)
  }

  private func listen(
    to worker: StudyWorkerProcess, _ observe: (Event) -> Continuation
  ) throws {
    guard let run = worker.run else { return }
    let (answer, hasEnded) = worker.listen()
    if hasEnded {
      workers.removeAll { $0 === worker }
      guard !worker.wasStopped else { return }
      fail(run, worker.complaint, observe)
    } else if let answer {
      if let outcome = answer.outcome {
        // The next run is under way while this one's result reaches the disk.
        if !worker.wasStopped, !waiting.isEmpty { try giveRuns() }
        try results.add(StudyResult(run.key, settings: run.fingerprint, outcome))
        let directory = StudyWorkerProcess.directory(of: run, in: folder)
        try? FileManager.default.removeItem(atPath: directory)
        try? FileManager.default.removeItem(atPath: directory + ".yaml")
        progress.note(run, outcome)
        _ = observe(.finished(run, outcome))
      } else if let complaint = answer.complaint {
        fail(run, complaint, observe)
      }
    }
  }

  private func fail(
    _ run: StudyPlan.Run, _ complaint: String, _ observe: (Event) -> Continuation
  ) {
    progress.noteFailure(run)
    _ = observe(.failed(run, complaint))
  }
}
