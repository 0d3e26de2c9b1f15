import Foundation
import Testing

@Suite("The bundle for GPUs")
struct GPUBundleTests {
  private let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  @Test("Its program does not ask for FoundationNetworking, which cannot be linked statically")
  func libraries() throws {
    func asks(_ program: String) throws -> Bool {
      try Data(contentsOf: Tool.programs.appendingPathComponent(program))
        .range(of: Data("libFoundationNetworking.so".utf8)) != nil
    }
    #expect(try !asks("adamqlr-gpu"))
    #expect(try asks("adamqlr"))
  }

  @Test("Its program trains, and does not fetch")
  func commands() throws {
    let run = try Tool.run(
      ["train", "--task", "rosenbrock", "--steps", "2", "--output", Tool.newPath("bundle")],
      program: "adamqlr-gpu")
    #expect(run.status == 0, "\(run.errors)")
    #expect(try Tool.run(["data", "list"], program: "adamqlr-gpu").status != 0)
  }

  private static let hasPython =
    ProcessInfo.processInfo.environment["PATH"]?.split(separator: ":")
    .contains { FileManager.default.isExecutableFile(atPath: "\($0)/python3") } ?? false

  @Test(
    "What fails, crashes or hangs does not keep the other parts from running, and is told",
    .enabled(if: hasPython, "there is no python3"))
  func isolation() throws {
    let folder = URL(fileURLWithPath: Tool.newPath("gpu-bundle"))
    func write(_ text: String, _ path: String) throws -> URL {
      let file = folder.appendingPathComponent(path)
      try FileManager.default.createDirectory(
        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(text.utf8).write(to: file)
      return file
    }
    let program = try write(
      """
      #!/bin/sh
      case "$*" in
        check-device*) echo 'FAIL sums: 1 of 0'; exit 1 ;;
        *mlp*'--optimizer muon'*) kill -SEGV $$ ;;
        *mlp*'--optimizer kfac'*) sleep 60 ;;
        train*)
          echo '{"event": "summary", "train_loss": 1.5, "steps": 3, "seconds": 0.1,' \\
            '"complete": true, "diverged": false}' ;;
        bench*) echo '{"median_us": 1500}' ;;
      esac
      """, "adamqlr")
    try shell("gzip", program.path)
    _ = try write("{\"adamqlr\": \"a double\"}", "built.json")
    _ = try write("raise SystemExit('no such optimizer')", "peers/torch_adamqlr.py")
    _ = try write("print('{\"median_us\": 3000}')", "peers/torch_adam.py")
    _ = try write(
      """
      __version__ = "2.11.0"
      class version: cuda = None
      def get_num_threads(): return 2
      """, "python/torch/__init__.py")
    _ = try write("", "python/torch/lib/libc10.so")
    _ = try write("", "python/torch/distributed/__init__.py")
    _ = try write(
      """
      import subprocess, sys
      sys.exit(subprocess.run(sys.argv[sys.argv.index("train") - 1:]).returncode)
      """, "python/torch/distributed/run.py")
    let script = root.appendingPathComponent("Benchmarks/gpu/run").path
    let copy = folder.appendingPathComponent("run").path
    try FileManager.default.copyItem(atPath: script, toPath: copy)
    let result = folder.appendingPathComponent("result.md").path

    let status = try shell(
      "env", "PYTHONPATH=\(folder.path)/python", "python3", copy, "--device", "cpu", "--output",
      result, "--limit", "3")
    #expect(status == 1)
    let text = try String(contentsOfFile: result, encoding: .utf8)
    let lines = text.split(separator: "\n")
    func outcome(_ part: String) -> Substring? { lines.first { $0.hasPrefix("| \(part) |") } }
    #expect(lines.first == "# adamqlr on the processor: 7 of 49 parts failed")
    #expect(try #require(outcome("check-device cpu")).contains("exit status 1"))
    #expect(text.contains("FAIL sums: 1 of 0") && text.contains("no such optimizer"))
    #expect(try #require(outcome("3 steps of mlp by muon")).contains("SIGSEGV"))
    #expect(try #require(outcome("3 steps of mlp by kfac")).contains("limit of 3 s"))
    #expect(try #require(outcome("3 steps of gpt2 by muon")).contains("| ok |"))
    #expect(try #require(outcome("3 steps of resnet18 by ranks")).contains("| ok |"))
    // Ours and PyTorch's Adam have times, and their ratio; PyTorch's AdamQLR has none.
    #expect(lines.contains { $0.hasSuffix("| float | 1.5 | – | – | 1.5 | 3 | 0.50 |") })
  }

  @discardableResult
  private func shell(_ arguments: String...) throws -> Int32 {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = arguments
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    return process.terminationStatus
  }
}
