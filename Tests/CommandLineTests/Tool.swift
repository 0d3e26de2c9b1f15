import Foundation

/// Runs the built tool as a user would.
struct Tool {
  /// What a run left behind.
  struct Result {
    var status: Int32
    var output: String
    var errors: String

    var lines: [String] { output.split(separator: "\n").map(String.init) }

    /// Standard output as one JSON object a line.
    func objects() throws -> [[String: Any]] {
      try lines.map {
        let object = try JSONSerialization.jsonObject(with: Data($0.utf8))
        guard let object = object as? [String: Any] else { throw CocoaError(.coderReadCorrupt) }
        return object
      }
    }
  }

  /// Where the programs are: beside the tests' own.
  static let programs = URL(
    fileURLWithPath: (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
      ?? CommandLine.arguments[0]
  ).deletingLastPathComponent()

  /// The small real data sets, where they are.
  static let data: URL? = {
    let root = URL(fileURLWithPath: #filePath)
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let folder = root.deletingLastPathComponent().appendingPathComponent("shared/data")
    return FileManager.default.fileExists(atPath: folder.path) ? folder : nil
  }()

  /// Where runs leave their directories unless told otherwise; removed with the process.
  static let scratch: URL = {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("adamqlr-tests-\(UUID().uuidString)")
    try? FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    atexit { try? FileManager.default.removeItem(at: Tool.scratch) }
    return folder
  }()

  /// A path in the scratch directory at which there is nothing yet.
  static func newPath(_ name: String) -> String {
    scratch.appendingPathComponent("\(name)-\(UUID().uuidString)").path
  }

  /// Makes a folder with a table of 300 points, `points.csv`: a, b and the target y.
  static func newPointsFolder(_ name: String) throws -> String {
    let path = newPath(name)
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    var table = "a,b,y\n"
    for i in 0..<300 {
      let (a, b) = (Double(i * 37 % 101) / 50 - 1, Double(i * 53 % 89) / 44 - 1)
      table += "\(a),\(b),\(a * b + 0.5 * a)\n"
    }
    try Data(table.utf8).write(to: URL(fileURLWithPath: path + "/points.csv"))
    return path
  }

  /// The seconds after which a process counts as hanging, and is killed; more under sanitizers.
  static let limit =
    ProcessInfo.processInfo.environment["ADAMQLR_TEST_LIMIT"].flatMap(Double.init) ?? 120

  /// A cache directory that is never there.
  static let cache = newPath("no-cache")

  /// Starts a run without waiting for it.
  ///
  /// - Parameters:
  ///   - program: The program's name.
  ///   - fileSizeLimit: The size in bytes beyond which the system refuses to write files.
  ///   - memoryLimit: The size in bytes beyond which it refuses memory.
  ///   - path: The folders of other programs; `nil`: those that the tests find.
  ///   - variables: What its environment has besides.
  static func start(
    _ arguments: [String], program: String = "adamqlr", fileSizeLimit: Int? = nil,
    memoryLimit: Int? = nil, path: String? = nil, python: String? = nil, cache: String = cache,
    variables: [String: String] = [:], limit: Double = limit, output: Any, errors: Pipe
  ) throws -> Process {
    let url = programs.appendingPathComponent(program)
    let process = Process()
    if fileSizeLimit != nil || memoryLimit != nil {
      process.executableURL = URL(fileURLWithPath: "/bin/bash")
      let limits =
        (fileSizeLimit.map { "ulimit -f \($0 / 1024); " } ?? "")
        + (memoryLimit.map { "ulimit -v \($0 / 1024); " } ?? "")
      let script = "trap '' XFSZ; \(limits)exec \"$0\" \"$@\""
      process.arguments = ["-c", script, url.path] + arguments
    } else {
      process.executableURL = url
      process.arguments = arguments
    }
    process.currentDirectoryURL = scratch
    process.standardOutput = output
    process.standardError = errors
    process.standardInput = FileHandle.nullDevice
    var environment = ProcessInfo.processInfo.environment
    environment["ADAMQLR_DATA"] = nil
    environment["ADAMQLR_DATA_MIRROR"] = nil
    environment["XDG_CACHE_HOME"] = cache
    environment["no_proxy"] = "127.0.0.1"
    if let path { environment["PATH"] = path }
    if let python { environment["ADAMQLR_PYTHON"] = python }
    process.environment = environment.merging(variables) { $1 }
    try process.run()
    // A limit of the test itself would count the time in which it waits for its turn.
    DispatchQueue.global().asyncAfter(deadline: .now() + limit) {
      if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    }
    return process
  }

  static func run(_ arguments: String...) throws -> Result { try run(arguments) }

  static func run(
    _ arguments: [String], program: String = "adamqlr", fileSizeLimit: Int? = nil,
    memoryLimit: Int? = nil, path: String? = nil, python: String? = nil, cache: String = cache
  ) throws -> Result {
    let (output, errors) = (Pipe(), Pipe())
    let process = try start(
      arguments, program: program, fileSizeLimit: fileSizeLimit, memoryLimit: memoryLimit,
      path: path, python: python, cache: cache, output: output, errors: errors)
    return result(of: process, output, errors)
  }

  /// Waits for the end of a run.
  static func result(of process: Process, _ output: Pipe, _ errors: Pipe) -> Result {
    // Errors are short and fit the pipe while the output is read.
    let text = output.fileHandleForReading.readDataToEndOfFile()
    let complaint = errors.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return Result(
      status: process.terminationStatus, output: String(decoding: text, as: UTF8.self),
      errors: String(decoding: complaint, as: UTF8.self))
  }

  /// A file that is there while `body` runs.
  static func withFile<Value>(_ text: String, _ body: (String) throws -> Value) throws -> Value {
    let file = FileManager.default.temporaryDirectory
      .appendingPathComponent("settings-\(UUID().uuidString).yaml")
    try Data(text.utf8).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    return try body(file.path)
  }
}
