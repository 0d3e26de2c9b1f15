import Foundation
import Testing

@Suite("adamqlr study")
struct StudyCommandTests {
  /// A folder with a study of two tasks and the table that one of them reads.
  private func folder() throws -> String {
    let path = try Tool.newPointsFolder("study")
    let study = """
      title: Tiny
      seeds: 2
      batch-sizes: [16, full, 5000]
      tasks:
        - {task: rosenbrock, steps: 200, batch-sizes: [full]}
        - {name: points, task: table, data: points.csv, part: tables, epochs: 60,
           settings: {data.target: y, network.hidden: [8]}}
      optimizers:
        - mine=adamqlr
        - adam-1e-3=adam
        - adam-1e-2=adam+learning-rate.value=1e-2
        - bad=sgd+learning-rate.value=1e+5
      tuned: {tuned-adam: [adam-1e-3, adam-1e-2]}
      claims:
        - {diverges: never}
        - {diverges: never, optimizer: bad}
        - {below: adam-1e-3, in: 50 %}
      """
    try Data(study.utf8).write(to: URL(fileURLWithPath: path + "/study.yaml"))
    return path
  }

  private func arguments(_ folder: String) -> [String] {
    ["study", folder + "/study.yaml", "--data-dir", folder, "--jobs", "2"]
  }

  /// The rows of the results without times.
  private func results(_ folder: String) throws -> [String] {
    let text = try String(contentsOfFile: folder + "/results.csv", encoding: .utf8)
    return text.split(separator: "\n").map { line in
      let cells = line.split(separator: ",", omittingEmptySubsequences: false)
      return (cells[..<17] + cells[19...]).joined(separator: ",")
    }
  }

  /// The page less what hangs on times.
  private func page(_ folder: String) throws -> [Substring] {
    try String(contentsOfFile: folder + "/README.md", encoding: .utf8)
      .replacingOccurrences(of: (folder as NSString).lastPathComponent, with: "FOLDER")
      .split(separator: "\n")
      .filter { line in !line.contains("of one process") && line.count { $0 == "|" } < 14 }
  }

  @Test(
    "Killed and given again, it ends as one that was not; complete, it makes no run again")
  func interruption() throws {
    let (whole, broken) = (try folder(), try folder())
    let first = try Tool.run(arguments(whole))
    #expect(first.status == 0, "\(first.errors)")
    #expect(first.output.contains("points has 230 training examples: no batches of 5000"))
    let rows = try results(whole)
    // Of 2 seeds: rosenbrock's cell and two of the table's, 4 optimizers each.
    #expect(rows.count == 1 + 2 * 3 * 4)
    #expect(!FileManager.default.fileExists(atPath: whole + "/runs"))
    let page = try page(whole)
    #expect(page.contains { $0.hasPrefix("| bad | 6 |") })
    #expect(page.contains { $0.hasPrefix("| bad never diverges") && $0.contains("**no**") })

    var kills = 0
    for number in 0..<12 {
      let process = try Tool.start(arguments(broken), output: Pipe(), errors: Pipe())
      usleep(useconds_t(150_000 + 70_000 * (number % 5)))
      if process.isRunning { kills += 1 }
      kill(process.processIdentifier, number % 2 == 0 ? SIGKILL : SIGINT)
      process.waitUntilExit()
      if process.terminationReason == .exit, process.terminationStatus == 0 { break }
    }
    #expect(kills > 0)
    let last = try Tool.run(arguments(broken))
    #expect(last.status == 0, "\(last.errors)")
    #expect(try results(broken) == rows)
    #expect(try self.page(broken) == page)

    let before = try Data(contentsOf: URL(fileURLWithPath: whole + "/results.csv"))
    #expect(try Tool.run(arguments(whole)).status == 0)
    #expect(try Data(contentsOf: URL(fileURLWithPath: whole + "/results.csv")) == before)

    // The page can be made of the results alone, with what a person wrote.
    let other = Tool.newPath("page")
    try FileManager.default.createDirectory(atPath: other, withIntermediateDirectories: true)
    for name in ["study.yaml", "results.csv"] {
      try FileManager.default.copyItem(atPath: "\(whole)/\(name)", toPath: "\(other)/\(name)")
    }
    try Data("Why *this*.\n".utf8).write(to: URL(fileURLWithPath: other + "/introduction.md"))
    let report = try Tool.run("study", other + "/study.yaml", "--report-only")
    #expect(report.status == 0, "\(report.errors)")
    #expect(try self.page(other).filter { $0 != "Why *this*." } == page)
    #expect(try self.page(other)[1] == "Why *this*.")

    // Another setting makes the runs that it concerns anew.
    let text = try String(contentsOfFile: whole + "/study.yaml", encoding: .utf8)
    try Data(text.replacingOccurrences(of: "value=1e-2", with: "value=2e-2").utf8)
      .write(to: URL(fileURLWithPath: whole + "/study.yaml"))
    let changed = try Tool.run(arguments(whole))
    #expect(changed.status == 0)
    #expect(changed.output.contains("18 of them are over already"))
    for (a, b) in zip(rows, try results(whole)) {
      #expect((a == b) != a.contains("adam-1e-2"), "\(a) \(b)")
    }
  }

  @Test("A run that fails is said to have, and the others are made")
  func failure() throws {
    let folder = try folder()
    // A directory that is no run's stands in the way of one.
    let begun = try Tool.run(arguments(folder) + ["--only", "task=rosenbrock,seed=0"])
    #expect(begun.status == 0, "\(begun.errors)")
    let rows = try String(contentsOfFile: folder + "/results.csv", encoding: .utf8)
      .split(separator: "\n").map(String.init)
    let row = try #require(rows.first { $0.contains(",mine,") }).split(separator: ",")
    try Data(rows.filter { !$0.contains(",mine,") }.map { $0 + "\n" }.joined().utf8)
      .write(to: URL(fileURLWithPath: folder + "/results.csv"))
    let obstacle = "\(folder)/runs/rosenbrock,full,mine,0,\(row[4])"
    try FileManager.default.createDirectory(
      atPath: folder + "/runs", withIntermediateDirectories: true)
    try Data("x".utf8).write(to: URL(fileURLWithPath: obstacle))
    let failed = try Tool.run(arguments(folder) + ["--only", "task=rosenbrock"])
    #expect(failed.status != 0)
    #expect(failed.errors.contains("rosenbrock, batch size full, mine, seed 0 failed"))
    #expect(try results(folder).count == 1 + 7)
    try FileManager.default.removeItem(atPath: obstacle)
    #expect(try Tool.run(arguments(folder) + ["--only", "task=rosenbrock"]).status == 0)
    #expect(try results(folder).count == 1 + 8)
  }

  @Test("Optimizers are tried on a part of the grid beside the results that there are")
  func tries() throws {
    let folder = try folder()
    let whole = try Tool.run(arguments(folder))
    #expect(whole.status == 0, "\(whole.errors)")
    let before = try (results(folder), page(folder))
    let trial = [
      "--only", "part=tables,seed=odd", "--try", "lower=mine.yaml+direction.beta2=0.9", "--try",
      "adam+learning-rate.value=3e-3",
    ]
    try Data("optimizer: adamqlr\n".utf8).write(to: URL(fileURLWithPath: folder + "/mine.yaml"))
    let first = try Tool.run(arguments(folder) + trial)
    #expect(first.status == 0, "\(first.errors)")
    // Two sizes, one seed.
    #expect(first.output.contains("4 runs"))
    let tables = first.lines.filter { $0.contains("at equal seconds") }
    #expect(tables.count == 2 && tables[0].hasPrefix("lower / tuned-adam "))
    #expect(tables.last?.hasPrefix("adam+learning-rate.value=3e-3 / tuned-adam ") == true)
    for name in ["all", "tables", "  points"] {
      #expect(first.lines.count { $0.hasPrefix(name + " ") && $0.contains("×") } == 2)
    }
    // What the file has stays as it was.
    #expect(try results(folder) == before.0 && page(folder) == before.1)
    let tried = try String(contentsOfFile: folder + "/tries/results.csv", encoding: .utf8)
    #expect(tried.split(separator: "\n").count == 1 + 4)
    #expect(tried.contains("points,16,lower,1,") && !tried.contains("lower,0,"))

    // Given again, they are not run again; without runs the same is printed.
    let again = try Tool.run(arguments(folder) + trial)
    #expect(again.output.contains("4 of them are over already"))
    let report = try Tool.run(["study", folder + "/study.yaml", "--report-only"] + trial)
    #expect(report.status == 0, "\(report.errors)")
    #expect(report.lines == again.lines.suffix(report.lines.count))

    // The page of some seeds alone.
    let odd = try Tool.run(
      "study", folder + "/study.yaml", "--report-only", "--only", "seed=odd")
    #expect(odd.status == 0, "\(odd.errors)")
    let page = try page(folder)
    #expect(page.contains { $0.contains("--report-only --only seed=odd") })
    #expect(page.contains { $0.hasPrefix("| bad | 3 |") })
    #expect(!page.contains { $0.contains("left out") })
    #expect(page.contains { $0 == "### Part tables" })
  }

  @Test("Help and mistakes")
  func mistakes() throws {
    let help = try Tool.run("study", "--help")
    #expect(help.status == 0)
    for part in ["tuned:", "--report-only", "--only", "--try", "results.csv"] {
      #expect(help.output.contains(part))
    }
    #expect(!help.output.contains("--worker"))
    let folder = try folder()
    let file = folder + "/study.yaml"
    for (arguments, parts) in [
      ([], ["file"]),
      (["nowhere.yaml"], ["nowhere.yaml"]),
      ([file, "--report-only"], ["results.csv", "no results"]),
      ([file, "--report-only", "--jobs", "2"], ["--report-only", "--jobs"]),
      ([file, "--jobs", "0"], ["--jobs", "0"]),
      ([file, "--data-dir", "/nowhere"], ["/nowhere"]),
      ([file, "--data-dir", folder, "--only", "task=digits"], ["digits", "rosenbrock, points"]),
      ([file, "--data-dir", folder, "--only", "size=16"], ["size", "batch-size"]),
      ([file, "--data-dir", folder, "--only", "part=images"], ["images", "tables"]),
      ([file, "--data-dir", folder, "--only", "seed=2"], ["seed", "2", "odd"]),
      ([file, "--data-dir", folder, "--try", "mine=sgd"], ["--try", "mine"]),
      ([file, "--data-dir", folder, "--try", "x=nothing"], ["--try", "nothing"]),
      ([file, "--data-dir", folder, "--only", "batch-size=17"], ["17", "16, 5000, full"]),
    ] {
      let result = try Tool.run(["study"] + arguments)
      #expect(result.status != 0)
      for part in parts { #expect(result.errors.contains(part), "\(result.errors)") }
    }
  }
}
