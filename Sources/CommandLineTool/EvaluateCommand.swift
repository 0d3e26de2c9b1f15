import ArgumentParser
import Training

struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate", abstract: "Scores what a run has learned.",
    discussion: """
      Reads the newest checkpoint of a run and its data. A run that learned from a table can be \
      judged by other rows, which must have the target.

        adamqlr evaluate runs/digits-adamqlr-20260101-120000
        adamqlr evaluate runs/houses --table sold-since.csv
      """)

  @Argument(help: ArgumentHelp("The run's directory.", valueName: "run"))
  var path: String

  @Option(
    help: ArgumentHelp(
      "The directory of the data sets. Default: where they were in training.", valueName: "dir"))
  var dataDir: String?

  @Option(
    help: ArgumentHelp(
      "A table to judge by, instead of the run's own data.", valueName: "file"))
  var table: String?

  @Flag(help: "Print one JSON object.")
  var json = false

  func run() throws {
    let directory = try RunDirectory(existing: path)
    let model =
      if let table {
        try TrainedModel(directory, judgedBy: table)
      } else {
        try TrainedModel(directory, dataDirectory: dataDir)
      }
    for damage in model.damage { Output.warning("\(damage); taking the one before") }
    let scores = model.evaluate()
    // Of a table to judge by, all rows are test rows.
    let training = table == nil ? scores.training : nil
    let (validation, test) = (scores.validation, scores.test)
    if json {
      var line = JSONLine()
      line.add("steps", model.step)
      line.add("train_loss", training?.loss)
      line.add("train_accuracy", training?.accuracy)
      line.add("validation_loss", validation?.loss)
      line.add("validation_accuracy", validation?.accuracy)
      line.add("test_loss", test?.loss)
      line.add("test_accuracy", test?.accuracy)
      line.print()
    } else {
      Output.line(
        "\(model.settings.optimizer.rawValue) on \(model.settings.task.rawValue), after step "
          + "\(model.step.grouped):")
      TextTable(scores: training, validation, test).lines.forEach(Output.line)
    }
  }
}

extension TextTable {
  /// The scores on the three parts of a data set, as far as they are there.
  init(scores training: Score?, _ validation: Score?, _ test: Score?) {
    self.init("", "loss", "accuracy")
    for (name, score) in [("training", training), ("validation", validation), ("test", test)] {
      if let score { add(name, score.loss.short, score.accuracy?.percent ?? "") }
    }
  }
}
