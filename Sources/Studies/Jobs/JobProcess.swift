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

  private let process = Process()
  private let (input, output) = (Pipe(), Pipe())
  private let errorPath: String
  private var unread = Data()

  /// Starts the process.
  ///
  /// - Parameters:
  ///   - executable: The path of the program.
  ///   - arguments: What makes it serve as a ``JobWorker``.
  ///   - errorPath: The file that its standard error goes to.
  init(_ executable: String, _ arguments: [String], errorPath: String) throws {
    self.errorPath = errorPath
    for pipe in [input, output] {
      // Another process that held an end open would keep this one from seeing that it is closed.
      for handle in [pipe.fileHandleForReading, pipe.fileHandleForWriting] {
        _ = fcntl(handle.fileDescriptor, F_SETFD, FD_CLOEXEC)
      }
    }
    guard FileManager.default.createFile(atPath: errorPath, contents: nil) else {
      throw FileError(errorPath, "the file cannot be made")
    }
    let errors = try FileHandle(forWritingTo: URL(fileURLWithPath: errorPath))
    process.executableURL = URL(fileURLWithPath: executable)
    process.arguments = arguments
    var environment = ProcessInfo.processInfo.environment
    environment[JobWorker.parentVariable] = String(getpid())
    process.environment = environment
    process.standardInput = input
    process.standardOutput = output
    process.standardError = errors
    try process.run()
    try errors.close()
    try? input.fileHandleForReading.close()
    try? output.fileHandleForWriting.close()
  }

  /// What can be read when it has said something or ended.
  var descriptor: Int32 { output.fileHandleForReading.fileDescriptor }

  /// Gives it a job.
  func start(_ job: Job, number: Int) throws {
    (self.job, share, started) = (number, 0, .now)
    // A process that has gone is noticed when it is listened to.
    try? input.fileHandleForWriting.write(contentsOf: try JobWorker.line(job))
  }

  /// Reads what it has said.
  ///
  /// - Returns: How its job ended, if it has, and whether the process has.
  func listen() -> (end: JobMessage?, hasEnded: Bool) {
    let data = output.fileHandleForReading.availableData
    guard !data.isEmpty else {
      process.waitUntilExit()
      return (nil, true)
    }
    unread += data
    while let end = unread.firstIndex(of: UInt8(ascii: "\n")) {
      let message = try? JobWorker.decoder.decode(JobMessage.self, from: Data(unread[..<end]))
      unread = Data(unread[(end + 1)...])
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
    if process.isRunning { process.interrupt() }
    try? input.fileHandleForWriting.close()
  }

  /// Lets it end when it has nothing to do, and waits for that.
  func finish() {
    try? input.fileHandleForWriting.close()
    process.waitUntilExit()
  }

  /// Why it has ended.
  var complaint: String {
    let text = (try? String(contentsOfFile: errorPath, encoding: .utf8)) ?? ""
    if let line = text.split(separator: "\n").last { return String(line) }
    return process.terminationReason == .uncaughtSignal
      ? "the process was ended by signal \(process.terminationStatus)"
      : "the process ended with status \(process.terminationStatus)"
  }
}
