import AdamQLRTorch
import Files
import Foundation
import Studies
import Synchronization
import Tasks
import Training

extension FuzzTarget {
  /// The directory of a run, of which one file has been replaced.
  static let runs: [FuzzTarget] = [
    FuzzTarget("run", seeds: { try HostileRun.shared().seeds }) { bytes, _ in
      try HostileRun.shared().read(bytes)
    }
  ]
}

/// A small run whose files are replaced in turn.
///
/// An input's first byte says which file; the others are its contents. A checkpoint's checksums are made
/// to fit, for they tell of accidents, not of intent.
final class HostileRun: Sendable {
  private static let made = Mutex<HostileRun?>(nil)

  private let path: String
  /// The files that are replaced, by their path in the directory, with their contents.
  private let files: [(name: String, contents: Data)]
  private let checkpoint: String

  /// The run of this process.
  static func shared() throws -> HostileRun {
    try made.withLock { made in
      let run = try made ?? HostileRun()
      made = run
      return run
    }
  }

  private init() throws {
    path =
      FileManager.default.temporaryDirectory
      .appendingPathComponent("adamqlr-hostile-\(getpid())").path
    try? FileManager.default.removeItem(atPath: path)
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    let table = "a,b,y\n" + (0..<40).map { "\($0 % 7),\(["u", "v"][$0 % 2]),\($0 % 5)\n" }.joined()
    var settings = Settings()
    settings.task = .table
    settings.table = TableSource(
      path: try file("table.csv", table.utf8, in: path), target: "y")
    settings.model.hiddenSizes = [3]
    settings.batchSize = 10
    settings.steps = 4
    settings.threads = 1
    let run = try TrainingRun(settings, in: path + "/run")
    _ = try run.run { _ in .goOn }
    let directory = path + "/run"
    let steps = try FileManager.default.contentsOfDirectory(atPath: directory + "/checkpoints")
    let checkpoint = "checkpoints/\(steps.sorted().last ?? "")"
    self.checkpoint = checkpoint
    let names =
      ["run.json", "encoding.json", "events.out.tfevents.adamqlr", checkpoint + "/checksums.txt"]
      + ["weights.safetensors", "best.safetensors", "optimizer.safetensors", "state.json"]
      .map { checkpoint + "/" + $0 }
    files = try names.map {
      ($0, try Data(contentsOf: URL(fileURLWithPath: directory + "/" + $0)))
    }
  }

  /// The files as they are.
  var seeds: [[UInt8]] {
    files.enumerated().map { [UInt8($0)] + [UInt8]($1.contents) }
  }

  func read(_ bytes: [UInt8]) throws {
    guard let first = bytes.first else { return }
    let directory = path + "/run"
    for (name, contents) in files {
      try contents.write(to: URL(fileURLWithPath: directory + "/" + name))
    }
    let name = files[Int(first) % files.count].name
    try Data(bytes.dropFirst()).write(to: URL(fileURLWithPath: directory + "/" + name))
    if name.hasPrefix(checkpoint), !name.hasSuffix("checksums.txt") { try writeChecksums() }
    let run = try RunDirectory(existing: directory)
    _ = try? RunRecord(run)
    _ = try? run.log()
    _ = try? TrainedModel(run).evaluate()
    let resumed = try TrainingRun(resuming: run, try run.settings())
    _ = try resumed.run { _ in .goOn }
  }

  private func writeChecksums() throws {
    var lines = ""
    for name in ["weights", "best", "optimizer", "state"] {
      let file = name + (name == "state" ? ".json" : ".safetensors")
      let bytes = try Data(contentsOf: URL(fileURLWithPath: "\(path)/run/\(checkpoint)/\(file)"))
      let digits = String(castagnoli(bytes), radix: 16)
      lines +=
        "\(String(repeating: "0", count: 8 - digits.count))\(digits) \(bytes.count) \(file)\n"
    }
    _ = try file("checksums.txt", lines.utf8, in: "\(path)/run/\(checkpoint)")
  }

  /// CRC-32C, bit by bit.
  private func castagnoli(_ bytes: Data) -> UInt32 {
    var state = ~UInt32(0)
    for byte in bytes {
      state ^= UInt32(byte)
      for _ in 0..<8 {
        let half: UInt32 = state >> 1
        state = state & 1 == 1 ? half ^ 0x82f6_3b78 : half
      }
    }
    return ~state
  }
}
