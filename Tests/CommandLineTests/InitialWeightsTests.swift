import Foundation
import Testing

@Suite("Weights to start from, and to take elsewhere")
struct InitialWeightsTests {
  private func train(_ options: String..., output: String) throws -> Tool.Result {
    try Tool.run(
      [
        "train", "--task", "digits-color", "--model", "vit-s16", "--set", "network.patch=8",
        "--set",
        "network.embedding=12", "--set", "network.heads=2", "--set", "network.layers=2", "--set",
        "network.pooling=class-token", "--batch-size", "64", "--eval-every", "100", "--set",
        "weights=last", "--output", output,
      ] + options)
  }

  private func weights(_ run: String, _ step: Int) throws -> Data {
    let digits = String(repeating: "0", count: 9 - String(step).count) + String(step)
    return try Data(
      contentsOf: URL(fileURLWithPath: "\(run)/checkpoints/step-\(digits)/weights.safetensors"))
  }

  @Test("A run's weights are exported, read again, and resumed without the file")
  func roundTrip() throws {
    let (first, second) = (Tool.newPath("first"), Tool.newPath("second"))
    let result = try train("--steps", "3", output: first)
    try #require(result.status == 0, "\(result.errors)")
    let file = Tool.newPath("model") + ".safetensors"
    let export = try Tool.run("export", first, "--output", file)
    #expect(export.status == 0 && export.output.contains("timm"), "\(export.errors)")
    let again = try train("--initial-weights", file, "--steps", "2", output: second)
    try #require(again.status == 0, "\(again.errors)")
    // The same as from the run's own file, under its own names.
    let own = Tool.newPath("own")
    let step = "\(first)/checkpoints/step-000000003/weights.safetensors"
    #expect(try train("--initial-weights", step, "--steps", "2", output: own).status == 0)
    #expect(try weights(own, 2) == weights(second, 2))
    #expect(try weights(second, 2) != weights(first, 3))
    // What was read once is not needed again.
    try FileManager.default.removeItem(atPath: file)
    let resumed = try Tool.run("train", "--resume", second, "--steps", "3")
    #expect(resumed.status == 0, "\(resumed.errors)")
    let refused = try Tool.run("export", first, "--output", "\(first)/run.json")
    #expect(refused.status == 73)
  }

  @Test("Weights that do not fit are named, with the setting that helps")
  func misfits() throws {
    let run = Tool.newPath("run")
    #expect(try train("--steps", "1", output: run).status == 0)
    let file = Tool.newPath("model") + ".safetensors"
    #expect(try Tool.run("export", run, "--output", file).status == 0)
    func refuse(_ status: Int32, _ parts: String..., options: String...) throws {
      let refused = try Tool.run(
        ["train", "--task", "digits-color", "--steps", "1", "--output", Tool.newPath("none")]
          + options)
      #expect(refused.status == status, "\(refused.errors)")
      for part in parts { #expect(refused.errors.contains(part), "\(refused.errors)") }
    }
    try refuse(66, "No such file", options: "--initial-weights", "/nowhere.safetensors")
    try refuse(65, "resnet18", "torchvision", options: "--initial-weights", file)
    try refuse(
      65, "'pos_embed'", "network.pooling=class-token", options: "--initial-weights", file,
      "--model", "vit-s16", "--set", "network.patch=8", "--set", "network.embedding=12", "--set",
      "network.heads=2", "--set", "network.layers=2")
    try refuse(64, "frozen", "'nose'", options: "--set", "frozen=[nose]")
    try refuse(64, "nothing to learn", options: "--set", "frozen=[stem, stemNorm, blocks, output]")
    try Data("no weights".utf8).write(to: URL(fileURLWithPath: file))
    try refuse(65, "safetensors", options: "--initial-weights", file)
    let digits = Tool.newPath("digits")
    #expect(try Tool.run("train", "--steps", "1", "--output", digits).status == 0)
    let export = try Tool.run("export", digits, "--output", file)
    #expect(export.status == 64 && export.errors.contains("'mlp'"))
  }
}
