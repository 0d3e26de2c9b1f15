import Foundation
import Testing
import AdamQLRTorch

@Suite("Run directories of adamqlr")
struct RunDirectoryTests {
  /// A run whose end takes a few dozen steps, with all that a state can hold.
  static let arguments = [
    "train", "--epochs", "6", "--batch-size", "1000", "--checkpoint-every", "3", "--json",
    "--set", "network.hidden=[8]", "--set", "learning-rate.independent-batch=true",
    "--set", "learning-rate.memory=0.9", "--set", "acceptance.kind=only-decreases",
  ]

  /// What a finished run leaves, times excepted: the bytes of the last and the best weights, and the
  /// summary.
  private func outcome(_ directory: String) throws -> (weights: [Data], summary: Data) {
    let folder = URL(fileURLWithPath: directory)
    let checkpoints = folder.appendingPathComponent("checkpoints")
    let names = try FileManager.default.contentsOfDirectory(atPath: checkpoints.path).sorted()
    let last = checkpoints.appendingPathComponent(try #require(names.last))
    let status = try #require(
      try JSONSerialization.jsonObject(
        with: Data(contentsOf: folder.appendingPathComponent("run.json"))) as? [String: Any])
    #expect(status["state"] as? String == "finished")
    var summary = try #require(status["summary"] as? [String: Any])
    summary["seconds"] = nil
    let curve = try #require(summary["curve"] as? [[String: Any]])
    summary["curve"] = curve.map { $0.filter { $0.key != "seconds" } }
    return (
      try ["weights", "best"].map {
        try Data(contentsOf: last.appendingPathComponent("\($0).safetensors"))
      },
      try JSONSerialization.data(withJSONObject: summary, options: .sortedKeys)
    )
  }

  /// The table of a run that is stopped early, and learns an average, for which a best is kept; its
  /// validation loss falls for a while and then rises, since most of the target is noise.
  private func stoppingArguments() throws -> [String] {
    let table = Tool.newPath("noisy.csv")
    var text = "a,b,c,y\n"
    for i in 0..<600 {
      let (a, b, c) = (i * 37 % 101, i * 53 % 89, i * 71 % 97)
      text += "\(a),\(b),\(c),\(a + i * i * 7919 % 1009)\n"
    }
    try Data(text.utf8).write(to: URL(fileURLWithPath: table))
    return [
      "train", "--task", "table", "--set", "data.path=\(table)", "--set", "data.target=y",
      "--optimizer", "schedule-free-adamw", "--set", "learning-rate.value=0.05",
      "--epochs", "100000", "--batch-size", "20", "--checkpoint-every", "7", "--json",
      "--set", "early-stopping.patience=\(15 * Self.killCount)",
    ]
  }

  /// How often the run is killed: `ADAMQLR_KILLS=20 make test` takes its time.
  static let killCount =
    ProcessInfo.processInfo.environment["ADAMQLR_KILLS"].flatMap { Int($0) } ?? 4

  @Test(
    "A run killed at random moments and resumed ends as one that was not", arguments: [false, true])
  func kills(_ stopsEarly: Bool) throws {
    let (whole, killed) = (Tool.newPath("whole"), Tool.newPath("killed"))
    // Long enough not to be over before the last kill.
    let arguments =
      stopsEarly
      ? try stoppingArguments()
      : Self.arguments.map { $0 == "6" ? String(5 * Self.killCount) : $0 }
    let result = try Tool.run(arguments + ["--output", whole])
    #expect(result.status == 0, "\(result.errors)")
    // The same waits every time: what goes wrong at one of them can be looked for again.
    var generator = SeededGenerator(seed: 1)
    var (kills, restarts) = (0, 0)
    var isFinished = false
    while !isFinished {
      let exists = FileManager.default.fileExists(atPath: killed + "/settings.yaml")
      // What it says in plain text is short, and fits the pipe that nobody reads to the end.
      let output = Pipe()
      let process = try Tool.start(
        exists
          ? ["train", "--resume", killed]
          : arguments.filter { $0 != "--json" } + ["--output", killed],
        output: output, errors: Pipe())
      if kills < Self.killCount {
        // Mostly when steps are made, and now and then before.
        if kills % 4 != 3 { _ = output.fileHandleForReading.availableData }
        usleep(.random(in: 0..<400_000, using: &generator))
        kills += process.isRunning ? 1 : 0
        kill(process.processIdentifier, SIGKILL)
      }
      process.waitUntilExit()
      isFinished = process.terminationReason == .exit && process.terminationStatus == 0
      restarts += 1
      try #require(restarts < 10 * Self.killCount)
    }
    #expect(kills == Self.killCount)
    let (first, second) = (try outcome(whole), try outcome(killed))
    #expect(first.weights == second.weights)
    #expect(first.summary == second.summary)
    let (one, other) = (try rows(whole), try rows(killed))
    #expect(one == other)
    let summary = try #require(try result.objects().last)
    #expect(one.count == summary["steps"] as? Int)
    #expect(summary["stopped_early"] as? Bool == stopsEarly)
    if stopsEarly {
      let objects = try result.objects()
      let best = try #require(summary["best_epoch"] as? Int)
      let stepsPerEpoch = try #require(objects.first?["steps_per_epoch"] as? Int)
      #expect(objects.dropLast().last?["event"] as? String == "early_stop")
      #expect(best > 1 && (best + 15 * Self.killCount) * stepsPerEpoch == one.count)
    } else {
      #expect(one.count == 60 * Self.killCount)
    }
  }

  /// The steps' rows of the log: the step and the figures, as the record's bytes have them.
  private func rows(_ directory: String) throws -> [[UInt8]] {
    let bytes = [UInt8](
      try Data(contentsOf: URL(fileURLWithPath: directory + "/events.out.tfevents.adamqlr")))
    var rows: [[UInt8]] = []
    var offset = 0
    while offset < bytes.count {
      let length = (0..<8).reduce(0) { $0 | Int(bytes[offset + $1]) << (8 * $1) }
      // Behind the key of the wall time and its eight bytes.
      let row = bytes[(offset + 21)..<(offset + 12 + length)]
      let isStep = row.firstRange(of: Array("Adaptive/Learning_Rate".utf8)) != nil
      if isStep { rows.append(Array(row)) }
      offset += 16 + length
    }
    return rows
  }

  @Test("A stopped run goes on where it was, and a finished one can be made longer")
  func stopping() throws {
    let (whole, longer) = (Tool.newPath("whole"), Tool.newPath("longer"))
    #expect(try Tool.run(Self.arguments + ["--output", whole]).status == 0)
    let short = Self.arguments.map { $0 == "6" ? "4" : $0 } + ["--output", longer]
    #expect(try Tool.run(short).status == 0)
    let resumed = try Tool.run("train", "--resume", longer, "--epochs", "6", "--json")
    #expect(resumed.status == 0, "\(resumed.errors)")
    #expect(try resumed.objects().first?["step"] as? Int == 48)
    let (first, second) = (try outcome(whole), try outcome(longer))
    #expect(first.weights == second.weights)
    #expect(first.summary == second.summary)
  }

  @Test("A damaged checkpoint is named and the one before is used")
  func damage() throws {
    let (whole, damaged) = (Tool.newPath("whole"), Tool.newPath("damaged"))
    #expect(try Tool.run(Self.arguments + ["--output", whole]).status == 0)
    #expect(try Tool.run(Self.arguments + ["--output", damaged]).status == 0)
    let newest = damaged + "/checkpoints/step-000000072"
    for (name, change) in [
      ("weights.safetensors", 1000), ("best.safetensors", 1000), ("state.json", 5),
    ] {
      let file = URL(fileURLWithPath: newest + "/" + name)
      var bytes = try Data(contentsOf: file)
      bytes[change] ^= 4
      try bytes.write(to: file)
      let resumed = try Tool.run("train", "--resume", damaged, "--json")
      #expect(resumed.status == 0)
      #expect(resumed.errors.contains("\(newest)/\(name)"), "\(resumed.errors)")
      #expect(try resumed.objects().first?["step"] as? Int == 69)
      let (first, second) = (try outcome(whole), try outcome(damaged))
      #expect(first.weights == second.weights)
      #expect(first.summary == second.summary)
    }
  }

  @Test("A run goes on without its log, or with one that was cut off", arguments: [true, false])
  func lostLog(_ isRemoved: Bool) throws {
    let (whole, path) = (Tool.newPath("whole"), Tool.newPath("cut"))
    #expect(try Tool.run(Self.arguments + ["--output", whole]).status == 0)
    let short = Self.arguments.map { $0 == "6" ? "4" : $0 } + ["--output", path]
    #expect(try Tool.run(short).status == 0)
    let log = path + "/events.out.tfevents.adamqlr"
    let bytes = try Data(contentsOf: URL(fileURLWithPath: log))
    if isRemoved {
      try FileManager.default.removeItem(atPath: log)
    } else {
      try bytes.prefix(bytes.count / 2).write(to: URL(fileURLWithPath: log))
    }
    let resumed = try Tool.run("train", "--resume", path, "--epochs", "6", "--json")
    #expect(resumed.status == 0, "\(resumed.errors)")
    #expect(resumed.errors.contains(log) && resumed.errors.contains("cut off"))
    #expect(try outcome(whole).weights == outcome(path).weights)
    // What was left is followed by the new rows, and no half row lies between.
    let (all, kept) = (try rows(whole), try rows(path))
    #expect(kept.suffix(24) == all.suffix(24))
    #expect(isRemoved ? kept.count == 24 : (25..<72).contains(kept.count))
  }

  @Test("The settings that a run writes make the same run")
  func settings() throws {
    let (first, second) = (Tool.newPath("first"), Tool.newPath("second"))
    #expect(try Tool.run(Self.arguments + ["--output", first]).status == 0)
    let again = try Tool.run("train", "-c", first + "/settings.yaml", "--output", second)
    #expect(again.status == 0, "\(again.errors)")
    #expect(try outcome(first).weights == outcome(second).weights)
    func text(_ run: String) throws -> String {
      try String(contentsOfFile: run + "/settings.yaml", encoding: .utf8)
    }
    #expect(try text(first) == text(second))
  }

  @Test("evaluate gives the figures that the run ended with")
  func evaluation() throws {
    let path = Tool.newPath("evaluated")
    let summary = try #require(
      try Tool.run(Self.arguments + ["--output", path]).objects().last)
    for (options, prefix, weights) in [
      ([], "best_", "best"), (["--weights", "best"], "best_", "best"),
      (["--weights", "last"], "", "last"),
    ] {
      let scores = try #require(
        try Tool.run(["evaluate", path, "--json"] + options).objects().first)
      for key in ["train_loss", "train_accuracy", "validation_loss", "test_loss", "test_accuracy"] {
        let value = scores[key] as? Double
        #expect(value != nil && value == summary[prefix + key] as? Double, "\(key)")
      }
      #expect(scores["weights"] as? String == weights)
      let step = prefix.isEmpty ? 72 : summary["best_step"] as? Int
      #expect(scores["steps"] as? Int == step)
    }
    let text = try Tool.run("evaluate", path, "--weights", "last").output
    #expect(text.contains("after step 72:") && text.contains("test"))
    #expect(try Tool.run("evaluate", path).output.contains("lowest validation loss"))
    let wrong = try Tool.run("evaluate", path, "--weights", "worst")
    #expect(wrong.status != 0 && wrong.errors.contains("worst"))
    #expect(try Tool.run("evaluate", Tool.newPath("nothing")).errors.contains("no run directory"))
  }

  @Test("A run that diverges says so, and keeps its log")
  func divergence() throws {
    let path = Tool.newPath("diverged")
    let result = try Tool.run(
      "train", "--optimizer", "sgd", "--set", "learning-rate.value=1e4", "--task", "rosenbrock",
      "--steps", "500", "--json", "--output", path)
    #expect(result.status == 1)
    #expect(result.errors.contains("diverged at step"))
    #expect(result.errors.contains("α 1e+04"))
    let summary = try #require(try result.objects().last)
    #expect(summary["diverged"] as? Bool == true)
    #expect(try #require(summary["steps"] as? Int) < 20)
    let status = try String(contentsOfFile: path + "/run.json", encoding: .utf8)
    #expect(status.contains("\"state\" : \"diverged\""))
  }

  @Test("Directories that cannot be used are said to be so")
  func refusals() throws {
    let path = Tool.newPath("run")
    let short = ["train", "--steps", "1", "--output"]
    #expect(try Tool.run(short + [path]).status == 0)
    func expect(_ arguments: [String], says parts: String...) throws {
      let result = try Tool.run(arguments)
      #expect(result.status != 0)
      for part in parts { #expect(result.errors.contains(part), "\(result.errors)") }
    }
    try expect(short + [path], says: path, "--resume")
    try expect(["train", "--resume", Tool.newPath("nothing")], says: "no run directory")
    try expect(["train", "--resume", path, "--seed", "1"], says: "--resume", "--epochs")
    try expect(["train", "--resume", path, "--output", path], says: "--output", "--resume")
    try expect(short + ["/proc/run"], says: "/proc/run")
    try expect(short + ["/dev/null/run"], says: "/dev/null/run", "directory")
  }

  @Test("Two processes do not train in one directory")
  func lock() throws {
    let path = Tool.newPath("locked")
    let output = Pipe()
    let first = try Tool.start(
      ["train", "--epochs", "2000", "--json", "--output", path], limit: 60, output: output,
      errors: Pipe())
    _ = output.fileHandleForReading.availableData
    let second = try Tool.run("train", "--resume", path)
    kill(first.processIdentifier, SIGKILL)
    first.waitUntilExit()
    #expect(second.status != 0)
    #expect(second.errors.contains("another process"))
  }

  @Test("A disk that is full ends the run with a clear error, and nothing is lost")
  func fullDisk() throws {
    // A limit on the size of files stands in for the disk: the log grows beyond it.
    let path = Tool.newPath("full")
    let arguments = [
      "train", "--task", "rosenbrock", "--steps", "20000", "--checkpoint-every", "2000",
      "--eval-every", "100000", "--output", path,
    ]
    let limited = try Tool.run(arguments, fileSizeLimit: 1 << 21)
    #expect(limited.status == 74)
    #expect(limited.errors.contains("events.out.tfevents.adamqlr"), "\(limited.errors)")
    let resumed = try Tool.run("train", "--resume", path)
    #expect(resumed.status == 0, "\(resumed.errors)")
    #expect(resumed.output.contains("going on after step"))
  }
}
