import Foundation

/// A process that is spoken with in lines, over pipes.
package final class LineProcess {
  private let process = Process()
  private let (input, output) = (Pipe(), Pipe())
  private let errorPath: String
  private var unread = LineBuffer()

  /// Starts the process.
  ///
  /// - Parameters:
  ///   - executable: The path of the program.
  ///   - arguments: Its arguments.
  ///   - environment: What its environment has beyond this process's.
  ///   - errorPath: The file that its standard error goes to.
  package init(
    _ executable: String, _ arguments: [String], environment: [String: String] = [:],
    errorPath: String
  ) throws {
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
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    process.standardInput = input
    process.standardOutput = output
    process.standardError = errors
    try process.run()
    try errors.close()
    try? input.fileHandleForReading.close()
    try? output.fileHandleForWriting.close()
  }

  /// What can be read when it has said something or ended.
  package var descriptor: Int32 { output.fileHandleForReading.fileDescriptor }

  /// Says something, which must end in a newline. A process that has gone is noticed when it is
  /// listened to.
  package func say(_ line: Data) { try? input.fileHandleForWriting.write(contentsOf: line) }

  /// Says something of any length while it may speak itself, and that nothing more will be said.
  package func sayAll(_ text: Data) {
    let input = input
    Thread.detachNewThread {
      // A process that has gone is noticed when it is listened to: writing to it is not to end this one.
      var signals = sigset_t()
      sigemptyset(&signals)
      sigaddset(&signals, SIGPIPE)
      pthread_sigmask(SIG_BLOCK, &signals, nil)
      try? input.fileHandleForWriting.write(contentsOf: text)
      try? input.fileHandleForWriting.close()
    }
  }

  /// Waits, for a while at most, until it has said something or ended.
  ///
  /// - Returns: Whether it has.
  package func isReady(within limit: Duration) -> Bool {
    let end = ContinuousClock.now + limit
    while true {
      let left = max((end - .now) / .milliseconds(1), 0)
      var descriptors = [pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)]
      // A signal may end it early.
      if poll(&descriptors, 1, Int32(min(left.rounded(.up), 60_000))) > 0 { return true }
      if left == 0 { return false }
    }
  }

  /// Waits for it to say something.
  ///
  /// - Returns: The lines, without their newlines; `nil` when it has ended.
  package func listen() -> [Data]? {
    let data = output.fileHandleForReading.availableData
    guard !data.isEmpty else {
      finish()
      return nil
    }
    return unread.append(data)
  }

  /// Asks it to stop, as Ctrl-C does.
  package func interrupt() {
    if process.isRunning { process.interrupt() }
  }

  /// Ends it at once.
  package func kill() {
    if process.isRunning { Foundation.kill(process.processIdentifier, SIGKILL) }
  }

  /// Lets it see that nothing more will be said.
  package func closeInput() { try? input.fileHandleForWriting.close() }

  /// Lets it end, and ends it where it has not after some seconds.
  package func finish() {
    closeInput()
    _ = process.waitUntilExit(limit: .seconds(10))
  }

  /// The status with which it ended.
  package var status: Int32 { process.terminationStatus }

  /// Why it has ended.
  package var complaint: String {
    let text = (try? String(contentsOfFile: errorPath, encoding: .utf8)) ?? ""
    if let line = text.split(separator: "\n").last { return String(line) }
    return process.terminationReason == .uncaughtSignal
      ? "the process was ended by signal \(process.terminationStatus)"
      : "the process ended with status \(process.terminationStatus)"
  }
}
