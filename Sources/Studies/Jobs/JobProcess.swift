import Files
import Foundation

/// A process that ``JobWorker`` serves in, seen from the one that gives it jobs.
final class JobProcess {
  /// The number of the job that it was given and has not ended.
  private(set) var job: Int?
  /// The part of the job that is behind, as the process last said.
  private(set) var share = 0.0
  /// When it was given.
  private(set) var started = ContinuousClock.now
  /// Whether it has been asked to stop.
  private(set) var wasStopped = false

  private let process: LineProcess

  /// Starts the process.
  ///
  /// - Parameters:
  ///   - executable: The path of the program.
  ///   - arguments: What makes it serve as a ``JobWorker``.
  ///   - errorPath: The file that its standard error goes to.
  init(_ executable: String, _ arguments: [String], errorPath: String) throws {
    process = try LineProcess(
      executable, arguments, environment: [JobWorker.parentVariable: String(getpid())],
      errorPath: errorPath)
  }

  /// What can be read when it has said something or ended.
  var descriptor: Int32 { process.descriptor }

  /// Gives it a job.
  func start(_ job: Job, number: Int) throws {
    (self.job, share, started) = (number, 0, .now)
    process.say(try JobWorker.line(job))
  }

  /// Reads what it has said.
  ///
  /// - Returns: How its job ended, if it has, and whether the process has.
  func listen() -> (end: JobMessage?, hasEnded: Bool) {
    guard let lines = process.listen() else { return (nil, true) }
    for line in lines {
      let message = try? JobWorker.decoder.decode(JobMessage.self, from: line)
      if case .progress(let share) = message {
        self.share = share
        continue
      }
      job = nil
      return (message ?? .failed("its answer is damaged"), false)
    }
    return (nil, false)
  }

  /// Asks it to stop after its step.
  func stop() {
    guard !wasStopped else { return }
    wasStopped = true
    process.interrupt()
    process.closeInput()
  }

  /// Lets it end when it has nothing to do, and waits for that.
  func finish() { process.finish() }

  /// Why it has ended.
  var complaint: String { process.complaint }
}
