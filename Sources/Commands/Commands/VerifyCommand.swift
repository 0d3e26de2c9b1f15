import Verification
import ArgumentParser
import Foundation
import Studies

struct VerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Replays reference traces and compares every figure.",
    discussion: """
      A line a file with its worst deviation and where that is; fails if any is above the \
      tolerance or unsupported. The reference's quirks are set where they are not the defaults.

        adamqlr verify traces
        adamqlr verify traces/mlp-*--adamqlr-*.json --tolerance 1e-9
      """)

  @Argument(help: ArgumentHelp("Traces, or folders of traces.", valueName: "path"))
  var paths: [String]

  @Option(help: ArgumentHelp("The largest deviation allowed.", valueName: "t"))
  var tolerance = 1e-6

  func run() throws {
    var (passed, failed) = (0, 0)
    for path in try files() {
      let name = URL(fileURLWithPath: path).lastPathComponent
      let outcome: (line: String, isGood: Bool)
      do {
        let replay = try TraceReplay(try ReferenceTrace(file: path))
        let isGood = replay.deviation <= tolerance
        let deviation = String(format: "%.1e", replay.deviation)
        outcome = ("\(deviation)  \(replay.place)", isGood)
      } catch let error as TraceError {
        outcome = (error.description, false)
      }
      Output.line("\(outcome.isGood ? "pass" : "FAIL")  \(name)  \(outcome.line)")
      if outcome.isGood { passed += 1 } else { failed += 1 }
    }
    Output.line("\(passed) passed, \(failed) failed")
    if failed > 0 { throw ExitCode.failure }
  }

  /// The files named, and those in the folders named.
  private func files() throws -> [String] {
    let manager = FileManager.default
    return try paths.flatMap { path in
      var isDirectory: ObjCBool = false
      guard manager.fileExists(atPath: path, isDirectory: &isDirectory) else {
        throw ValidationError("\(path): no such file or folder")
      }
      guard isDirectory.boolValue else { return [path] }
      let files = try manager.contentsOfDirectory(atPath: path)
        .filter { $0.hasSuffix(".json") }.sorted()
      if files.isEmpty {
        throw ValidationError("\(path): the folder has no traces, files that end in .json")
      }
      return files.map { (path as NSString).appendingPathComponent($0) }
    }
  }
}
