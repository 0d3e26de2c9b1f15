import Files
import Foundation
import AdamQLRNetworks
import AdamQLRTorch

/// How far a run has come, and with what program; the contents of its `run.json`.
public struct RunStatus: Codable, Sendable {
  /// What has become of the run.
  public enum State: String, Codable, Sendable {
    /// Steps are being made, unless the process was killed.
    case running
    /// It was asked to stop before its end.
    case stopped
    /// It came to its end.
    case finished
    /// It ended because it diverged.
    case diverged
  }

  /// What has become of the run.
  public var state = State.running
  /// The version of this package.
  public var version = Release.version
  /// The version of libtorch.
  public var libtorch = Runtime.version
  /// The number of threads.
  public var threads = Runtime.threadCount
  /// Where it computes; absent in a run of an earlier version, which was on the processor.
  public var device: String?
  /// The number of ranks; absent where there is one process.
  public var ranks: Int?
  /// When it began.
  public var started = Date()
  /// The seed.
  public var seed: Int
  /// The number of parameters.
  public var parameters: Int
  /// The number of training examples.
  public var examples: Int
  /// The number of steps in an epoch.
  public var stepsPerEpoch: Int
  /// What came of it; absent until it ends.
  public var summary: TrainingSummary?

  /// The status of a run that begins.
  init(_ trainer: Trainer) {
    device = trainer.settings.device.description
    ranks = trainer.group?.size
    seed = trainer.settings.seed
    parameters = trainer.parameters.count
    examples = trainer.problem.training.count
    stepsPerEpoch = trainer.stepsPerEpoch
  }
}

extension RunDirectory {
  /// Reads the run's status.
  ///
  /// - Throws: ``FileError`` where the file is missing or damaged.
  public func status() throws(FileError) -> RunStatus {
    let data = try readFile(at: statusPath)
    do {
      return try StateCoding.decoder().decode(RunStatus.self, from: data)
    } catch {
      throw FileError(statusPath, "the file is damaged")
    }
  }

  func write(_ status: RunStatus) throws {
    try replaceFile(at: statusPath, with: try StateCoding.encoder().encode(status))
  }
}

/// JSON as runs have it: readable, every number to the last bit, numbers that are not finite as
/// words.
enum StateCoding {
  static func encoder(_ store: TensorStore? = nil) -> JSONEncoder {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    encoder.dateEncodingStrategy = .iso8601
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "infinity", negativeInfinity: "-infinity", nan: "nan")
    if let store { encoder.userInfo[.tensorStore] = store }
    return encoder
  }

  static func decoder(_ store: TensorStore? = nil) -> JSONDecoder {
    let decoder = JSONDecoder()
    decoder.dateDecodingStrategy = .iso8601
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "infinity", negativeInfinity: "-infinity", nan: "nan")
    if let store { decoder.userInfo[.tensorStore] = store }
    return decoder
  }
}
