import AdamQLRNetworks
import ArgumentParser
import Files
import Foundation
import Tasks
import AdamQLRTorch
import Training

struct PredictCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "predict",
    abstract: "Predicts with what a run has learned from a table or from images.",
    discussion: """
      Of a table FILE has the columns of the training file, in any order; the target may be absent. The \
      predictions are CSV, a row for each of the file's, in its order: the target, and for classes \
      the probability of each. Of images, files and folders may be many; the predictions are the path, the \
      class and the probability of each.

        adamqlr train --task table --set data.path=houses.csv --set data.target=price \\
          --output runs/houses
        adamqlr predict runs/houses new-houses.csv --output prices.csv
        adamqlr predict runs/houses new-houses.csv --keep address --output prices.csv
        adamqlr predict runs/photos holiday/1.jpg more-photos
      """)

  @Argument(help: ArgumentHelp("The run's directory.", valueName: "run"))
  var path: String

  @Argument(help: ArgumentHelp("The table, or images and folders of them.", valueName: "file"))
  var files: [String]

  @Option(help: ArgumentHelp("Where to write. Default: standard output.", valueName: "csv"))
  var output: String?

  @Option(help: .runWeights) var weights: Weights.Choice?

  @Option(help: .runDevice) var device: String?

  @Option(
    help: ArgumentHelp(
      "A column of the file to carry into the output, such as an id; may be repeated.",
      valueName: "column"))
  var keep: [String] = []

  func run() throws {
    let directory = try RunDirectory(existing: path)
    let destination = try output.map { output throws(FileError) in
      try OutputFile(output, notReplacing: files)
    }
    try destination?.refuse(where: RunDirectory.owns)
    let task = try directory.settings().task
    let (columns, notes) =
      task == .images ? try predictImages(directory) : try predictTable(directory)
    for note in notes { Output.warning("note: \(note)") }
    var lines = [CSVTable.line(of: columns.map(\.name))]
    for row in columns[0].cells.indices {
      lines.append(CSVTable.line(of: columns.map { $0.cells[row] }))
    }
    let text = lines.joined(separator: "\n")
    guard let destination else { return Output.line(text) }
    try destination.write(Data("\(text)\n".utf8))
  }

  private func predictImages(
    _ directory: RunDirectory
  ) throws -> (columns: [TableEncoding.Prediction], notes: [String]) {
    guard keep.isEmpty else { throw SettingsError("--keep is for tables; images have their paths") }
    let predictor = try ImagePredictor(
      directory, device: try device.map(Device.init(option:)), weights: weights)
    for damage in predictor.damage { Output.warning("\(damage); taking the one before") }
    return try Output.showingProgress(of: "images") { try predictor.predict(files) }
  }

  private func predictTable(
    _ directory: RunDirectory
  ) throws -> (columns: [TableEncoding.Prediction], notes: [String]) {
    guard files.count == 1 else {
      throw SettingsError(
        "the run in \(directory.path) predicts the rows of one file, but there are \(files.count)")
    }
    let predictor = try TablePredictor(
      directory, device: try device.map(Device.init(option:)), weights: weights)
    for damage in predictor.damage { Output.warning("\(damage); taking the one before") }
    return try predictor.predict(files[0], keeping: keep)
  }
}
