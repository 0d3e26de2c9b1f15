import ArgumentParser
import Tasks
import Torch
import Training

struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train", abstract: "Trains a network.",
    discussion: """
      Settings come from the defaults, then YAML files in order, then flags. The preset that \
      --optimizer names is the base of all of them; 'adamqlr optimizers' lists every setting.

        adamqlr train
        adamqlr train --task uci-energy --data-dir data --epochs 200
        adamqlr train --optimizer adam --set learning-rate.value=1e-2 --batch-size 128
        adamqlr train -c base.yaml -c mine.yaml --json

      Ctrl-C ends the run after the current step, with the summary so far.
      """)

  @OptionGroup var options: SettingsOptions

  @Option(help: ArgumentHelp("Length in epochs. Default: the task's.", valueName: "n"))
  var epochs: Int?

  @Option(help: ArgumentHelp("Length in steps, instead of epochs.", valueName: "n"))
  var steps: Int?

  @Flag(help: "One JSON object a line on standard output instead, the summary last.")
  var json = false

  func validate() throws {
    if epochs != nil, steps != nil {
      throw ValidationError("give --epochs or --steps, not both")
    }
  }

  func run() throws {
    var sources = try options.sources()
    try sources.add("epochs", epochs, from: "--epochs")
    if epochs != nil { try sources.add("steps", .null, from: "--epochs") }
    try sources.add("steps", steps, from: "--steps")
    let settings = try sources.resolve()
    var trainer = try Trainer(settings)
    let reporter: any TrainingReporter =
      json ? JSONReporter(trainer) : TextReporter(trainer)
    Interruption.watch()
    reporter.start()
    let summary = try trainer.run { event in
      reporter.report(event)
      return Interruption.signal == 0 ? .goOn : .stop
    }
    reporter.finish(summary)
    if Interruption.signal != 0 { throw ExitCode(128 + Interruption.signal) }
  }
}
