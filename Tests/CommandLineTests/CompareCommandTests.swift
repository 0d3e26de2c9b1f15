import Foundation
import Testing
import Training

@Suite("adamqlr compare")
struct CompareCommandTests {
  private static let arguments = [
    "compare", "--task", "rosenbrock", "--steps", "60", "--seeds", "2", "--optimizers",
    "adamqlr,slow=sgd+learning-rate.value=1e-4,bad=sgd+learning-rate.value=1e+4",
  ]

  private func state(_ run: String) throws -> String? {
    let data = try Data(contentsOf: URL(fileURLWithPath: run + "/run.json"))
    return (try JSONSerialization.jsonObject(with: data) as? [String: Any])?["state"] as? String
  }

  /// What the runs' processes did when they ran: their logs' times of change.
  private func changes(_ comparison: String, _ labels: [String]) throws -> [Date] {
    try labels.map { label in
      let path = "\(comparison)/\(label)/events.out.tfevents.adamqlr"
      let date = try FileManager.default.attributesOfItem(atPath: path)[.modificationDate]
      return try #require(date as? Date)
    }
  }

  @Test("Every optimizer and seed is run, and the table has them")
  func table() throws {
    let path = Tool.newPath("comparison")
    let result = try Tool.run(Self.arguments + ["--output", path])
    #expect(result.status == 0, "\(result.errors)")
    let runs = ["adamqlr", "slow", "bad"].flatMap { ["\($0)/seed-0", "\($0)/seed-1"] }
    for run in runs {
      #expect(try state("\(path)/\(run)") == (run.hasPrefix("bad") ? "diverged" : "finished"))
      let settings = try String(contentsOfFile: "\(path)/\(run)/settings.yaml", encoding: .utf8)
      #expect(settings.contains("seed: \(run.suffix(1))\n"))
    }
    let lines = result.lines
    #expect(
      lines.contains { $0.hasPrefix("bad ") && $0.contains("2 diverged") && $0.contains("∞") })
    #expect(lines.contains { $0.hasPrefix("slow ") && $0.contains(" 60 ") })

    // The same command again makes no run again, and prints the same table.
    let before = try changes(path, runs)
    let again = try Tool.run(Self.arguments + ["--output", path])
    #expect(again.status == 0)
    #expect(try changes(path, runs) == before)
    let start = try #require(lines.firstIndex { $0.contains("medians") })
    #expect(again.lines.suffix(lines.count - start) == lines[start...])

    // More seeds can be added; anything else is another comparison.
    let more = try Tool.run("compare", "--resume", path, "--seeds", "3")
    #expect(more.status == 0, "\(more.errors)")
    #expect(try changes(path, runs) == before)
    #expect(try state(path + "/slow/seed-2") == "finished")
    for (replaced, replacement, part) in [
      ("60", "61", "steps=60"), ("2", "4", "3 seeds"), ("rosenbrock", "digits", "task=rosenbrock"),
    ] {
      let other = Self.arguments.map { $0 == replaced ? replacement : $0 } + ["--output", path]
      let refused = try Tool.run(other)
      #expect(refused.status != 0)
      for text in [path, part, "--resume"] {
        #expect(refused.errors.contains(text), "\(refused.errors)")
      }
    }
  }

  @Test(
    "Interrupted or killed, it goes on, and ends as one that was not",
    arguments: [SIGINT, SIGKILL])
  func interruption(_ signal: Int32) throws {
    let (whole, broken) = (try Self.whole.get(), Tool.newPath("broken"))
    let process = try Tool.start(Self.longComparison + [broken], output: Pipe(), errors: Pipe())
    let log = broken + "/adamqlr/seed-0/events.out.tfevents.adamqlr"
    // Far enough to have written something, and not at its end.
    while (try? EventFile(log))?[.validationLoss].steps.count ?? 0 < 2 {
      try #require(process.isRunning)
      usleep(5000)
    }
    kill(process.processIdentifier, signal)
    process.waitUntilExit()
    if signal == SIGINT {
      #expect(process.terminationStatus == 128 + SIGINT)
      #expect(try state(broken + "/adamqlr/seed-0") == "stopped")
    }
    #expect(!FileManager.default.fileExists(atPath: broken + "/adam/seed-1"))
    let resumed = try Tool.run("compare", "--resume", broken)
    #expect(resumed.status == 0, "\(resumed.errors)")
    for run in ["adamqlr/seed-0", "adamqlr/seed-1", "adam/seed-0", "adam/seed-1"] {
      #expect(try state("\(broken)/\(run)") == "finished")
      let file = "checkpoints/step-000000600/weights.safetensors"
      let weights = try [whole, broken].map {
        try Data(contentsOf: URL(fileURLWithPath: "\($0)/\(run)/\(file)"))
      }
      #expect(weights[0] == weights[1], "\(run)")
    }
  }

  private static let longComparison = [
    "compare", "--optimizers", "adamqlr,adam", "--seeds", "2", "--batch-size", "1000",
    "--epochs", "50", "--set", "network.hidden=[8]", "--jobs", "2", "--output",
  ]

  /// A comparison that nothing disturbed, for all that are.
  private static let whole = Result {
    let path = Tool.newPath("whole")
    let result = try Tool.run(longComparison + [path])
    try #require(result.status == 0, "\(result.errors)")
    return path
  }

  @Test(
    "What cannot be is said to be so",
    arguments: [
      (["--optimizers", "magic"], ["magic", "adamqlr"]),
      ([], ["--optimizers"]),
      (["--optimizers", "adam", "--seeds", "0"], ["--seeds", "0"]),
      (["--optimizers", "adam+task=rosenbrock,adamqlr"], ["adamqlr", "digits", "rosenbrock"]),
      (["--optimizers", "adam+damping.start=1"], ["--optimizers", "damping.start"]),
      (["--optimizers", "adam", "--seconds", "1", "--jobs", "2"], ["--jobs", "one at a time"]),
      (["--resume", "nowhere"], ["nowhere", "no comparison"]),
      (["--resume", "nowhere", "--epochs", "1"], ["--resume", "--seeds"]),
      (["--optimizers", "adam", "--output", "/dev/null/x"], ["/dev/null/x"]),
      (
        ["--task", "uci-energy", "--data-dir", "/nowhere", "--optimizers", "adam"],
        ["uci-energy", "/nowhere"]
      ),
    ])
  func mistakes(_ arguments: [String], _ parts: [String]) throws {
    let result = try Tool.run(["compare"] + arguments)
    #expect(result.status != 0)
    for part in parts { #expect(result.errors.contains(part), "\(result.errors)") }
  }

  @Test("A length in seconds is kept to, one run at a time")
  func seconds() throws {
    let path = Tool.newPath("timed")
    let result = try Tool.run(
      "compare", "--task", "rosenbrock", "--optimizers", "adam,sgd+learning-rate.value=1e-4",
      "--seeds", "1", "--seconds", "0.1", "--output", path, "--set", "log-every=1000")
    #expect(result.status == 0, "\(result.errors)")
    #expect(try state(path + "/adam/seed-0") == "finished")
    let row = try #require(result.lines.last { $0.hasPrefix("adam ") })
    // The last step may take long on a busy machine.
    let seconds = try #require(row.split(separator: " ").last.flatMap { Double($0) })
    #expect(seconds >= 0.1 && seconds < 0.5, "\(row)")
  }

  @Test(
    "ablate runs the base and every variant, and tells their effects",
    arguments: ["adamqlr", "kfac"])
  func ablation(_ base: String) throws {
    let path = Tool.newPath("ablation")
    // A table is read much faster than digits are drawn, which each of the runs would do.
    let table = try Tool.newPointsFolder("points") + "/points.csv"
    let result = try Tool.run(
      "ablate", "--base", base, "--seeds", "1", "--steps", "3", "--batch-size", "50", "--output",
      path, "--task", "table", "--set", "data.path=\(table)", "--set", "data.target=y", "--set",
      "network.hidden=[4]")
    #expect(result.status == 0, "\(result.errors)")
    let start = try #require(result.lines.firstIndex { $0.hasPrefix("losses as multiples") })
    let effects = result.lines[(start + 2)...]
    let folders = try FileManager.default.contentsOfDirectory(atPath: path)
      .filter { $0 != "comparison.json" && !$0.hasPrefix(".") }
    #expect(effects.count == folders.count - 1)
    #expect(effects.allSatisfy { $0.contains("×") })
    #expect(effects.contains { $0.hasPrefix("constant damping 1e-3 ") })
    let again = try Tool.run("ablate", "--resume", path)
    #expect(again.lines.suffix(effects.count) == effects)
    #expect(try Tool.run("ablate", "--resume", path, "--base", base).errors.contains("--resume"))
  }
}
