import Foundation
import Testing

@Suite("What is sent over the network")
struct NetworkUseTests {
  private static let tracer = "/usr/bin/strace"

  /// Whether processes may be traced here.
  private static let canTrace: Bool = {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: tracer)
    process.arguments = ["-o", "/dev/null", "/bin/true"]
    process.standardError = FileHandle.nullDevice
    do { try process.run() } catch { return false }
    process.waitUntilExit()
    return process.terminationStatus == 0
  }()

  /// Starts a command whose calls of the system, by which something could be sent, are noted in a file,
  /// those of all its processes.
  private func trace(_ arguments: [String]) throws -> (process: Process, log: String) {
    let log = Tool.newPath("calls")
    let process = Process()
    process.executableURL = URL(fileURLWithPath: Self.tracer)
    process.arguments =
      ["-f", "-qq", "-e", "trace=connect,sendto,sendmsg,sendmmsg,bind", "-e", "signal=none"]
      + ["-o", log, Tool.programs.appendingPathComponent("adamqlr").path] + arguments
    process.environment = ProcessInfo.processInfo.environment
      .merging(["no_proxy": "127.0.0.1"]) { $1 }
    process.currentDirectoryURL = Tool.scratch
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    return (process, log)
  }

  @Test(
    "Nothing, by commands that are not to fetch data", .enabled(if: canTrace),
    arguments: [
      ["train", "--steps", "2", "--output", "RUN"],
      ["compare", "--steps", "2", "--seeds", "1", "--optimizers", "adam", "--output", "RUNS"],
      ["data", "list"], ["optimizers"],
    ])
  func nothing(_ arguments: [String]) throws {
    let path = Tool.newPath("silent")
    let (process, log) = try trace(arguments.map { $0.hasPrefix("RUN") ? path : $0 })
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
    let calls = try String(contentsOfFile: log, encoding: .utf8)
    // Foundation's processes talk to themselves, over the loopback.
    let others = calls.split(separator: "\n")
      .filter { $0.contains("AF_INET") && !$0.contains("inet_addr(\"127.0.0.1\")") }
    #expect(others.isEmpty, "\(others)")
  }

  @Test("The tracer would see it", .enabled(if: canTrace))
  func something() throws {
    let (process, log) = try trace([
      "data", "fetch", "uci-energy", "--data-dir", Tool.newPath("asked"), "--mirror",
      "http://127.0.0.1:1",
    ])
    // It may try again for a while.
    var calls = ""
    for _ in 0..<200 where !calls.contains("AF_INET") {
      Thread.sleep(forTimeInterval: 0.1)
      calls = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
    }
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
    #expect(calls.contains("sin_port=htons(1)"), "\(calls)")
  }
}
