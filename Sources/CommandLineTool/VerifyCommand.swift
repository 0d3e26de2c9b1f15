import ArgumentParser
import Studies

struct VerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify", abstract: "Replays reference traces and compares every figure.")
  func run() throws {}
}
