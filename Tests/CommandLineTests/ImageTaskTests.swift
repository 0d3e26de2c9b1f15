import Foundation
import Testing

@Suite("Tasks of color images")
struct ImageTaskTests {
  /// A directory with a small data set of CIFAR-10's form: 108 images train, 12 validate.
  private static let data: String = {
    let path = Tool.newPath("cifar")
    let folder = URL(fileURLWithPath: path + "/cifar-10")
    try? FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    var state: UInt32 = 1
    for name in (1...5).map({ "data_batch_\($0).bin" }) + ["test_batch.bin"] {
      var bytes = Data()
      for image in 0..<(name == "test_batch.bin" ? 10 : 24) {
        bytes.append(UInt8(image % 10))
        for place in 0..<3072 {
          // The class shows in the first rows of one channel.
          state = state &* 1_664_525 &+ 1_013_904_223
          let isMarked = place % 1024 < 320 && place / 1024 == image % 3
          bytes.append(UInt8(state >> 24) / 2 + (isMarked ? UInt8(12 * (image % 10)) : 0))
        }
      }
      try? bytes.write(to: folder.appendingPathComponent(name))
    }
    return path
  }()

  private static let residual = ["--model", "resnet18", "--set", "network.width=2"]
  private static let transformer = [
    "--model", "vit-s16", "--set", "network.patch=8", "--set", "network.embedding=8",
    "--set", "network.heads=2", "--set", "network.layers=1", "--set", "network.dropout=0.3",
  ]

  private func arguments(_ model: [String], _ output: String, steps: Int) -> [String] {
    // Two batches an epoch, each large enough to be prepared on another thread.
    [
      "train", "--task", "cifar-10", "--data-dir", Self.data, "--batch-size", "54", "--steps",
      "\(steps)", "--checkpoint-every", "1", "--json", "--set",
      "learning-rate.independent-batch=true", "--output", output,
    ] + model
  }

  private func weights(_ directory: String, step: Int) throws -> Data {
    try Data(
      contentsOf: URL(
        fileURLWithPath: directory + "/checkpoints/step-00000000\(step)/weights.safetensors"))
  }

  @Test(
    "A run stopped, or killed, and resumed ends with the same weights and statistics",
    arguments: [residual, transformer])
  func resuming(_ model: [String]) throws {
    let (whole, stopped, killed) = (
      Tool.newPath("whole"), Tool.newPath("stopped"), Tool.newPath("killed")
    )
    let result = try Tool.run(arguments(model, whole, steps: 7))
    #expect(result.status == 0, "\(result.errors)")
    let expected = try weights(whole, step: 7)
    let text = String(decoding: expected.prefix(20_000), as: UTF8.self)
    #expect(text.contains("stemNorm.runningMean") == model.contains("resnet18"))

    #expect(try Tool.run(arguments(model, stopped, steps: 3)).status == 0)
    #expect(try Tool.run("train", "--resume", stopped, "--steps", "7").status == 0)
    #expect(try weights(stopped, step: 7) == expected)

    let process = try Tool.start(
      arguments(model, killed, steps: 7), output: Pipe(), errors: Pipe())
    let first = killed + "/checkpoints/step-000000002"
    while process.isRunning, !FileManager.default.fileExists(atPath: first) { usleep(1000) }
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
    #expect(try Tool.run("train", "--resume", killed).status == 0)
    #expect(try weights(killed, step: 7) == expected)
  }

  @Test("The seed determines which images a batch has and how they are varied")
  func seeds() throws {
    func weights(_ more: String...) throws -> Data {
      let path = Tool.newPath("seed")
      let result = try Tool.run(arguments(Self.transformer, path, steps: 2) + more)
      #expect(result.status == 0, "\(result.errors)")
      return try self.weights(path, step: 2)
    }
    let first = try weights("--seed", "3")
    #expect(try weights("--seed", "3") == first)
    #expect(try weights("--seed", "4") != first)
  }

  @Test("A run is judged by its images as they are, and its statistics")
  func evaluation() throws {
    let path = Tool.newPath("judged")
    let run = try Tool.run(arguments(Self.residual, path, steps: 3))
    let summary = try #require(try run.objects().last)
    let scores = try Tool.run("evaluate", path, "--json").objects()
    let score = try #require(scores.last)
    #expect(score["test_loss"] as? Double == summary["test_loss"] as? Double)
    #expect(score["train_loss"] as? Double == summary["train_loss"] as? Double)
  }

  @Test("Missing and damaged files are named, with what to do")
  func errors() throws {
    let missing = try Tool.run("train", "--task", "cifar-10", "--data-dir", "/nowhere")
    #expect(missing.status != 0)
    for part in ["cifar-10/data_batch_1.bin", "/nowhere", "adamqlr data fetch"] {
      #expect(missing.errors.contains(part), "\(missing.errors)")
    }
    let svhn = try Tool.run("train", "--task", "svhn", "--data-dir", "/nowhere")
    #expect(svhn.errors.contains("svhn/train_32x32.mat"), "\(svhn.errors)")
    let list = try Tool.run("data", "list", "--data-dir", Self.data).output
    #expect(list.contains("6 of 6") && list.contains("svhn"))
  }
}
