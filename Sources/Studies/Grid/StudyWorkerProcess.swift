import Files
import Foundation
import Training

/// A process that ``StudyWorker`` serves in, seen from the one that gives it runs.
final class StudyWorkerProcess {
  /// What it was told to do and has not answered.
  private(set) var run: StudyPlan.Run?
  /// Whether it has been asked to stop.
  private(set) var wasStopped = false

  private let process = Process()
  private let (input, output) = (Pipe(), Pipe())
  private let errorPath: String
  private let folder: String
  private var unread = Data()

  /// Starts the process.
  ///
  /// - Parameters:
  ///   - executable: The path of the program.
  ///   - arguments: What makes it serve.
  ///   - folder: Where runs have their directories until they are over.
  ///   - number: Tells it from the others.
  init(_ executable: String, _ arguments: [String], in folder: String, number: Int) throws {
    self.folder = folder
    errorPath = "\(folder)/worker-\(number).log"
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
    environment[TrainingProcess.parentVariable] = String(getpid())
    process.environment = environment
    process.standardInput = input
    process.standardOutput = output
    process.standardError = errors
    try process.run()
    try errors.close()
    try? input.fileHandleForReading.close()
    try? output.fileHandleForWriting.close()
  }

  /// What can be read when it has answered or ended.
  var descriptor: Int32 { output.fileHandleForReading.fileDescriptor }

  /// The directory of a run until it is over.
  static func directory(of run: StudyPlan.Run, in folder: String) -> String {
    let key = run.key
    return "\(folder)/\(key.task),\(key.batchSize.text),\(key.optimizer),\(key.seed),"
      + run.fingerprint
  }

  /// Tells it to make a run.
  func start(_ run: StudyPlan.Run) throws {
    let directory = Self.directory(of: run, in: folder)
    let settings = directory + ".yaml"
    try Data(try run.settings.yaml.utf8).write(to: URL(fileURLWithPath: settings))
    let order = StudyWorker.Order(settings: settings, directory: directory)
    self.run = run
    // A process that has gone is noticed when it is listened to.
    try? input.fileHandleForWriting.write(
      contentsOf: try StudyWorker.coder.encode(order) + Data("\n".utf8))
  }

  /// Reads what it has said; `nil` where that is no whole answer yet.
  ///
  /// - Returns: The answer, and whether the process has ended.
  func listen() -> (answer: StudyWorker.Answer?, hasEnded: Bool) {
    let data = output.fileHandleForReading.availableData
    guard !data.isEmpty else {
      process.waitUntilExit()
      return (nil, true)
    }
    unread += data
    guard let end = unread.firstIndex(of: UInt8(ascii: "\n")) else { return (nil, false) }
    let answer = try? StudyWorker.decoder.decode(
      StudyWorker.Answer.self, from: Data(unread[..<end]))
    unread = Data(unread[(end + 1)...])
    run = nil
    return (answer ?? StudyWorker.Answer(outcome: nil, complaint: "its answer is damaged"), false)
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
