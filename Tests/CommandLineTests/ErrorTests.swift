import Foundation
import Testing

@Suite("Complaints of adamqlr")
struct ErrorTests {
  private func expect(
    _ result: Tool.Result, says parts: [String], _ location: SourceLocation = #_sourceLocation
  ) {
    #expect(result.status != 0, sourceLocation: location)
    #expect(result.output.isEmpty, "\(result.output)", sourceLocation: location)
    for part in parts {
      #expect(result.errors.contains(part), "\(result.errors)", sourceLocation: location)
    }
  }

  @Test(
    "Settings that cannot be are named with the choices",
    arguments: [
      (["--task", "chess"], ["--task", "chess", "digits", "uci-energy"]),
      (["--optimizer", "magic"], ["--optimizer", "magic", "adamqlr", "sgd"]),
      (["--set", "damping.start=1"], ["damping.start", "damping.initial", "damping.floor"]),
      (["--set", "batchsize=1"], ["batchsize", "batch-size", "damping."]),
      (["--set", "direction.beta1=1"], ["direction.beta1", "1", "0..<1"]),
      (["--set", "direction.beta2=much"], ["direction.beta2", "much", "number"]),
      (["--set", "damping.kind=some"], ["damping.kind", "levenberg-marquardt", "none"]),
      (["--set", "damping.initial"], ["damping.initial", "key=value"]),
      (["--set", "damping.initial={a: 1}"], ["damping.initial", "mapping"]),
      (["--batch-size", "0"], ["--batch-size", "0", "from 1"]),
      (["--epochs=-1"], ["--epochs", "-1", "from 1"]),
      (["--epochs", "1", "--steps", "1"], ["--epochs", "--steps"]),
      (["--seed", "x"], ["--seed", "x"]),
      (["--set", "damping.floor=1"], ["damping.floor", "no effect", "damping.kind none"]),
      (
        [
          "--optimizer", "adamqlr-paper", "--set", "damping.floor=1", "--set",
          "damping.ceiling=0.5",
        ], ["ceiling", "floor"]
      ),
      (
        [
          "--set", "learning-rate.boundaries=[3, 2]", "--set", "learning-rate.shape=piecewise",
          "--set", "learning-rate.kind=schedule",
        ], ["boundaries", "rising"]
      ),
      (
        ["--optimizer", "adam", "--set", "learning-rate.warm-up=10"],
        ["learning-rate.warm-up has no effect", "learning-rate.kind fixed", "learning-rate.value"]
      ),
      (
        ["--optimizer", "adam", "--set", "lion.beta1=0.5"],
        ["lion.beta1 has no effect", "direction.kind adam"]
      ),
      (["--set", "momentum.value=0.5"], ["momentum.value has no effect", "momentum.kind none"]),
      (
        ["--set", "rejects-increase=true"], ["rejects-increase", "acceptance.kind=only-decreases"]
      ),
      (["--set", "weight-decay.excluded-names=[bias]"], ["'bias'", "0.bias"]),
      (["--set", "weight-decay.excluded-roles=[nose]"], ["excluded-roles", "normalization"]),
      (["--set", "network.hidden=[0]"], ["network.hidden", "from 1"]),
      (["--model", "alexnet"], ["--model", "alexnet", "mlp", "gpt2"]),
      (
        ["--task", "digits-color", "--model", "gpt2"],
        ["'gpt2'", "sequences of tokens", "'digits-color'", "images", "resnet18", "vit-s16"]
      ),
      (["--task", "uci-energy", "--model", "resnet50"], ["'resnet50'", "'uci-energy'", "mlp"]),
      (["--task", "rosenbrock", "--model", "mlp"], ["'rosenbrock'", "'mlp'"]),
      (["--set", "network.width=8"], ["network.width", "'mlp'", "resnet18, resnet50"]),
      (["--model", "resnet18", "--set", "network.hidden=[4]"], ["network.hidden", "'resnet18'"]),
      (["--model", "vit-s16"], ["network.patch (16)", "28", "1, 2, 4, 7, 14, 28"]),
      (
        ["--model", "vit-s16", "--set", "network.patch=7", "--set", "network.heads=5"],
        ["network.heads (5)", "network.embedding (384)"]
      ),
      (["--set", "network.dropout=1"], ["network.dropout", "0..<1"]),
      (["-c", "no-such-file.yaml"], ["no-such-file.yaml"]),
      (["--task", "uci-energy"], ["uci-energy/data.txt", "--data-dir", "ADAMQLR_DATA"]),
      (["--task", "mnist", "--data-dir", "/nowhere"], ["/nowhere", "idx3-ubyte"]),
    ])
  func settings(_ arguments: [String], _ parts: [String]) throws {
    expect(try Tool.run(["train"] + arguments), says: parts)
  }

  @Test(
    "Mistakes in files are named with their lines",
    arguments: [
      ("task: digits\noptimzer: adam\n", ["line 2", "optimzer", "optimizer"]),
      ("damping:\n  initial: 1e-3\n  flor: 0\n", ["line 3", "damping.flor", "damping.floor"]),
      ("dampening:\n  initial: 1\n", ["line 1", "dampening", "damping"]),
      (
        "optimizer: adamqlr-paper\ndamping: {initial: -1}\n",
        ["line 2", "damping.initial", "from 0"]
      ),
      ("task: [\n", ["YAML"]),
      ("- task\n", ["mapping"]),
      ("task: {a: {b: 1}}\n", ["task"]),
    ])
  func files(_ text: String, _ parts: [String]) throws {
    try Tool.withFile(text) { expect(try Tool.run("train", "-c", $0), says: parts + [$0]) }
  }

  @Test(
    "Numbers in files may be written as in other places", arguments: ["1e-3", "0.001", "1.0E-03"])
  func numbers(_ number: String) throws {
    try Tool.withFile("optimizer: adam\nlearning-rate.value: \(number)\n") {
      let objects = try Tool.run("train", "-c", $0, "--steps", "1", "--json").objects()
      #expect(objects[1]["learning_rate"] as? Double == 0.001)
    }
  }

  @Test("Mistakes of other commands")
  func others() throws {
    expect(
      try Tool.run("bench", "--task", "rosenbrock", "--random-data"), says: ["rosenbrock"])
    expect(try Tool.run("bench", "--seconds", "0"), says: ["--seconds"])
    expect(try Tool.run("verify", "no-such-folder"), says: ["no-such-folder"])
    expect(try Tool.run("verify"), says: ["path"])
    let empty = FileManager.default.temporaryDirectory
      .appendingPathComponent("empty-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: empty, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: empty) }
    expect(try Tool.run("verify", empty.path), says: [empty.path, "traces"])
    expect(try Tool.run("dance"), says: ["dance"])
  }
}
