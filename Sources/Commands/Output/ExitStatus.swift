import AdamQLRTorch
import ArgumentParser
import Files
import Foundation
import Studies
import Tasks
import Training

/// The exit statuses of failures, after `sysexits.h`.
///
/// 1 says that what was asked for was done and came out badly: a run diverged, a figure differs.
enum ExitStatus {
  /// Options, arguments or settings are not what they may be.
  static let usage: Int32 = 64
  /// A file's contents are not what they should be.
  static let data: Int32 = 65
  /// A file is not there or cannot be read.
  static let noInput: Int32 = 66
  /// Ray, or another rank, is not there, or does not answer.
  static let unavailable: Int32 = 69
  /// A file cannot be made.
  static let cannotCreate: Int32 = 73
  /// A file or standard output cannot be written.
  static let inputOutput: Int32 = 74

  /// The status of an error; `nil` where the parser of arguments knows.
  static func of(_ error: any Error) -> Int32? {
    switch error {
    case let error as DataError:
      switch error {
      case .missing, .unreadable: noInput
      case .malformed: data
      }
    case let error as FileError:
      switch error.kind {
      case .unreadable: noInput
      case .unsuitable: data
      case .uncreatable: cannotCreate
      case .unwritable: inputOutput
      }
    case is SettingsError, is ModelError: usage
    case is RayError: unavailable
    case let error as DistributedError:
      switch error {
      case .invalidVariable, .ranksDisagree: usage
      case .storeUnreachable, .rankTaken, .ranksMissing, .rankLost, .collectiveFailed: unavailable
      }
    default: nil
    }
  }
}

extension ParsableCommand {
  /// Runs the command with the process's arguments, and ends the process.
  static func runToExit() -> Never {
    Output.watchForFailure()
    do {
      var command = try parseAsRoot()
      try command.run()
      Foundation.exit(0)
    } catch {
      guard let status = ExitStatus.of(error) else { exit(withError: error) }
      Output.warning("Error: \(error)")
      Foundation.exit(status)
    }
  }
}
