import AdamQLRNetworks
import ArgumentParser
import Foundation
import AdamQLRTorch
import Training

struct GenerateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "generate", abstract: "Writes a text with what a run has learned from one.",
    discussion: """
      Prints the prompt and what the model goes on with, token by token. The same seed gives the \
      same text.

        adamqlr train --task text --set text.path=plays.txt --output runs/plays
        adamqlr generate runs/plays --prompt 'ROMEO:' --temperature 0.8
      """)

  @Argument(help: ArgumentHelp("The run's directory.", valueName: "run"))
  var path: String

  @Option(help: ArgumentHelp("How the text begins. Default: a new line.", valueName: "text"))
  var prompt = ""

  @Option(help: ArgumentHelp("How many bytes or words to add.", valueName: "n"))
  var tokens = 200

  @Option(
    help: ArgumentHelp(
      "1: as the model would have it; less: likelier tokens; 0: always the likeliest.",
      valueName: "t"))
  var temperature = 1.0

  @Option(help: ArgumentHelp("What the draws follow from.", valueName: "n"))
  var seed = 0

  @Option(help: .runWeights) var weights: Weights.Choice?

  @Option(help: .runDevice) var device: String?

  func validate() throws {
    guard tokens >= 0 else {
      throw ValidationError("--tokens is \(tokens), but must be a whole number from 0")
    }
    guard temperature >= 0, temperature.isFinite else {
      throw ValidationError("--temperature is \(temperature), but must be a number from 0")
    }
    guard seed >= 0 else {
      throw ValidationError("--seed is \(seed), but must be a whole number from 0")
    }
  }

  func run() throws {
    let generator = try TextGenerator(
      RunDirectory(existing: path), device: try device.map(Device.init(option:)),
      weights: weights)
    for damage in generator.damage { Output.warning("\(damage); taking the one before") }
    Interruption.watch()
    Output.bytes(Array(prompt.utf8))
    try generator.generate(
      after: prompt, count: tokens, temperature: temperature, seed: UInt64(seed)
    ) { text in
      if Interruption.signal != 0 { throw ExitCode(128 + Interruption.signal) }
      Output.bytes(text)
    }
    Output.bytes([UInt8(ascii: "\n")])
  }
}
