import Foundation
import Testing
import Training

@Suite("The other commands of adamqlr")
struct OtherCommandTests {
  @Test(
    "Every command answers --help",
    arguments: [
      [], ["train"], ["compare"], ["ablate"], ["report"], ["evaluate"], ["predict"], ["data"],
      ["data", "fetch"], ["verify"], ["bench"], ["tasks"], ["models"], ["optimizers"], ["demo"],
    ])
  func help(_ command: [String]) throws {
    let result = try Tool.run(command + ["--help"])
    #expect(result.status == 0)
    #expect(result.output.contains("USAGE: adamqlr"))
    #expect(result.output.contains("OVERVIEW"))
  }

  @Test("bench prints its figures")
  func bench() throws {
    let result = try Tool.run(
      "bench", "--task", "uci-energy", "--batch-size", "64", "--random-data", "--seconds", "0.1",
      "--json")
    let object = try #require(try result.objects().first)
    let (low, median, high) = (
      try #require(object["p10_us"] as? Double), try #require(object["median_us"] as? Double),
      try #require(object["p90_us"] as? Double)
    )
    #expect(0 < low && low <= median && median <= high)
    #expect(try #require(object["mean_us"] as? Double) > 0)
    #expect(try #require(object["steps"] as? Int) >= 30)
    #expect(object["batch_size"] as? Int == 64)
  }

  @Test("bench makes whole intervals, however slow a step is")
  func benchIntervals() throws {
    // 30 steps are no multiple of 28, and 0.001 s are over before.
    let result = try Tool.run(
      "bench", "--task", "uci-energy", "--batch-size", "500", "--random-data", "--seconds", "0.001",
      "--set", "damping.interval=7", "--optimizer", "kfac", "--set", "direction.inverse-interval=4",
      "--json")
    let object = try #require(try result.objects().first)
    #expect(try #require(object["steps"] as? Int).isMultiple(of: 28), "\(object)")
  }

  @Test("tasks and optimizers list what there is")
  func lists() throws {
    let tasks = try Tool.run("tasks").output
    let models = try Tool.run("models").output
    for part in ["resnet18", "vit-s16", "network.width=64", "digits-color"] {
      #expect(models.contains(part))
    }
    #expect(tasks.contains("network mlp 784-50-10") && tasks.contains("network resnet18"))
    for name in ["rosenbrock", "digits", "uci-energy", "uci-protein", "fashion-mnist", "mnist-10k"]
    {
      #expect(tasks.contains(name))
    }
    let optimizers = try Tool.run("optimizers").output
    for name in ["adamqlr", "sgdqlr", "adamw", "damping.kind=none", "direction.beta1=0.9"] {
      #expect(optimizers.contains(name), "\(name)")
    }
    for preset in Preset.all {
      #expect(optimizers.contains("\n  \(preset.name)\n"))
      let kinds = preset.method.kinds.filter { $0.axis != .acceptance }.compactMap(\.name)
      #expect(optimizers.contains(kinds.joined(separator: " × ")))
    }
    let presets = optimizers.split(separator: "\nSettings")[0]
    #expect(presets.split(separator: "\n").allSatisfy { $0.count <= 80 })
  }

  @Test("verify passes a good trace and fails a bad one or one that is not supported")
  func verify() throws {
    let good = """
      {"name": "rosenbrock/sgd", "model": {"kind": "rosenbrock"}, "loss": "mean squared",
       "initial_parameters": {"position": {"shape": [2], "values": [1, -1]}},
       "final_parameters": {"position": {"shape": [2], "values": [0.8, -0.9]}},
       "inputs": {"shape": [1, 1], "values": [0]}, "targets": {"shape": [1, 1], "values": [0]},
       "optimizer": {"name": "sgd", "learning_rate": 0.001}, "batches": [[0]],
       "steps": [{"loss": 100}]}
      """
    func run(_ text: String, _ options: String...) throws -> Tool.Result {
      try Tool.withFile(text) { try Tool.run(["verify", $0] + options) }
    }
    let pass = try run(good)
    #expect(pass.status == 0)
    #expect(pass.lines.last == "1 passed, 0 failed")
    let wrong = good.replacingOccurrences(of: "\"loss\": 100", with: "\"loss\": 100.001")
    let fail = try run(wrong)
    #expect(fail.status == 1)
    #expect(fail.lines.first?.contains("FAIL") == true)
    #expect(fail.lines.first?.contains("loss at step 1") == true)
    #expect(try run(wrong, "--tolerance", "1e-4").status == 0)
    let unsupported = try run(good.replacingOccurrences(of: "\"sgd\"", with: "\"magic\""))
    #expect(unsupported.status == 1)
    #expect(unsupported.output.contains("unsupported: optimizer 'magic'"))
  }
}
