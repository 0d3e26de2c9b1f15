import Training

/// Makes jobs by an engine, in their order as far as runs are free.
///
/// A run that was begun before goes on where it was. A job that fails does not keep the others from
/// being made. What happens to one may add others.
final class JobRunner {
  /// What happens to a job, which has its number.
  enum Event {
    case finished(Int, RunOutcome)
    case paused(Int, RunOutcome)
    case failed(Int, String)
    case progress(JobProgress)
  }

  private var jobs: [Job]
  private let engine: any JobEngine
  private var waiting: [Int]
  private var progress: JobProgress
  private var isStopping = false

  /// Prepares the jobs.
  ///
  /// - Parameters:
  ///   - jobs: What is to be made, in order.
  ///   - progress: What is known of their times.
  ///   - engine: What makes them.
  init(_ jobs: [Job], _ progress: JobProgress, _ engine: any JobEngine) {
    self.jobs = jobs
    self.progress = progress
    self.engine = engine
    waiting = Array(jobs.indices)
  }

  /// Adds a job, which comes before all that wait.
  ///
  /// - Parameter kinds: What runs alike share, the most alike first.
  /// - Returns: Its number.
  func add(_ job: Job, kinds: [String]) -> Int {
    jobs.append(job)
    progress.add(kinds)
    waiting.insert(jobs.count - 1, at: 0)
    return jobs.count - 1
  }

  /// Makes all jobs.
  ///
  /// - Parameter observe: Is told of everything that happens, and asked several times a second
  ///   whether to go on. If not, runs are asked to stop after their step.
  /// - Throws: What `observe` throws, and what the engine throws.
  func run(_ observe: (Event) throws -> Continuation) throws {
    defer {
      engine.stop()
      engine.finish()
    }
    while true {
      progress.note(active: engine.active)
      if try observe(.progress(progress)) == .stop, !isStopping {
        isStopping = true
        engine.stop()
      }
      try giveJobs()
      if engine.active.isEmpty, isStopping || waiting.isEmpty { break }
      for (number, seconds, message) in try engine.ended() {
        // The next run is under way while what came of this one is written down.
        try giveJobs()
        try note(message, number, seconds, observe)
      }
    }
  }

  private func giveJobs() throws {
    while !isStopping, !waiting.isEmpty {
      // A process that outlives one killed before may hold a run until it has stopped.
      let index = waiting.firstIndex {
        (try? RunDirectory(existing: jobs[$0].directory))?.isInUse != true
      }
      guard let index, try engine.start(jobs[waiting[index]], number: waiting[index]) else {
        return
      }
      waiting.remove(at: index)
    }
  }

  private func note(
    _ message: JobMessage, _ number: Int, _ seconds: Double,
    _ observe: (Event) throws -> Continuation
  ) throws {
    switch message {
    case .ended(.finished(let outcome)):
      progress.noteEnd(number, seconds: seconds)
      _ = try observe(.finished(number, outcome))
    case .ended(.paused(let outcome)):
      progress.noteEnd(number, seconds: seconds)
      _ = try observe(.paused(number, outcome))
    case .failed(let complaint):
      progress.noteFailure(number)
      _ = try observe(.failed(number, complaint))
    case .ended(.stopped), .progress: break
    }
  }
}
