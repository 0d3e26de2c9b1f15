import ArgumentParser
import Reports
import Studies
import Tasks
import Training

struct DemoCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "demo",
    abstract: "Compares untuned AdamQLR with Adam on digits that the program draws.")

  @Option(help: ArgumentHelp("The length of each run.", valueName: "n"))
  var epochs = 20

  @Option(help: ArgumentHelp("What everything random follows from.", valueName: "n"))
  var seed = 0

  func run() throws {
    Interruption.watch()
    let folder = try makeRunsDirectory("demo")
    var table = TextTable("", "batch", "training loss", "test accuracy", "seconds")
    for (name, preset, batchSize) in [
      ("AdamQLR, untuned", Preset.adamQLR, 3200), ("Adam 1e-3", .adam, 3200),
      ("AdamQLR, untuned", .adamQLR, 128), ("Adam 1e-3", .adam, 128),
    ] {
      var sources = SettingsSources()
      try sources.add("optimizer", .text(preset.name), from: "demo")
      try sources.add("batch-size", .integer(batchSize), from: "demo")
      try sources.add("epochs", epochs, from: "--epochs")
      try sources.add("seed", seed, from: "--seed")
      let run = try TrainingRun(
        try sources.resolve(), in: "\(folder)/\(preset.name)-\(batchSize)")
      let reporter = TextReporter(run)
      reporter.start()
      let summary = try run.run { event in
        reporter.report(event)
        return Interruption.signal == 0 ? .goOn : .stop
      }
      if Interruption.signal != 0 { throw ExitCode(128 + Interruption.signal) }
      Output.line("")
      table.add(
        name, batchSize.grouped, summary.training.loss.short,
        summary.test?.accuracy?.percent ?? "", summary.seconds.short)
    }
    Output.line("digits, \(epochs) epochs each, seed \(seed):")
    table.lines.forEach(Output.line)
    Output.line("")
    try ReportWriter(
      report: Report(try RunCollection([folder])), format: .html, folder: folder
    ).write()
  }
}
