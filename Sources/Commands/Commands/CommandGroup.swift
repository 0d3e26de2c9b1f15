import ArgumentParser
import Foundation
import AdamQLRTorch

/// The commands that need no network, in the order of the help. A program chooses among them.
package enum CommandGroup {
  /// Making runs, and using them.
  package static var runs: [any ParsableCommand.Type] {
    [
      TrainCommand.self, CompareCommand.self, AblateCommand.self, StudyCommand.self,
      TuneCommand.self, PaperCommand.self,
      ReportCommand.self,
      EvaluateCommand.self, PredictCommand.self, GenerateCommand.self, ExportCommand.self,
    ]
  }

  /// Checking and measuring the program itself.
  package static var checks: [any ParsableCommand.Type] {
    [VerifyCommand.self, BenchCommand.self, CheckDeviceCommand.self]
  }

  /// Saying what there is.
  package static var lists: [any ParsableCommand.Type] {
    [TasksCommand.self, ModelsCommand.self, OptimizersCommand.self]
  }

  /// A first impression.
  package static var demonstration: [any ParsableCommand.Type] { [DemoCommand.self] }

  /// What a GPU is checked and measured with.
  package static var onDevices: [any ParsableCommand.Type] {
    [TrainCommand.self, BenchCommand.self, CheckDeviceCommand.self] + lists
  }
}

extension ParsableCommand {
  /// Runs the command as a program, with the process's arguments. Where memory runs out, the program
  /// says what helps.
  package static func runAsProgram() {
    Runtime.tuneProcess()
    Runtime.whenOutOfMemory { error in
      Output.warning(
        "Error: out of memory: \(error)\nA smaller --batch-size needs less, and so does "
          + "--micro-batches N, which makes the same steps from N parts of a batch.")
      Foundation.exit(1)
    }
    runToExit()
  }
}
