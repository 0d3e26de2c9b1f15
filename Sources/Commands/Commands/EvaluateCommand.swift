import AdamQLRNetworks
import ArgumentParser
import Tasks
import AdamQLRTorch
import Training

struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate", abstract: "Scores what a run has learned.",
    discussion: """
      Reads the newest checkpoint of a run and its data. Where the run has validation examples, the \
      weights with the lowest validation loss of any evaluation are scored, else the last. A run that learned from a table can be \
      judged by other rows, which must have the target; one that learned from a text, by another \
      text.

        adamqlr evaluate runs/digits-adamqlr-20260101-120000
        adamqlr evaluate runs/digits-adamqlr-20260101-120000 --weights last
        adamqlr evaluate runs/houses --table sold-since.csv
        adamqlr evaluate runs/plays --text sonnets.txt
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

  @Option(
    help: ArgumentHelp("A text to judge by, instead of the run's own data.", valueName: "file"))
  var text: String?

  @Option(help: .runWeights) var weights: Weights.Choice?

  @Option(help: .runDevice) var device: String?

  @Flag(help: "Print one JSON object.")
  var json = false

  func validate() throws {
    if table != nil, text != nil { throw ValidationError("give --table or --text, not both") }
  }

  func run() throws {
    let directory = try RunDirectory(existing: path)
    let device = try device.map(Device.init(option:))
    let model =
      if let table {
        try TrainedModel(directory, judgedBy: table, device: device, weights: weights)
      } else if let text {
        try TrainedModel(directory, judgedByText: text, device: device, weights: weights)
      } else {
        try Output.showingProgress(of: "images") {
          try TrainedModel(directory, dataDirectory: dataDir, device: device, weights: weights)
        }
      }
    for damage in model.damage { Output.warning("\(damage); taking the one before") }
    for note in model.problem.notes { Output.warning("note: \(note)") }
    let scores = model.evaluate()
    // Of a table or text to judge by, all is for the test.
    let isWhole = table == nil && text == nil
    let training = isWhole ? scores.training : nil
    let isText = model.problem.textEncoding != nil
    let (validation, test) = (scores.validation, scores.test)
    if json {
      var line = JSONLine()
      line.add("steps", model.step)
      line.add("weights", model.weights.rawValue)
      line.add(training: training, validation: validation, test: test, isText: isText)
      for (part, metrics) in metrics(model, all: isWhole) {
        line.add("\(part)_metrics", JSONLine(metrics))
      }
      line.print()
    } else {
      Output.line(
        "\(model.settings.optimizer.name) on \(model.settings.task.rawValue), after step "
          + "\(model.step.grouped)"
          + (model.weights == .best ? ", with the lowest validation loss:" : ":"))
      TextTable(scores: training, validation, test, model.problem).lines.forEach(Output.line)
      // The rows that nothing was learned from say most.
      if let (part, metrics) = metrics(model, all: isWhole).last {
        Output.line("")
        metrics.lines(of: part, target: model.problem.encoding?.targetName).forEach(Output.line)
      }
    }
  }

  /// How good predictions are on each part that there is.
  private func metrics(_ model: TrainedModel, all: Bool) -> [(part: String, TaskMetrics)] {
    let parts = [
      ("train", all ? model.problem.training : nil), ("validation", model.problem.validation),
      ("test", model.problem.test),
    ]
    return parts.compactMap { part, examples in
      examples.flatMap(model.metrics).map { (part, $0) }
    }
  }
}

extension TextTable {
  /// The scores on the three parts of a data set, as far as they are there; of texts with perplexity,
  /// and of bytes with the bits for each.
  init(scores training: Score?, _ validation: Score?, _ test: Score?, _ problem: Problem) {
    let vocabulary = problem.textEncoding?.vocabulary
    self.init(
      headings: ["", "loss", "accuracy"] + (vocabulary == nil ? [] : ["perplexity"])
        + (vocabulary?.kind == .bytes ? ["bits/byte"] : []))
    for (name, score) in [("training", training), ("validation", validation), ("test", test)] {
      guard let score else { continue }
      add(
        [name, score.loss.short, score.accuracy?.percent ?? ""]
          + (vocabulary == nil ? [] : [score.perplexity.short])
          + (vocabulary?.kind == .bytes ? [score.bits.short] : []))
    }
  }
}

extension JSONLine {
  /// The scores on the three parts of a data set; of texts with perplexity.
  ///
  /// - Parameter prefix: What the members' names begin with. Default: nothing.
  mutating func add(
    training: Score?, validation: Score?, test: Score?, isText: Bool, prefix: String = ""
  ) {
    for (part, score) in [("train", training), ("validation", validation), ("test", test)] {
      let name = prefix + part
      add("\(name)_loss", score?.loss)
      add("\(name)_accuracy", score?.accuracy)
      if isText { add("\(name)_perplexity", score?.perplexity) }
    }
  }
}
