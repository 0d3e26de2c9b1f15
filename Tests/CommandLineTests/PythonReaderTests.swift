import Foundation
import Testing

private let python = ProcessInfo.processInfo.environment["ADAMQLR_PYTHON"]

/// What others read of a run, by their own programs; `make test` sets them up.
@Suite(
  "Runs as Python packages read them",
  .enabled(if: python != nil, "ADAMQLR_PYTHON is not set; make test sets it"))
struct PythonReaderTests {
  /// What a Python program prints, as JSON.
  private func run(_ program: String, _ arguments: String...) throws -> [String: Any] {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: try #require(python))
    process.arguments = ["-c", program] + arguments
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
    return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
  }

  @Test("TensorBoard's own reader finds every figure, and safetensors' the weights")
  func readers() throws {
    let path = Tool.newPath("run")
    let result = try Tool.run(
      "train", "--optimizer", "adamqlr-paper", "--epochs", "3", "--set", "network.hidden=[8]",
      "--json", "--output", path)
    let objects = try result.objects()
    let log = try run(
      """
      import json, sys
      from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
      log = EventAccumulator(sys.argv[1])
      log.Reload()
      print(json.dumps({tag: [[row.step, row.value] for row in log.Scalars(tag)]
                        for tag in log.Tags()["scalars"]}))
      """, path)
    func rows(_ tag: String) throws -> [[Double]] { try #require(log[tag] as? [[Double]]) }
    #expect(try rows("Loss/Training").map { $0[0] } == (1...12).map(Double.init))
    #expect(try rows("Loss/Test").map { $0[0] } == [4, 8, 12])
    for tag in [
      "Loss/Validation", "Accuracy/Validation", "Accuracy/Test", "Adaptive/Learning_Rate",
      "Adaptive/Damping", "Adaptive/Rho",
    ] {
      #expect(try rows(tag).count >= 3, "\(tag)")
    }
    for (row, epoch) in zip(try rows("Loss/Validation"), objects[1...]) {
      let loss = try #require(epoch["validation_loss"] as? Double)
      #expect(abs(row[1] - loss) < 1e-6 * loss)
    }

    let weights = try run(
      """
      import json, sys
      from safetensors.numpy import load_file
      print(json.dumps({name: [str(a.dtype), list(a.shape), float(abs(a).max())]
                        for name, a in load_file(sys.argv[1]).items()}))
      """, path + "/checkpoints/step-000000012/weights.safetensors")
    #expect(weights.keys.sorted() == ["0.bias", "0.weight", "1.bias", "1.weight"])
    let weight = try #require(weights["0.weight"] as? [Any])
    #expect(weight[0] as? String == "float32")
    #expect(weight[1] as? [Int] == [784, 8])
    #expect(try #require(weight[2] as? Double) > 0)
  }
}
