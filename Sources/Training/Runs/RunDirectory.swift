import Files
import Foundation

/// The directory of one training run: what it was told, what it logged, and what it needs to go on.
///
///     settings.yaml                     its settings, which `train -c` takes
///     run.json                          how far it has come: see ``RunStatus``
///     encoding.json                     of a table or text: how it was encoded, see `TableEncoding`
///                                       and `TextEncoding`
///     events.out.tfevents.adamqlr       its log, for TensorBoard: see ``EventFile``
///     checkpoints/step-000000080/       its parameters and state: see ``Checkpoint``
public struct RunDirectory: Hashable, Sendable {
  /// The path.
  public let path: String

  /// The directory of a run that there is.
  ///
  /// - Throws: ``FileError`` where there is none.
  public init(existing path: String) throws(FileError) {
    self.path = path
    guard FileManager.default.fileExists(atPath: settingsPath) else {
      let kind = FileManager.default.fileExists(atPath: path) ? "this is" : "there is"
      throw FileError(path, "\(kind) no run directory: it has no settings.yaml", .unreadable)
    }
  }

  /// Makes the directory of a new run.
  ///
  /// - Parameters:
  ///   - path: Where; an empty directory may be there. `nil`: `runs/TASK-OPTIMIZER-TIME`.
  ///   - settings: What the run is told. They are written last: without them it is no run yet.
  /// - Throws: ``FileError`` where a run is there already or the directory cannot be written.
  public init(makingAt path: String?, for settings: Settings) throws {
    let yaml = try settings.yaml
    if let path {
      self.path = path
      try makeDirectory(at: path)
      guard !FileManager.default.fileExists(atPath: settingsPath) else {
        throw FileError(
          path,
          "there is a run in this directory; --resume \(path) goes on with it, and another "
            + "--output keeps both", .uncreatable)
      }
    } else {
      self.path = try makeRunsDirectory(
        "\(settings.task.rawValue)-\(settings.optimizer.name)")
    }
    try makeDirectory(at: checkpointsPath)
    try replaceFile(
      at: settingsPath, with: Data("# adamqlr \(Release.description)\n\(yaml)".utf8))
  }

  /// Replaces the run's settings.
  func write(_ settings: Settings) throws {
    try replaceFile(
      at: settingsPath, with: Data("# adamqlr \(Release.description)\n\(try settings.yaml)".utf8))
  }
}

extension RunDirectory {
  /// The path of the settings.
  public var settingsPath: String { path + "/settings.yaml" }
  /// The path of the log.
  public var logPath: String { path + "/events.out.tfevents.adamqlr" }
  /// The path of the checkpoints.
  public var checkpointsPath: String { path + "/checkpoints" }
  var statusPath: String { path + "/run.json" }

  /// Whether a file of that name in a directory is one that a run or a comparison has written, and
  /// needs.
  package static func owns(directory: String, name: String) -> Bool {
    func has(_ file: String) -> Bool { FileManager.default.fileExists(atPath: file) }
    let names = [
      "settings.yaml", "run.json", "encoding.json", "events.out.tfevents.adamqlr", ".lock",
      "comparison.json", "checkpoints",
    ]
    let parts = directory.split(separator: "/")
    let isOfCheckpoint = parts.suffix(2).contains("checkpoints")
    return isOfCheckpoint
      || names.contains(name)
        && (has(directory + "/settings.yaml") || has(directory + "/comparison.json"))
  }

  /// Reads the run's settings.
  public func settings() throws(SettingsError) -> Settings { try Settings(file: settingsPath) }

  /// Whether a process is training in the directory.
  public var isInUse: Bool {
    guard let file = try? FileDescriptor(path + "/.lock", O_RDONLY) else { return false }
    return flock(file.number, LOCK_SH | LOCK_NB) != 0
  }

  /// Reads the run's log.
  public func log() throws(FileError) -> EventFile { try EventFile(logPath) }
}

/// Makes a directory under `runs` named after what is in it and the time.
package func makeRunsDirectory(_ name: String) throws(FileError) -> String {
  try makeDirectory(at: "runs")
  let format = DateFormatter()
  format.locale = Locale(identifier: "en_US_POSIX")
  format.dateFormat = "yyyyMMdd-HHmmss"
  let path = "runs/\(name)-\(format.string(from: Date()))"
  // Others may start in the same second.
  for number in 1... {
    let candidate = number == 1 ? path : "\(path)-\(number)"
    if mkdir(candidate, 0o777) == 0 { return candidate }
    guard errno == EEXIST else { throw FileError(candidate, .uncreatable) }
  }
  return path
}

/// The right to write into a directory of runs, which one process at a time has; it ends with the
/// value or the process.
package struct RunLock: ~Copyable {
  private let file: FileDescriptor

  /// Takes the right.
  ///
  /// - Throws: ``FileError`` where another process has it.
  init(_ directory: RunDirectory) throws(FileError) { try self.init(directory.path) }

  /// Takes the right to a directory that need not be a run's.
  ///
  /// - Throws: ``FileError`` where another process has it.
  package init(_ path: String) throws(FileError) {
    let file = try FileDescriptor(path + "/.lock", O_RDWR | O_CREAT)
    guard flock(file.number, LOCK_EX | LOCK_NB) == 0 else {
      throw FileError(path, "another process is training in this directory")
    }
    self.file = file
  }
}
