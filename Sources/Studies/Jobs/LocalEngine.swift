import Files
import Foundation

/// Makes jobs in processes of this machine that each take one after the other.
final class LocalEngine: JobEngine {
  private let executable: String
  private let arguments: [String]
  private let count: Int
  private let folder: String
  private var processes: [JobProcess] = []
  private var startedCount = 0

  /// Prepares the processes.
  ///
  /// - Parameters:
  ///   - executable: The path of the program.
  ///   - arguments: What makes it serve as a ``JobWorker``.
  ///   - count: The number of processes at a time.
  ///   - folder: Where what they complain of is written; it is there.
  init(_ executable: String, _ arguments: [String], count: Int, folder: String) {
    self.executable = executable
    self.arguments = arguments
    self.count = count
    self.folder = folder
    signal(SIGPIPE, SIG_IGN)
  }

  var active: [(job: Int, share: Double, seconds: Double)] {
    processes.compactMap { process in
      process.job.map { ($0, process.share, (.now - process.started).seconds) }
    }
  }

  func start(_ job: Job, number: Int) throws -> Bool {
    if let idle = processes.first(where: { $0.job == nil }) {
      try idle.start(job, number: number)
    } else if processes.count < count {
      startedCount += 1
      let process = try JobProcess(
        executable, arguments, errorPath: errorPath(startedCount))
      processes.append(process)
      try process.start(job, number: number)
    } else {
      return false
    }
    return true
  }

  func ended() throws -> [(job: Int, seconds: Double, message: JobMessage)] {
    ready().compactMap { process in
      guard let job = process.job else { return nil }
      let seconds = (.now - process.started).seconds
      let (end, hasEnded) = process.listen()
      if hasEnded { processes.removeAll { $0 === process } }
      let message =
        end
        ?? (!hasEnded
          ? nil : process.wasStopped ? .ended(.stopped) : .failed(process.complaint))
      return message.map { (job, seconds, $0) }
    }
  }

  func stop() { processes.forEach { $0.stop() } }

  func finish() {
    processes.forEach { $0.finish() }
    processes = []
    for number in 1...max(startedCount, 1) {
      try? FileManager.default.removeItem(atPath: errorPath(number))
    }
  }

  private func errorPath(_ number: Int) -> String { "\(folder)/worker-\(number).log" }

  /// Those that have said something or ended, after a while at most.
  private func ready() -> [JobProcess] {
    let busy = processes.filter { $0.job != nil }
    var descriptors = busy.map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
    guard !descriptors.isEmpty else {
      usleep(50_000)
      return []
    }
    guard poll(&descriptors, nfds_t(descriptors.count), 200) > 0 else { return [] }
    return zip(busy, descriptors).filter { $1.revents != 0 }.map(\.0)
  }
}
