import Files
import Foundation

/// A process that makes jobs, one after the other: it reads a ``Job`` a line, and writes messages about
/// it.
///
/// Runs may take a tenth of a second, which starting a process for each would double.
public enum JobWorker {
  /// The name of the environment variable that tells a process to stop when its parent, whose number
  /// it is, has gone.
  static let parentVariable = "ADAMQLR_PARENT"

  /// Makes the jobs that standard input names, until that ends or `goesOn` says no.
  ///
  /// - Parameter goesOn: Is asked after every step.
  public static func serve(_ goesOn: () -> Bool) throws {
    // Not by readLine, which at the end of the input waits for ever where an earlier call of the system
    // was interrupted.
    var input = LineBuffer()
    while goesOn() {
      let piece = FileHandle.standardInput.availableData
      guard !piece.isEmpty else { return }
      for line in input.append(piece) where goesOn() { try make(line, while: goesOn) }
    }
  }

  private static func make(_ line: Data, while goesOn: () -> Bool) throws {
    let job = try decoder.decode(Job.self, from: line)
    do {
      try say(.ended(try job.make(reporting: { try? say(.progress($0)) }, while: goesOn)))
    } catch {
      try say(.failed("\(error)"))
    }
  }

  private static func say(_ message: JobMessage) throws {
    try FileHandle.standardOutput.write(contentsOf: try line(message))
  }

  static func line(_ message: some Encodable) throws -> Data {
    let encoder = JSONEncoder()
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return try encoder.encode(message) + Data("\n".utf8)
  }

  static var decoder: JSONDecoder {
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return decoder
  }
}
