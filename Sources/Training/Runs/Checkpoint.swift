import Files
import AdamQLR
import Foundation
import AdamQLRNetworks
import AdamQLRTorch

/// All that a run needs to go on, in a directory of four or five files:
///
///     weights.safetensors     the learned parameters and the running statistics by name
///     best.safetensors        those of the evaluation with the lowest validation loss so far, where
///                             there was one
///     optimizer.safetensors   the optimizer's vectors, and the parameters that steps are made from
///                             where the method learns an average of them
///     state.json              everything else
///     checksums.txt           the size and CRC-32C of the others
///
/// It is written under another name and renamed when it has reached the disk, so that a checkpoint
/// is whole or not there; the checksums tell of damage done later.
public struct Checkpoint {
  /// The path of the directory.
  public let path: String
  /// The weights after the last step.
  public let last: Weights
  /// The weights with the lowest validation loss of any evaluation; `nil` where there were none, as
  /// in a checkpoint of an earlier version.
  public let best: Weights?
  /// The number of steps made.
  public var step: Int { last.step }
  let logPosition: Int
  private let vectors: [String: Tensor]
  private let stateData: Data
  private let header: Header

  /// The name under which a checkpoint is written before it is whole.
  private static let unfinishedName = ".unfinished"
  private static let weightsName = "weights.safetensors"
  private static let bestName = "best.safetensors"
  private static let optimizerName = "optimizer.safetensors"
  private static let stateName = "state.json"
  private static let checksumsName = "checksums.txt"

  /// What the state of this version looks like; 0.1.0 wrote none.
  private static let format = 2

  private struct StateFile: Codable {
    var version = Release.version
    var format = Checkpoint.format
    /// The size of the log at the checkpoint.
    var logPosition: Int
    var trainer: Trainer.State
  }

  /// What every version's state has.
  private struct Header: Decodable {
    var version: String
    var format: Int?
    var logPosition: Int
    var trainer: State

    struct State: Decodable {
      var progress: Progress
      struct Progress: Decodable {
        var step: Int
        var curve: LearningCurve?
      }
    }
  }

  /// Reads a checkpoint.
  ///
  /// - Parameters:
  ///   - path: Its directory.
  ///   - model: The model that the parameters belong to.
  ///   - type: Their type.
  ///   - device: Where they are wanted.
  /// - Throws: ``FileError`` where it is damaged or belongs to another model.
  init(
    _ path: String, _ model: Model, _ type: DataType, on device: Device
  ) throws(FileError) {
    self.path = path
    let files = try Self.readChecked(path)
    do {
      stateData = files[Self.stateName] ?? Data()
      header = try StateCoding.decoder().decode(Header.self, from: stateData)
      let progress = header.trainer.progress
      last = try Weights(
        files[Self.weightsName] ?? Data(), step: progress.step, model, type, device)
      let lowest = progress.curve?.lowest
      best = try lowest.map {
        try Weights(files[Self.bestName] ?? Data(), step: $0.step, model, type, device)
      }
      vectors = try Safetensors(files[Self.optimizerName] ?? Data()).tensors
        .mapValues { $0.to(device) }
      logPosition = header.logPosition
    } catch {
      throw FileError(path, "the checkpoint cannot be read: \(error)")
    }
  }

  /// What a run goes on from besides parameters and statistics.
  ///
  /// - Throws: ``FileError`` where it was written by a version whose state is another one.
  func state() throws(FileError) -> Trainer.State {
    guard header.format == Self.format else {
      throw FileError(
        path,
        "the checkpoint is one of adamqlr \(header.version), from which this version cannot go on; "
          + "what it has learned can still be evaluated and used")
    }
    do {
      return try StateCoding.decoder(TensorStore(vectors))
        .decode(StateFile.self, from: stateData).trainer
    } catch {
      throw FileError(path, "the checkpoint's state cannot be read: \(error)")
    }
  }

  /// Writes a checkpoint.
  static func write(_ trainer: Trainer, logPosition: Int, to path: String) throws {
    let url = URL(fileURLWithPath: path)
    let parent = url.deletingLastPathComponent()
    let unfinished = parent.appendingPathComponent(unfinishedName).path
    let manager = FileManager.default
    try? manager.removeItem(atPath: unfinished)
    do {
      try makeDirectory(at: unfinished)
      let weights = trainer.learnedWeights.file(of: trainer)
      // Written each time rather than linked to the one in the checkpoint before: damage to a file
      // must not be damage to all checkpoints.
      let best = trainer.best?.file(of: trainer)
      let store = TensorStore()
      let state = try StateCoding.encoder(store).encode(
        StateFile(logPosition: logPosition, trainer: trainer.state))
      let optimizer = Safetensors(store.tensors)
      var lines: [String] = []
      lines.append(try write(weightsName, in: unfinished) { try weights.write($0) })
      if let best { lines.append(try write(bestName, in: unfinished) { try best.write($0) }) }
      lines.append(try write(optimizerName, in: unfinished) { try optimizer.write($0) })
      lines.append(try write(stateName, in: unfinished) { try state.withUnsafeBytes($0) })
      let checksums = Data((lines.joined(separator: "\n") + "\n").utf8)
      _ = try write(checksumsName, in: unfinished) { try checksums.withUnsafeBytes($0) }
      try FileDescriptor.synchronize(directory: unfinished)
      // One may be there from before, if the run went back behind it because it is damaged.
      try? manager.removeItem(atPath: path)
      try renameFile(unfinished, to: path)
      try FileDescriptor.synchronize(directory: parent.path)
    } catch {
      try? manager.removeItem(atPath: unfinished)
      throw error
    }
  }

  /// Writes a file and returns its line of the checksums.
  private static func write(
    _ name: String, in directory: String,
    _ body: ((UnsafeRawBufferPointer) throws -> Void) throws -> Void
  ) throws -> String {
    let file = try FileDescriptor("\(directory)/\(name)", O_WRONLY | O_CREAT | O_TRUNC)
    var check = CRC32C()
    var size = 0
    try body { bytes in
      try file.write(bytes)
      check.add(bytes)
      size += bytes.count
    }
    try file.synchronize()
    return line(name, size, check)
  }

  /// The files' contents, compared with the checksums.
  private static func readChecked(_ path: String) throws(FileError) -> [String: Data] {
    let checksums = String(decoding: try readFile(at: "\(path)/\(checksumsName)"), as: UTF8.self)
    var files: [String: Data] = [:]
    var lines: [String] = []
    let hasBest = FileManager.default.fileExists(atPath: "\(path)/\(bestName)")
    for name in [weightsName] + (hasBest ? [bestName] : []) + [optimizerName, stateName] {
      let data = try readFile(at: "\(path)/\(name)")
      let found = data.withUnsafeBytes { line(name, $0.count, CRC32C.of($0)) }
      guard checksums.contains(found) else {
        throw FileError("\(path)/\(name)", "the checkpoint is damaged: the checksum differs")
      }
      files[name] = data
      lines.append(found)
    }
    guard checksums == lines.joined(separator: "\n") + "\n" else {
      throw FileError("\(path)/\(checksumsName)", "the checkpoint is damaged")
    }
    return files
  }

  private static func line(_ name: String, _ size: Int, _ check: CRC32C) -> String {
    let digits = String(check.value, radix: 16)
    return "\(String(repeating: "0", count: 8 - digits.count))\(digits) \(size) \(name)"
  }
}

extension Weights {
  /// Reads what ``file(of:)`` makes.
  fileprivate init(
    _ data: Data, step: Int, _ model: Model, _ type: DataType, _ device: Device
  ) throws {
    try self.init(step: step, joining: Safetensors(data).tensors, of: model, type)
    parameters = parameters.to(device)
    statistics = statistics.to(device)
  }

  /// The tensors by name, and where they are from.
  fileprivate func file(of trainer: Trainer) -> Safetensors {
    Safetensors(
      tensors(of: trainer.problem.model),
      metadata: [
        "format": "pt", "task": trainer.settings.task.rawValue, "step": String(step),
      ])
  }
}

extension RunDirectory {
  /// The run's newest checkpoint that is whole, and what is wrong with those after it.
  ///
  /// - Parameters:
  ///   - model: The run's model.
  ///   - precision: The precision of its vectors.
  ///   - device: Where they are wanted. Default: the processor.
  public func newestCheckpoint(
    of model: Model, _ precision: Settings.Precision, on device: Device = .cpu
  ) -> (checkpoint: Checkpoint?, damage: [FileError]) {
    var damage: [FileError] = []
    for step in checkpointSteps().reversed() {
      do {
        let path = checkpointPath(ofStep: step)
        return (try Checkpoint(path, model, precision.type, on: device), damage)
      } catch {
        damage.append(error)
      }
    }
    return (nil, damage)
  }

  /// Writes a checkpoint and removes all but the newest few.
  func writeCheckpoint(_ trainer: Trainer, logPosition: Int) throws {
    try Checkpoint.write(
      trainer, logPosition: logPosition, to: checkpointPath(ofStep: trainer.step))
    let steps = checkpointSteps()
    let kept = steps.filter { $0 <= trainer.step }.suffix(trainer.settings.keptCheckpoints)
    for step in steps where !kept.contains(step) {
      try? FileManager.default.removeItem(atPath: checkpointPath(ofStep: step))
    }
  }

  /// The steps of the checkpoints that there are, rising.
  private func checkpointSteps() -> [Int] {
    let names = try? FileManager.default.contentsOfDirectory(atPath: checkpointsPath)
    return (names ?? []).compactMap { name in
      name.hasPrefix(Self.stepPrefix) ? Int(name.dropFirst(Self.stepPrefix.count)) : nil
    }.sorted()
  }

  private func checkpointPath(ofStep step: Int) -> String {
    let digits = String(step)
    let zeros = String(repeating: "0", count: max(9 - digits.count, 0))
    return "\(checkpointsPath)/\(Self.stepPrefix)\(zeros)\(digits)"
  }

  private static let stepPrefix = "step-"
}
