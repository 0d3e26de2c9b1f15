import ArgumentParser
import Foundation
import Torch
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
    subcommands: [
      TrainCommand.self, CompareCommand.self, AblateCommand.self, StudyCommand.self,
      ReportCommand.self,
      EvaluateCommand.self,
      PredictCommand.self, GenerateCommand.self, DataCommand.self, VerifyCommand.self,
      BenchCommand.self, CheckDeviceCommand.self,
      TasksCommand.self, ModelsCommand.self, OptimizersCommand.self, DemoCommand.self,
    ])

  static func main() {
    Runtime.tuneProcess()
    Runtime.whenOutOfMemory { error in
      Output.warning(
        "Error: out of memory: \(error)\nA smaller --batch-size needs less, and so does "
          + "--micro-batches N, which makes the same steps from N parts of a batch.")
      Foundation.exit(1)
    }
    main(nil)
  }
}
