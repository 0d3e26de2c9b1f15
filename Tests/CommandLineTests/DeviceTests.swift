import Foundation
import Testing

@Suite("Devices of adamqlr")
struct DeviceTests {
  /// Short training with all that a state can hold.
  private let arguments = [
    "train", "--task", "rosenbrock", "--precision", "double", "--checkpoint-every", "2", "--json",
    "--set", "learning-rate.averaging=0.5",
  ]

  private func summary(_ result: Tool.Result) throws -> [String: Any] {
    #expect(result.status == 0, "\(result.errors)")
    return try #require(result.objects().last)
  }

  private func loss(_ summary: [String: Any]) throws -> Double {
    try #require(summary["train_loss"] as? Double)
  }

  @Test("What a device computes can be checked without one; a step copies nothing")
  func check() throws {
    let result = try Tool.run("check-device", "cpu")
    #expect(result.status == 0, "\(result.output)")
    #expect(result.lines.allSatisfy { $0.hasPrefix("ok  ") })
    #expect(result.lines.contains { $0.contains("GPT-2") && $0.contains("float64") })
    #expect(
      result.lines.contains("ok   a step of AdamQLR: waits 2 times for numbers, copies 0 tensors"))
  }

  @Test("A run goes on on another device")
  func resumption() throws {
    let whole = try loss(summary(Tool.run(arguments + ["--steps", "8"])))
    for devices in [("cpu", "simulated"), ("simulated", "cpu"), ("simulated", "simulated")] {
      let path = Tool.newPath("device")
      let first = try Tool.run(
        arguments + ["--steps", "4", "--device", devices.0, "--output", path])
      #expect(first.status == 0, "\(first.errors)")
      let second = try summary(
        Tool.run("train", "--resume", path, "--steps", "8", "--json", "--device", devices.1))
      #expect(abs(try loss(second) - whole) < 1e-9 * abs(whole), "\(devices)")
      #expect(second["steps"] as? Int == 8)
      let settings = try String(contentsOfFile: path + "/settings.yaml", encoding: .utf8)
      #expect(settings.contains("device: \(devices.1)"))
      let evaluated = try Tool.run("evaluate", path, "--json", "--device", "simulated")
      #expect(
        abs(try loss(try #require(evaluated.objects().last)) - whole) < 1e-9 * abs(whole))
    }
  }

  @Test("The order of examples and the initial parameters are those of the processor")
  func sameStart() throws {
    let arguments = [
      "train", "--steps", "5", "--batch-size", "500", "--optimizer", "adam", "--json",
      "--set", "network.hidden=[12]",
    ]
    let losses = try ["cpu", "simulated"].map {
      try loss(summary(Tool.run(arguments + ["--device", $0])))
    }
    #expect(abs(losses[0] - losses[1]) < 1e-4 * losses[0])
  }

  @Test("Training with products in bfloat16 differs by little")
  func bfloat16() throws {
    let arguments = [
      "train", "--epochs", "2", "--batch-size", "1000", "--json", "--set", "network.hidden=[20]",
    ]
    let exact = try loss(summary(Tool.run(arguments)))
    let rounded = try loss(summary(Tool.run(arguments + ["--matmul", "bf16"])))
    #expect(exact != rounded)
    #expect(abs(exact - rounded) < 0.2 * exact)
  }

  @Test(
    "What a device or a precision cannot do is said in one line",
    arguments: [
      (["--device", "gpu"], ["--device", "gpu", "cpu, cuda or cuda:N"]),
      (["--device", "cuda:99"], ["cuda:99"]),
      (["--matmul", "half"], ["--matmul", "half", "float, tf32, bf16"]),
      (["--matmul", "tf32"], ["matmul", "tf32", "--device cuda", "'cpu'"]),
      (["--matmul", "bf16", "--precision", "double"], ["matmul", "bf16", "double"]),
    ])
  func complaints(_ arguments: [String], _ parts: [String]) throws {
    let result = try Tool.run(["train", "--steps", "1"] + arguments)
    #expect(result.status != 0)
    #expect(result.output.isEmpty)
    for part in parts { #expect(result.errors.contains(part), "\(result.errors)") }
    #expect(result.errors.split(separator: "\n").count <= 3)
  }
}
