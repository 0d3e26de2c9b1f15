import ArgumentParser
import Commands
import Training

@main
struct AdamQLRTool: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "adamqlr",
    abstract: "Trains networks with AdamQLR, and studies which of its heuristics earn their keep.",
    discussion: """
      AdamQLR takes Adam's direction and chooses learning rate and damping by K-FAC's heuristics \
      (Clarke and Hernández-Lobato, ICML 2024); it needs no tuning. A first run, which needs no \
      data:

        adamqlr train

      'adamqlr help COMMAND' explains a command; 'adamqlr optimizers' lists every setting.
      """,
    version: Release.description,
    subcommands: CommandGroup.runs + [DataCommand.self] + CommandGroup.checks + CommandGroup.lists
      + CommandGroup.demonstration)

  static func main() { runAsProgram() }
}
