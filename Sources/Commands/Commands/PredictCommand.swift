import AdamQLRNetworks
import ArgumentParser
import Foundation
import Tasks
import AdamQLRTorch
import Training

struct PredictCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "predict", abstract: "Predicts with what a run has learned from a table.",
    discussion: """
      FILE has the columns of the training file, in any order; the target may be absent. The \
      predictions are CSV, a row for each of the file's, in its order: the target, and for classes \
      the probability of each.

        adamqlr train --task table --set data.path=houses.csv --set data.target=price \\
          --output runs/houses
        adamqlr predict runs/houses new-houses.csv --output prices.csv
      """)

  @Argument(help: ArgumentHelp("The run's directory.", valueName: "run"))
  var path: String

  @Argument(help: ArgumentHelp("The table.", valueName: "file"))
  var file: String

  @Option(help: ArgumentHelp("Where to write. Default: standard output.", valueName: "csv"))
  var output: String?

  @Option(help: .runWeights) var weights: Weights.Choice?

  @Option(help: .runDevice) var device: String?

  func run() throws {
    let predictor = try TablePredictor(
      RunDirectory(existing: path), device: try device.map(Device.init(option:)),
      weights: weights)
    for damage in predictor.damage { Output.warning("\(damage); taking the one before") }
    let (columns, unseen) = try predictor.predict(file)
    for (column, count) in unseen.sorted(by: { $0.key < $1.key }) {
      Output.warning(
        "note: column '\(column)' has \(count) words that the training file does not have")
    }
    var lines = [CSVTable.line(of: columns.map(\.name))]
    for row in columns[0].cells.indices {
      lines.append(CSVTable.line(of: columns.map { $0.cells[row] }))
    }
    let text = lines.joined(separator: "\n")
    guard let output else { return Output.line(text) }
    do {
      try Data("\(text)\n".utf8).write(to: URL(fileURLWithPath: output), options: .atomic)
    } catch {
      throw ValidationError("\(output) cannot be written: \(error.localizedDescription)")
    }
  }
}
