import Foundation
import Studies
import Testing
import Training

private let hasPython =
  ProcessInfo.processInfo.environment["PATH"]?.split(separator: ":")
  .contains { FileManager.default.isExecutableFile(atPath: "\($0)/python3") } ?? false

/// What is said with the driver, which another program stands for: there is no Ray here.
@Suite("Runs on Ray", .enabled(if: hasPython, "there is no python3"))
final class RayEngineTests {
  private let folder = FileManager.default.temporaryDirectory
    .appendingPathComponent("ray-\(UUID().uuidString)")

  init() throws {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  /// Makes six runs with a driver of these lines of Python.
  private func run(
    _ driver: String, count: Int? = nil,
    _ observe: (StudyRunner.Event) -> Continuation = { _ in .goOn }
  ) throws -> (results: StudyResults, isComplete: Bool) {
    let file = folder.appendingPathComponent("study.yaml")
    let text = """
      title: T
      seeds: 3
      batch-sizes: [10]
      tasks: [{task: digits}]
      optimizers: [adamqlr, adam]
      tuned: {tuned: [adam]}
      """
    try Data(text.utf8).write(to: file)
    let plan = try StudyPlan(
      Study(file: file.path), dataDirectory: nil, threads: 3, counts: ["digits": 100])
    let python = folder.appendingPathComponent("python")
    try Data((Self.preamble + driver).utf8).write(to: python)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: python.path)
    var options = RayOptions(executable: "/bin/true", arguments: ["serve"])
    options.cpus = 3
    options.count = count
    options.python = python.path
    let runner = try StudyRunner(plan, in: folder.path, .ray(options))
    let isComplete = try runner.run(observe)
    return (runner.results, isComplete)
  }

  private static let preamble = """
    #!/usr/bin/env python3
    import json, sys
    options = json.loads(sys.stdin.readline())
    def hear():
        line = sys.stdin.readline()
        return json.loads(line) if line else None
    def say(message): print(json.dumps(message), flush=True)
    def end(order, kind="finished"):
        loss = 0.1 + order["number"]
        outcome = {"hasDiverged": False, "nonFiniteSteps": 0, "examples": 100, "steps": 5,
                   "trainingLoss": loss, "seconds": 1, "wallSeconds": 2}
        content = {"_0": outcome} if kind == "finished" else {}
        say({"number": order["number"], "message": {"ended": {"_0": {kind: content}}}})

    """

  @Test("As many are given as there is room for, and rows are in order however runs end")
  func room() throws {
    var most = 0
    let (results, isComplete) = try run(
      """
      assert options["arguments"] == ["serve"] and options["cpus"] == 3 and options["gpus"] == 0
      say({"room": 2})
      for _ in range(3):
          first, second = hear(), hear()
          assert "seed" in first["job"]["settings"] and first["job"]["keepsFiles"] is False
          end(second)
          end(first)
      assert hear() is None
      """
    ) { event in
      if case .progress(let progress) = event { most = max(most, progress.active) }
      return .goOn
    }
    #expect(isComplete && results.rows.count == 6 && most <= 2)
    let losses = try String(contentsOfFile: results.path, encoding: .utf8)
      .split(separator: "\n").dropFirst().map { $0.split(separator: ",")[9] }
    #expect(losses == ["0.1", "1.1", "2.1", "3.1", "4.1", "5.1"])
    #expect(!FileManager.default.fileExists(atPath: folder.path + "/runs"))
  }

  @Test("A number that is given counts, not the room")
  func count() throws {
    let (results, _) = try run(
      """
      assert options["waits"]
      say({"room": 0})
      orders = [hear() for _ in range(6)]
      for order in orders: end(order)
      hear()
      """, count: 6)
    #expect(results.rows.count == 6)
  }

  @Test("A run that fails does not keep the others from being made")
  func failure() throws {
    var complaints: [String] = []
    let (results, isComplete) = try run(
      """
      say({"room": 1})
      while order := hear():
          if order["number"] == 3:
              say({"number": 3, "message": {"failed": {"_0": "it is broken"}}})
          else:
              end(order)
      """
    ) { event in
      if case .failed(_, let complaint) = event { complaints.append(complaint) }
      return .goOn
    }
    #expect(!isComplete && results.rows.count == 5 && complaints == ["it is broken"])
  }

  @Test("Runs are stopped by the end of the driver's input")
  func stop() throws {
    var count = 0
    let (results, isComplete) = try run(
      """
      say({"room": 2})
      end(hear())
      orders = [hear(), hear()]
      assert hear() is None
      for order in orders: end(order, "stopped")
      """
    ) { event in
      if case .finished = event { count += 1 }
      return count == 0 ? .goOn : .stop
    }
    #expect(!isComplete && results.rows.count == 1)
  }

  @Test(
    "What the driver cannot do is said",
    arguments: [
      ("say({'error': 'nowhere:1 does not answer'})\nhear()", "Ray: nowhere:1 does not answer"),
      ("sys.exit(3)", "make ray"), ("say({'room': 1})\nsys.exit('it fell over')", "it fell over"),
      ("print('{', flush=True)\nhear()", "damaged"),
    ])
  func mistakes(_ driver: String, _ words: String) {
    let error = #expect(throws: RayError.self) { _ = try self.run(driver) }
    #expect(error?.description.contains(words) == true, "\(String(describing: error))")
  }
}
