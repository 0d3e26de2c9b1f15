import AdamQLRNetworks
import AdamQLRTorch
import ArgumentParser
import Files
import Foundation
import Tasks
import Training

struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export", abstract: "Writes what a run has learned for other packages.",
    discussion: """
      The file has the names and layouts that the model has elsewhere: torchvision's of resnet18 and \
      resnet50 (with network.stem=imagenet), timm's of vit-s16 (with network.pooling=class-token), and \
      Hugging Face transformers' of gpt2. 'train --initial-weights FILE' reads the same.

        adamqlr export runs/photos --output model.safetensors
      """)

  @Argument(help: ArgumentHelp("The run's directory.", valueName: "run"))
  var path: String

  @Option(help: ArgumentHelp("The file, in the safetensors format.", valueName: "file"))
  var output: String

  @Option(help: .runWeights) var weights: Weights.Choice?

  func run() throws {
    let directory = try RunDirectory(existing: path)
    let settings = try directory.settings()
    let destination = try OutputFile(output)
    try destination.refuse(where: RunDirectory.owns)
    guard let layout = settings.model.packageLayout(for: settings.task) else {
      throw SettingsError(
        "no other package is known that has the model '\(settings.modelKind?.rawValue ?? "")'; "
          + "the run's checkpoints are safetensors too, under the names of this one")
    }
    let trained = try TrainedModel(directory, weights: weights)
    for damage in trained.damage { Output.warning("\(damage); taking the one before") }
    let learned = Weights(
      step: trained.step, parameters: trained.parameters.to(.cpu),
      statistics: trained.statistics.to(.cpu))
    let tensors = layout.write(learned, of: trained.problem.model)
    let file = Safetensors(tensors, metadata: ["format": "pt"])
    var data = Data()
    try file.write { data.append(contentsOf: $0) }
    try destination.write(data)
    Output.line("\(tensors.count) tensors as \(layout.package) has them are in \(output)")
  }
}
