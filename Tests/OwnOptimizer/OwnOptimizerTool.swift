import AdamQLR
import ArgumentParser
import Commands
import Training

/// The command with one optimizer more, by one line.
@main
struct OwnOptimizerTool: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "own-optimizer", abstract: "adamqlr with an optimizer of somebody's own.",
    subcommands: CommandGroup.runs + CommandGroup.lists)

  static func main() {
    Preset.register(
      SignDescent.preset, with: .direction("sign-descent", SignDescent(), usualRate: 1e-3))
    runAsProgram()
  }
}
