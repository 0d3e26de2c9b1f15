import Foundation
import Testing

@Suite("adamqlr train")
struct TrainCommandTests {
  @Test("With --json there is nothing but JSON, the summary last")
  func json() throws {
    let result = try Tool.run("train", "--epochs", "2", "--json")
    #expect(result.status == 0)
    let objects = try result.objects()
    #expect(objects.map { $0["event"] as? String } == ["start", "epoch", "epoch", "summary"])
    let summary = try #require(objects.last)
    for key in ["train_loss", "validation_loss", "test_loss", "test_accuracy", "seconds"] {
      #expect(summary[key] is Double, "\(key)")
    }
    #expect(summary["steps"] as? Int == 8)
    #expect(try #require(summary["test_accuracy"] as? Double) > 0.7)
  }

  @Test("The same command gives the same figures to the last digit", arguments: ["1", "2"])
  func determinism(_ threads: String) throws {
    func figures() throws -> [NSDictionary] {
      try Tool.run(
        "train", "--epochs", "2", "--batch-size", "1000", "--json", "--threads", threads,
        "--set", "learning-rate.independent-batch=true"
      ).objects().map { object in
        object.filter { !["seconds", "directory"].contains($0.key) } as NSDictionary
      }
    }
    let (first, second) = (try figures(), try figures())
    #expect(first.count == 4)
    #expect(first == second)
  }

  @Test("Seeds differ")
  func seeds() throws {
    let losses = try ["0", "1"].map {
      try Tool.run("train", "--steps", "1", "--json", "--seed", $0).objects().last?["test_loss"]
        as? Double
    }
    #expect(losses[0] != losses[1])
  }

  @Test("Files go over defaults, later files over earlier, flags over files")
  func precedence() throws {
    let summary = try Tool.withFile("optimizer: adam\nsteps: 3\nbatch-size: 100\n") { first in
      try Tool.withFile("steps: 2\nlearning-rate: {value: 0.01}\n") { second in
        try Tool.run(
          "train", "-c", first, "-c", second, "--batch-size", "200", "--json")
      }
    }.objects()
    #expect(summary.first?["optimizer"] as? String == "adam")
    #expect(summary.first?["steps_per_epoch"] as? Int == 60)
    #expect(summary.last?["steps"] as? Int == 2)
    #expect(summary[1]["learning_rate"] as? Double == 0.01)
  }

  @Test("A non-terminal gets plain lines")
  func plain() throws {
    let result = try Tool.run("train", "--epochs", "3")
    #expect(result.status == 0)
    #expect(!result.output.contains("\u{1B}") && !result.output.contains("\r"))
    #expect(result.lines.filter { $0.hasPrefix("epoch ") }.count == 3)
    #expect(result.lines.contains { $0.hasPrefix("test ") && $0.hasSuffix("%") })
    #expect(result.lines.contains { $0.hasPrefix("12 steps in ") })
  }

  @Test("Double precision and one thread are there on request")
  func precision() throws {
    let result = try Tool.run(
      "train", "--task", "rosenbrock", "--precision", "double", "--threads", "1", "--json",
      "--steps", "200", "--set", "learning-rate.curvature=hessian",
      "--set", "learning-rate.clipping=0.5")
    let summary = try #require(try result.objects().last)
    #expect(try #require(summary["train_loss"] as? Double) < 0.3)
    #expect(summary["test_loss"] is NSNull)
  }

  @Test(
    "Ctrl-C ends the run after the step, with the summary",
    arguments: [SIGINT, SIGTERM])
  func interruption(_ signal: Int32) throws {
    let (output, errors) = (Pipe(), Pipe())
    let process = try Tool.start(
      ["train", "--epochs", "2000", "--json"], limit: 60, output: output, errors: errors)
    // The first epoch's line says that the run is under way.
    var text = Data()
    while !String(decoding: text, as: UTF8.self).contains(#""epoch": 1,"#) {
      let more = output.fileHandleForReading.availableData
      try #require(!more.isEmpty)
      text += more
    }
    kill(process.processIdentifier, signal)
    text += output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    #expect(process.terminationReason == .exit)
    #expect(process.terminationStatus == 128 + signal)
    let last = String(decoding: text, as: UTF8.self).split(separator: "\n").last ?? ""
    let summary = try #require(
      try JSONSerialization.jsonObject(with: Data(last.utf8)) as? [String: Any])
    #expect(summary["event"] as? String == "summary")
    #expect(summary["complete"] as? Bool == false)
  }

  @Test(
    "The paper's untuned figures on UCI Energy", .enabled(if: Tool.data != nil, "no shared data"))
  func energy() throws {
    let data = try #require(Tool.data).path
    let losses = try ["0", "1", "2"].map { seed in
      let summary = try Tool.run(
        "train", "--task", "uci-energy", "--data-dir", data, "--epochs", "200", "--seed", seed,
        "--json"
      ).objects().last
      return try #require(summary?["test_loss"] as? Double)
    }
    #expect(losses.sorted()[1] < 0.012)
  }

  @Test("A linear classifier is at least 5 points behind on the digits")
  func digits() throws {
    func accuracy(_ hidden: String) throws -> Double {
      let summary = try Tool.run(
        "train", "--optimizer", "adam", "--batch-size", "100", "--epochs", "8", "--json",
        "--set", "network.hidden=\(hidden)"
      ).objects().last
      return try #require(summary?["test_accuracy"] as? Double)
    }
    #expect(try accuracy("[50]") - accuracy("[]") > 0.05)
  }
}
