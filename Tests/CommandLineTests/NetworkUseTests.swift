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

  /// The system calls of a command and of all its processes by which something could be sent.
  private func calls(_ arguments: [String]) throws -> String {
    let log = Tool.newPath("calls")
    let process = Process()
    process.executableURL = URL(fileURLWithPath: Self.tracer)
    let program = Tool.programs.appendingPathComponent("adamqlr").path
    process.arguments =
      [
        "-f", "-qq", "-e", "trace=connect,sendto,sendmsg,sendmmsg,bind", "-e", "signal=none", "-o",
        log,
      ]
      + [program] + arguments
    process.currentDirectoryURL = Tool.scratch
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
    return try String(contentsOfFile: log, encoding: .utf8)
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
    let calls = try calls(arguments.map { $0.hasPrefix("RUN") ? path : $0 })
    // Foundation's processes talk to themselves, over the loopback.
    let others = calls.split(separator: "\n")
      .filter { $0.contains("AF_INET") && !$0.contains("inet_addr(\"127.0.0.1\")") }
    #expect(others.isEmpty, "\(others)")
  }

  @Test("The tracer would see it", .enabled(if: canTrace))
  func something() throws {
    let path = Tool.newPath("asked")
    let log = Tool.newPath("calls")
    let process = Process()
    process.executableURL = URL(fileURLWithPath: Self.tracer)
    process.arguments =
      ["-f", "-qq", "-e", "trace=connect", "-o", log]
      + [Tool.programs.appendingPathComponent("adamqlr").path, "data", "fetch", "uci-energy"]
      + ["--data-dir", path, "--mirror", "http://127.0.0.1:1"]
    process.environment = ProcessInfo.processInfo.environment.merging(["no_proxy": "127.0.0.1"]) {
      $1
    }
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
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
