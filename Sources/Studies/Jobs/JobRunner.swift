import Files
import Foundation
import Training

/// Makes jobs, several at a time, in processes that take one after the other.
///
/// A run that was begun before goes on where it was. One whose process fails does not keep the others
/// from being made.
final class JobRunner {
  /// How a process is started that makes jobs.
  struct Worker: Sendable {
    /// The path of the program.
    var executable: String
    /// What makes it serve as a ``JobWorker``.
    var arguments: [String]
  }

  /// What happens to a job, which has its number.
  enum Event {
    case finished(Int, RunOutcome)
    case failed(Int, String)
    case progress(JobProgress)
  }

  private let jobs: [Job]
  private let worker: Worker
  private let count: Int
  private let folder: String
  private var waiting: [Int]
  private var processes: [JobProcess] = []
  private var startedCount = 0
  private var progress: JobProgress

  /// Prepares the jobs.
  ///
  /// - Parameters:
  ///   - jobs: What is to be made, in order.
  ///   - progress: What is known of their times.
  ///   - worker: How processes are started.
  ///   - count: The number of processes at a time.
  ///   - folder: Where what they complain of is written; it is there.
  init(_ jobs: [Job], _ progress: JobProgress, _ worker: Worker, count: Int, folder: String) {
    self.jobs = jobs
    self.progress = progress
    self.worker = worker
    self.count = count
    self.folder = folder
    waiting = Array(jobs.indices)
  }

  /// Makes all jobs.
  ///
  /// - Parameter observe: Is told of everything that happens, and asked several times a second
  ///   whether to go on. If not, runs are asked to stop after their step.
  /// - Throws: What `observe` throws, and what starting a process throws.
  func run(_ observe: (Event) throws -> Continuation) throws {
    signal(SIGPIPE, SIG_IGN)
    defer {
      processes.forEach { $0.stop() }
      processes.forEach { $0.finish() }
      for number in 1...max(startedCount, 1) {
        try? FileManager.default.removeItem(atPath: errorPath(number))
      }
    }
    var isStopping = false
    while true {
      let busy = processes.filter { $0.job != nil }
      progress.note(
        active: busy.compactMap { process in
          process.job.map { ($0, process.share, (.now - process.started).seconds) }
        })
      if try observe(.progress(progress)) == .stop, !isStopping {
        isStopping = true
        processes.forEach { $0.stop() }
      }
      if !isStopping { try giveJobs() }
      let active = processes.filter { $0.job != nil }
      if active.isEmpty, isStopping || waiting.isEmpty { break }
      for process in Self.ready(active) { try listen(to: process, observe) }
    }
    processes.forEach { $0.finish() }
    processes = []
  }

  private func errorPath(_ number: Int) -> String { "\(folder)/worker-\(number).log" }

  private func giveJobs() throws {
    while !waiting.isEmpty {
      // A process that outlives one killed before may hold a run until it has stopped.
      let index = waiting.firstIndex {
        (try? RunDirectory(existing: jobs[$0].directory))?.isInUse != true
      }
      guard let index else { return }
      if let idle = processes.first(where: { $0.job == nil }) {
        let number = waiting.remove(at: index)
        try idle.start(jobs[number], number: number)
      } else if processes.count < count {
        startedCount += 1
        processes.append(try JobProcess(worker, errorPath: errorPath(startedCount)))
      } else {
        return
      }
    }
  }

  /// Those that have said something or ended, after a while at most.
  private static func ready(_ processes: [JobProcess]) -> [JobProcess] {
    var descriptors = processes.map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
    guard !descriptors.isEmpty else {
      usleep(50_000)
      return []
    }
    guard poll(&descriptors, nfds_t(descriptors.count), 200) > 0 else { return [] }
    return zip(processes, descriptors).filter { $1.revents != 0 }.map(\.0)
  }

  private func listen(
    to process: JobProcess, _ observe: (Event) throws -> Continuation
  ) throws {
    guard let number = process.job else { return }
    let seconds = (.now - process.started).seconds
    let (end, hasEnded) = process.listen()
    if hasEnded {
      processes.removeAll { $0 === process }
      guard !process.wasStopped else { return }
      progress.noteFailure(number)
      _ = try observe(.failed(number, process.complaint))
      return
    }
    switch end {
    case .finished(let outcome):
      // The next run is under way while what came of this one is written down.
      if !process.wasStopped { try giveJobs() }
      progress.noteEnd(number, seconds: seconds)
      _ = try observe(.finished(number, outcome))
    case .failed(let complaint):
      progress.noteFailure(number)
      _ = try observe(.failed(number, complaint))
    case .stopped, .progress, nil: break
    }
  }
}
