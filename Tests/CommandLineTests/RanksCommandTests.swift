import Foundation
import LocalServer
import Testing

@Suite("Training by several ranks, on the command line")
struct RanksCommandTests {
  /// The processes of one training.
  private struct Ranks {
    let processes: [Process]
    let port: Int
    private let outputs: [(output: Pipe, errors: Pipe)]

    /// Starts a process for each list of arguments.
    init(_ arguments: [[String]], at port: Int? = nil) throws {
      let port = try port ?? freePort()
      self.port = port
      var processes: [Process] = []
      var outputs: [(output: Pipe, errors: Pipe)] = []
      for (rank, own) in arguments.enumerated() {
        let (output, errors) = (Pipe(), Pipe())
        processes.append(
          try Tool.start(
            own,
            variables: [
              "RANK": "\(rank)", "WORLD_SIZE": "\(arguments.count)", "LOCAL_RANK": "\(rank)",
              "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "\(port)",
            ], output: output, errors: errors))
        outputs.append((output, errors))
      }
      (self.processes, self.outputs) = (processes, outputs)
    }

    func results() -> [Tool.Result] {
      zip(processes, outputs).map { Tool.result(of: $0, $1.output, $1.errors) }
    }
  }

  private static func arguments(_ folder: String, _ more: String...) -> [String] {
    [
      "train", "--task", "table", "--set", "data.path=\(folder)/points.csv", "--set",
      "data.target=y", "--batch-size", "41", "--set", "precision=double", "--json",
    ] + more
  }

  /// Starts two ranks of a run that does not end by itself, and waits for its first checkpoint.
  private static func startLong(_ name: String) throws -> (Ranks, path: String) {
    let path = Tool.newPath(name)
    let arguments = arguments(
      try Tool.newPointsFolder(name), "--epochs", "1000000", "--eval-every", "1000",
      "--checkpoint-every", "50", "--output", path)
    let ranks = try Ranks([arguments, arguments])
    // Any, for old ones are removed.
    func hasCheckpoint() -> Bool {
      let names = try? FileManager.default.contentsOfDirectory(atPath: path + "/checkpoints")
      return names?.contains { $0.hasPrefix("step-") } ?? false
    }
    for _ in 0..<600 where !hasCheckpoint() { Thread.sleep(forTimeInterval: 0.1) }
    return (ranks, path)
  }

  @Test("A run by two ranks is that of one process; rank 0 alone writes and shows")
  func equality() throws {
    let folder = try Tool.newPointsFolder("ranks")
    let arguments = Self.arguments(folder, "--steps", "30")
    let whole = try Tool.run(arguments)
    let path = Tool.newPath("two-ranks")
    let both = arguments + ["--output", path]
    let results = try Ranks([both, both]).results()
    for result in results {
      #expect(result.status == 0 && result.errors.isEmpty, "\(result.errors)")
    }
    #expect(results[1].output.isEmpty)
    let start = try #require(results[0].objects().first)
    #expect(start["rank"] as? Int == 0 && start["ranks"] as? Int == 2)
    #expect(start["examples_per_rank"] as? Int == 20)
    for key in ["train_loss", "validation_loss", "test_loss"] {
      let expected = try #require(whole.objects().last?[key] as? Double)
      let loss = try #require(results[0].objects().last?[key] as? Double)
      #expect(abs(loss - expected) < 1e-9 * expected)
    }
    // What it left is a run like any other.
    let one = try Tool.run("train", "--resume", path, "--steps", "32", "--json")
    #expect(one.status == 0, "\(one.errors)")
  }

  @Test("Where a rank is killed, the other ends and names it, and the run goes on")
  func lost() throws {
    let (ranks, path) = try Self.startLong("lost-rank")
    kill(ranks.processes[1].processIdentifier, SIGKILL)
    let killed = Date()
    let result = ranks.results()[0]
    #expect(Date().timeIntervalSince(killed) < 60)
    #expect(result.status == 69 && result.errors.contains("rank 1 of 2 has not answered"))
    let goesOn = try Tool.run("train", "--resume", path, "--epochs", "1", "--json")
    #expect(goesOn.status == 0, "\(goesOn.errors)")
  }

  @Test(
    "What is started on the port of others does not disturb them; a signal stops all after a step")
  func interruption() throws {
    let (ranks, _) = try Self.startLong("stopped-ranks")
    let wrong = ["train", "--set", "nonsense=1"]
    for result in try Ranks([wrong, wrong], at: ranks.port).results() {
      #expect(result.status == 69 && result.errors.contains("\(ranks.port)"), "\(result)")
    }
    ranks.processes[1].interrupt()
    let results = ranks.results()
    #expect(results.map(\.status) == [130, 130], "\(results)")
    #expect(try results[0].objects().last?["complete"] as? Bool == false)
  }

  @Test("A rank that was started otherwise is named")
  func disagreement() throws {
    let folder = try Tool.newPointsFolder("unlike-ranks")
    let arguments = Self.arguments(folder, "--steps", "3", "--output", Tool.newPath("unlike"))
    let results = try Ranks([arguments, arguments + ["--seed", "1"]]).results()
    for result in results {
      #expect(result.status == 64 && result.output.isEmpty)
      #expect(result.errors.contains("rank 1 has other settings than rank 0"), "\(result.errors)")
    }
  }

  @Test("Each rank's data may lie elsewhere, when a run goes on too")
  func places() throws {
    let folders = try ["here", "there"].map { try Tool.newPointsFolder($0) }
    let path = Tool.newPath("places")
    let first = try Ranks(
      folders.map { Self.arguments($0, "--steps", "3", "--output", path) }
    ).results()
    #expect(first.map(\.status) == [0, 0], "\(first)")
    let moved = Tool.newPath("moved")
    try FileManager.default.moveItem(atPath: folders[0], toPath: moved)
    let second = try Ranks(
      [moved, folders[1]].map {
        ["train", "--resume", path, "--steps", "6", "--set", "data.path=\($0)/points.csv"]
      }
    ).results()
    #expect(second.map(\.status) == [0, 0], "\(second)")
    // Rank 0's place is the run's.
    let third = try Tool.run("train", "--resume", path, "--steps", "7")
    #expect(third.status == 0, "\(third)")
  }

  @Test("Ranks that start from other weights, or have other data, are named before the first step")
  func unlikeFiles() throws {
    let folder = try Tool.newPointsFolder("unlike-weights")
    let weights = try ["0", "1"].map { seed in
      let path = Tool.newPath("weights-\(seed)")
      let arguments = Self.arguments(
        folder, "--steps", "1", "--seed", seed, "--output", path, "--checkpoint-every", "1")
      try #require(try Tool.run(arguments).status == 0)
      return path + "/checkpoints/step-000000001/weights.safetensors"
    }
    let texts = try ["ab", "ba"].map { end in
      let path = Tool.newPath("unlike-text")
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
      // Of the last tenth, which tests.
      let line = "ab\n"
      let text = String(repeating: line, count: 3800) + end + String(repeating: line, count: 200)
      try Data(text.utf8).write(to: URL(fileURLWithPath: path + "/text.txt"))
      return [
        "train", "--task", "text", "--set", "text.path=\(path)/text.txt", "--steps", "2",
        "--output", Tool.newPath("unlike"),
      ]
    }
    let starts = weights.map {
      Self.arguments(
        folder, "--steps", "3", "--initial-weights", $0, "--output", Tool.newPath("unlike"))
    }
    for (arguments, subject) in [(starts, "weights to start from"), (texts, "data")] {
      for result in try Ranks(arguments).results() {
        #expect(result.status == 64 && result.output.isEmpty)
        #expect(
          result.errors.contains("rank 1 has other \(subject) than rank 0"), "\(result.errors)")
      }
    }
  }

  @Test("Batches too small for the ranks, and an environment that is not whole, are refused")
  func faults() throws {
    let folder = try Tool.newPointsFolder("small-batches")
    let arguments = Self.arguments(folder, "--batch-size", "1", "--output", Tool.newPath("small"))
    for result in try Ranks([arguments, arguments]).results() {
      #expect(result.status != 0 && result.errors.contains("too few for 2 ranks"))
    }
    let (output, errors) = (Pipe(), Pipe())
    let process = try Tool.start(
      arguments, variables: ["RANK": "0", "WORLD_SIZE": "2"], output: output, errors: errors)
    let text = String(
      decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationStatus != 0 && text.contains("MASTER_PORT"), "\(text)")
  }
}
