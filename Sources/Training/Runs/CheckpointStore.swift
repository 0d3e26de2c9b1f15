import Foundation
import Networks
import Torch

/// The checkpoints of one run, of which the newest few are kept.
struct CheckpointStore {
  /// The name under which a checkpoint is written before it is whole.
  static let unfinishedName = ".unfinished"

  private let directory: RunDirectory
  private let keptCount: Int

  init(_ directory: RunDirectory, keeping keptCount: Int) {
    self.directory = directory
    self.keptCount = keptCount
  }

  /// Writes a checkpoint and removes those that are no longer kept.
  func write(_ trainer: Trainer, logPosition: Int) throws {
    try Checkpoint.write(trainer, logPosition: logPosition, to: path(ofStep: trainer.step))
    let kept = steps().filter { $0 <= trainer.step }.suffix(keptCount)
    for step in steps() where !kept.contains(step) {
      try? FileManager.default.removeItem(atPath: path(ofStep: step))
    }
  }

  /// The newest checkpoint that is whole, and what is wrong with those after it.
  func newest(_ model: Model, _ type: DataType) -> (checkpoint: Checkpoint?, damage: [FileError]) {
    var damage: [FileError] = []
    for step in steps().reversed() {
      do {
        return (try Checkpoint(path(ofStep: step), model, type), damage)
      } catch {
        damage.append(error)
      }
    }
    return (nil, damage)
  }

  /// The steps of the checkpoints that there are, rising.
  private func steps() -> [Int] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: directory.checkpointsPath))
    return (names ?? []).compactMap { name in
      name.hasPrefix(Self.prefix) ? Int(name.dropFirst(Self.prefix.count)) : nil
    }.sorted()
  }

  private func path(ofStep step: Int) -> String {
    let digits = String(step)
    let zeros = String(repeating: "0", count: max(9 - digits.count, 0))
    return "\(directory.checkpointsPath)/\(Self.prefix)\(zeros)\(digits)"
  }

  private static let prefix = "step-"
}
