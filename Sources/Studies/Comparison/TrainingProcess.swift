import Files
import Foundation
import Training

/// A process that makes one run of a comparison: `adamqlr train`.
final class TrainingProcess {
  /// The name of the environment variable that tells a process to stop when its parent, whose number
  /// it is, has gone.
  static let parentVariable = "ADAMQLR_PARENT"

  let run: Comparison.Run
  /// Whether the run was begun before.
  let isResumed: Bool
  /// Whether it was asked to stop.
  private(set) var wasStopped = false
  /// The part of the run that is behind, as its process last said.
  private(set) var share = 0.0

  private let process = Process()
  private let clock = ContinuousClock()
  private let started: ContinuousClock.Instant
  private let reader: FileHandle
  private var ended: ContinuousClock.Instant?
  private var unread = Data()
  private var updated: ContinuousClock.Instant
  private var totalSteps: Double?
  private let totalSeconds: Double?

  /// Starts the process.
  init(_ run: Comparison.Run, _ executable: String) throws {
    self.run = run
    isResumed = (try? RunDirectory(existing: run.path)) != nil
    totalSeconds = try Settings(file: run.settingsPath).seconds
    process.executableURL = URL(fileURLWithPath: executable)
    process.arguments =
      isResumed
      ? ["train", "--resume", run.path, "--json"]
      : [
        "train", "-c", run.settingsPath, "--seed", String(run.seed), "--output", run.path, "--json",
      ]
    var environment = ProcessInfo.processInfo.environment
    environment[Self.parentVariable] = String(getpid())
    process.environment = environment
    try replaceFile(at: run.outputPath, with: Data())
    let output = try FileHandle(forWritingTo: URL(fileURLWithPath: run.outputPath))
    reader = try FileHandle(forReadingFrom: URL(fileURLWithPath: run.outputPath))
    // Both streams write at one position, as in a terminal.
    process.standardOutput = output
    process.standardError = output
    process.standardInput = FileHandle.nullDevice
    started = clock.now
    updated = started
    try process.run()
    try output.close()
  }

  var isRunning: Bool { process.isRunning }

  /// Whether it ended otherwise than by coming to its end or stopping as asked; it may have been
  /// asked before it was listening.
  var hasFailed: Bool {
    let status = process.terminationStatus
    return process.terminationReason == .exit
      ? ![0, 128 + SIGINT].contains(status) : !(wasStopped && status == SIGINT)
  }

  /// How long it has been running.
  var seconds: Double { ((ended ?? clock.now) - started).seconds }

  /// Asks it to stop after its step.
  func stop() {
    guard !wasStopped else { return }
    wasStopped = true
    process.interrupt()
  }

  func wait() { process.waitUntilExit() }

  /// Reads how far it has come, a few times a second.
  func update() {
    if !process.isRunning, ended == nil { ended = clock.now }
    guard ended != nil || (clock.now - updated).seconds > 0.25 else { return }
    updated = clock.now
    unread += (try? reader.readToEnd()) ?? Data()
    while let end = unread.firstIndex(of: UInt8(ascii: "\n")) {
      note(unread[unread.startIndex..<end])
      unread = Data(unread[(end + 1)...])
    }
  }

  private func note(_ line: Data) {
    guard let object = try? JSONSerialization.jsonObject(with: line) as? [String: Any] else {
      return
    }
    totalSteps = object["total_steps"] as? Double ?? totalSteps
    var shares: [Double] = []
    if let steps = object["steps"] as? Double, let totalSteps { shares.append(steps / totalSteps) }
    if let seconds = object["seconds"] as? Double, let totalSeconds {
      shares.append(seconds / totalSeconds)
    }
    if let greatest = shares.max() { share = min(greatest, 1) }
  }

  /// What it said on standard error last, or how it ended.
  var complaint: String {
    let text = (try? String(contentsOfFile: run.outputPath, encoding: .utf8)) ?? ""
    let lines = text.split(separator: "\n").filter { !$0.hasPrefix("{") }
    if let line = lines.first(where: { $0.hasPrefix("Error: ") }) {
      return String(line.dropFirst("Error: ".count))
    }
    if let line = lines.last { return String(line) }
    return process.terminationReason == .uncaughtSignal
      ? "the process was ended by signal \(process.terminationStatus)"
      : "the process ended with status \(process.terminationStatus)"
  }
}
