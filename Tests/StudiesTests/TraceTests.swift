import Verification
import AdamQLR
import Foundation
import Studies
import Testing

@Suite("Reference traces")
struct TraceTests {
  static let folder = Bundle.module.bundleURL.appendingPathComponent("Traces")
  static let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []

  private func trace(_ name: String) throws -> ReferenceTrace {
    try ReferenceTrace(file: Self.folder.appendingPathComponent(name).path)
  }

  @Test("All traces are there")
  func presence() {
    #expect(Self.names.filter { $0.hasPrefix("mlp-") }.count == 74)
    #expect(Self.names.filter { $0.hasPrefix("rosenbrock--") }.count == 6)
    #expect(Self.names.filter { $0.hasPrefix("convnet-") }.count == 4)
    #expect(Self.names.filter { $0.hasPrefix("gpt2-") }.count == 3)
    #expect(Self.names.filter { $0.hasPrefix("lstm-") }.count == 3)
  }

  @Test("Every figure of a trace is reproduced", arguments: names.sorted())
  func replay(_ name: String) throws {
    let trace = try trace(name)
    let replay = try TraceReplay(trace)
    #expect(replay.deviation < 1e-7, "\(replay.place)")
    #expect(replay.comparisons >= 2 * trace.steps.count + trace.finalParameters.count)
  }

  @Test("A figure that is off is found, with its place")
  func tampered() throws {
    let path = Self.folder.appendingPathComponent("mlp-regression--adamqlr-untuned.json").path
    var object =
      try #require(
        try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: path)))
          as? [String: Any])
    var steps = try #require(object["steps"] as? [[String: Any]])
    steps[6]["rho"] = try #require(steps[6]["rho"] as? Double) * 1.001
    object["steps"] = steps
    let file = try write(object)
    defer { try? FileManager.default.removeItem(atPath: file) }
    let replay = try TraceReplay(try ReferenceTrace(file: file))
    #expect(abs(replay.deviation - 0.001 / 1.001) < 1e-6)
    #expect(replay.place == "rho at step 7")
  }

  @Test(
    "What cannot be replayed is named",
    arguments: [
      (#"{"optimizer": {"name": "magic"}}"#, "optimizer 'magic'"),
      (
        #"{"optimizer": {"name": "sgd", "learning_rate": 1, "nesterov": true}}"#,
        "optimizer.nesterov"
      ),
      (#"{"optimizer": {"name": "sgd"}}"#, "optimizer.learning_rate is missing"),
      (#"{"optimizer": {"name": "sgd", "learning_rate": "x"}}"#, "must be a number"),
      (#"{"model": {"kind": "alexnet"}}"#, "model 'alexnet'"),
      (#"{"model": {"kind": "mlp", "sizes": [6, 8, 1], "activation": "swish"}}"#, "'swish'"),
      (#"{"model": {"kind": "mlp", "sizes": [6, 9, 1], "activation": "relu"}}"#, "[6, 9]"),
      (#"{"batches": [[99]], "steps": []}"#, "row 99"),
      (#"{"batches": []}"#, "only 0 batches"),
      (#"{"inputs": {"shape": [3, 2], "values": [1]}}"#, "'inputs' has 1 values"),
      (#"{"inputs": null}"#, "'inputs'"),
      (#"{"steps": [{"loss": "low"}]}"#, "steps.[0].loss"),
    ])
  func unsupported(_ change: String, _ message: String) throws {
    let path = Self.folder.appendingPathComponent("mlp-regression--sgd.json").path
    var object =
      try #require(
        try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: path)))
          as? [String: Any])
    let changes = try #require(
      try JSONSerialization.jsonObject(with: Data(change.utf8)) as? [String: Any])
    object.merge(changes) { $1 }
    let file = try write(object)
    defer { try? FileManager.default.removeItem(atPath: file) }
    let error = #expect(throws: TraceError.self) {
      _ = try TraceReplay(try ReferenceTrace(file: file))
    }
    #expect(error?.description.contains(message) == true, "\(String(describing: error))")
  }

  @Test("A file that is no trace is an error")
  func garbage() throws {
    #expect(throws: TraceError.self) { try ReferenceTrace(file: "no-such-file.json") }
    let file = FileManager.default.temporaryDirectory
      .appendingPathComponent("garbage-\(UUID().uuidString).json")
    try Data("{".utf8).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    #expect(throws: TraceError.self) { try ReferenceTrace(file: file.path) }
  }

  private func write(_ object: [String: Any]) throws -> String {
    let file = FileManager.default.temporaryDirectory
      .appendingPathComponent("trace-\(UUID().uuidString).json")
    try JSONSerialization.data(withJSONObject: object).write(to: file)
    return file.path
  }
}
