import Foundation
import Testing

@Suite("Files that adamqlr writes, and how it ends")
struct OutputTests {
  /// A run that has learned from a table, its table and rows to predict.
  private func trained() throws -> (run: String, table: String) {
    let folder = Tool.newPath("output")
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let rows = (0..<60).map { "r\($0),\($0 * 7 % 11),\($0 % 3 == 0 ? "a" : "b")\n" }
    let table = folder + "/t.csv"
    try Data(("id,x,y\n" + rows.joined()).utf8).write(to: URL(fileURLWithPath: table))
    let run = folder + "/run"
    let result = try Tool.run(
      "train", "--task", "table", "--set", "data.path=\(table)", "--set", "data.target=y", "--set",
      "data.ignore=[id]", "--steps", "3", "--output", run)
    #expect(result.status == 0, "\(result.errors)")
    return (run, table)
  }

  private func contents(_ path: String) throws -> String {
    try String(contentsOfFile: path, encoding: .utf8)
  }

  @Test("Inputs and files of a run are never written over")
  func refusals() throws {
    let (run, table) = try trained()
    let link = run + "/../link.csv"
    symlink(table, link)
    let hard = run + "/../hard.csv"
    #expect(Foundation.link(table, hard) == 0)
    let before = try contents(table)
    for output in [table, link, hard] {
      let result = try Tool.run("predict", run, table, "--output", output)
      #expect(result.status == 73 && result.errors.contains("must not be overwritten"))
      #expect(!result.errors.contains("Usage"))
    }
    #expect(try contents(table) == before)
    for name in ["settings.yaml", "run.json", "encoding.json", "checkpoints/x"] {
      let path = "\(run)/\(name)"
      let before = try? contents(path)
      let prediction = try Tool.run("predict", run, table, "--output", path)
      #expect(prediction.status == 73 && prediction.errors.contains("file of a run"))
      let report = try Tool.run("report", run, "--output", path)
      #expect(report.status == 73 && report.errors.contains("file of a run"), "\(report.errors)")
      #expect((try? contents(path)) == before)
    }
    let folder = try Tool.run("predict", run, table, "--output", run)
    #expect(folder.status == 73 && folder.errors.contains("directory"))
    // Beside them there is room.
    #expect(try Tool.run("predict", run, table, "--output", run + "/p.csv").status == 0)
  }

  @Test("Links are followed, pipes and devices written through")
  func places() throws {
    let (run, table) = try trained()
    let expected = try Tool.run("predict", run, table).output
    let (target, link, dangling) = (run + "/../a.csv", run + "/../b.csv", run + "/../c.csv")
    try Data("old".utf8).write(to: URL(fileURLWithPath: target))
    symlink("a.csv", link)
    symlink("d.csv", dangling)
    for (path, file) in [(link, target), (dangling, run + "/../d.csv")] {
      #expect(try Tool.run("predict", run, table, "--output", path).status == 0)
      #expect(try contents(file) == expected)
      let type = try FileManager.default.attributesOfItem(atPath: path)[.type] as? FileAttributeType
      #expect(type == .typeSymbolicLink)
    }
    let pipe = run + "/../pipe"
    #expect(mkfifo(pipe, 0o600) == 0)
    let output = Pipe()
    let process = try Tool.start(
      ["predict", run, table, "--output", pipe], output: output, errors: Pipe())
    let reader = try #require(FileHandle(forReadingAtPath: pipe))
    #expect(String(decoding: reader.readDataToEndOfFile(), as: UTF8.self) == expected)
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
    let type = try FileManager.default.attributesOfItem(atPath: pipe)[.type] as? FileAttributeType
    #expect(type != .typeRegular)
    #expect(try Tool.run("predict", run, table, "--output", "/dev/null").status == 0)
    let full = try Tool.run("predict", run, table, "--output", "/dev/full")
    #expect(full.status == 74 && full.errors.contains("/dev/full"))
  }

  @Test(
    "Standard output that cannot be written ends in an error",
    arguments: [
      ["optimizers"], ["tasks"], ["--help"], ["train", "--task", "rosenbrock", "--steps", "2"],
      ["train", "--task", "rosenbrock", "--steps", "2", "--json"],
    ])
  func fullOutput(_ arguments: [String]) throws {
    let device = try #require(FileHandle(forWritingAtPath: "/dev/full"))
    let errors = Pipe()
    let process = try Tool.start(arguments, output: device, errors: errors)
    let text = errors.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    #expect(process.terminationStatus == 74)
    #expect(String(decoding: text, as: UTF8.self).contains("standard output cannot be written"))
  }

  @Test("Columns are carried through, before the predictions")
  func keptColumns() throws {
    let (run, table) = try trained()
    let result = try Tool.run("predict", run, table, "--keep", "id", "--keep", "y")
    #expect(result.lines[0] == "id,y,predicted y,probability of a,probability of b")
    #expect(result.lines.count == 61 && result.lines[7].hasPrefix("r6,a,"))
    let wrong = try Tool.run("predict", run, table, "--keep", "z")
    #expect(wrong.status == 65 && wrong.errors.contains("no column 'z'"))
  }

  @Test("A table that has changed is noticed when a run is evaluated or goes on")
  func changedTable() throws {
    let (run, table) = try trained()
    let text = try contents(table)
    #expect(try Tool.run("evaluate", run, "--json").status == 0)
    // A cell, a name of a class, a word that is no input, a row more, a row less.
    for changed in [
      text.replacingOccurrences(of: "r5,2", with: "r5,3"),
      text.replacingOccurrences(of: ",a\n", with: ",c\n"),
      text.replacingOccurrences(of: "r6,", with: "r7,"),
      text + "r60,5,b\n", String(text.dropLast("r59,6,b\n".count)),
    ] {
      try Data(changed.utf8).write(to: URL(fileURLWithPath: table))
      let evaluation = try Tool.run("evaluate", run)
      #expect(evaluation.status == 65 && evaluation.errors.contains("has changed since the run"))
      let resumed = try Tool.run("train", "--resume", run, "--steps", "4")
      #expect(resumed.status == 65 && resumed.errors.contains("has changed since the run"))
    }
    #expect(try Tool.run("evaluate", run, "--table", table).status == 0)
  }

  @Test("Words that nothing was learned of are said wherever rows are judged")
  func unknownWords() throws {
    let rows = (0..<60).map { "\($0 % 9),\($0 % 2 == 0 ? "a" : "b"),\($0 % 2 == 0 ? "u" : "v")\n" }
    try Tool.withFile("x,c,label\n" + rows.joined()) { file in
      let run = Tool.newPath("words")
      let train = try Tool.run(
        "train", "--task", "table", "--set", "data.path=\(file)", "--set", "data.target=label",
        "--steps", "2", "--output", run)
      #expect(train.status == 0)
      try Tool.withFile("x,c,label\n0.1,zz,u\n0.2,b,v\n") { other in
        let result = try Tool.run("evaluate", run, "--table", other)
        #expect(result.errors.contains("'c': 1 of 2 cells are words"), "\(result.errors)")
        #expect(
          try Tool.run("predict", run, other).errors.contains("'c': 1 of 2 cells are words"))
      }
    }
  }

  @Test("What a table is taken for is printed before a run, and without one")
  func inspection() throws {
    let (run, table) = try trained()
    let result = try Tool.run("data", "inspect", table, "--target", "y")
    #expect(result.status == 0)
    for part in ["60 rows, 3 columns", "2 classes: a (20), b (40)", "numbers (1): x", "46 train"] {
      #expect(result.output.contains(part), "\(result.output)")
    }
    let object = try #require(
      try Tool.run("data", "inspect", table, "--target", "y", "--json").objects().first)
    #expect(object["kind"] as? String == "classification")
    #expect(object["problems"] as? [String] == [])
    #expect(try Tool.run("data", "inspect", table).output.contains("--target"))
    let refused = try Tool.run("data", "inspect", table, "--target", "none")
    #expect(refused.status == 65 && refused.errors.contains("'id', 'x', 'y'"))
    #expect(try Tool.run("data", "inspect", "/nowhere.csv").status == 66)
    _ = run
  }

  @Test("A run tells how good predictions are in the words and units of its task")
  func metrics() throws {
    let (run, table) = try trained()
    let classes = try #require(try Tool.run("evaluate", run, "--json").objects().first)
    let test = try #require(classes["test_metrics"] as? [String: Any])
    let matrix = try #require(test["confusion"] as? [[Int]])
    #expect(matrix.joined().reduce(0, +) == 6)
    #expect(
      (test["classes"] as? [[String: Any]])?.compactMap { $0["class"] as? String } == ["a", "b"])
    #expect(try Tool.run("evaluate", run).output.contains("balanced accuracy"))
    let page = try Tool.run("report", run, "--format", "md").output
    #expect(page.contains("### Classes") && page.contains("| class | predicted a | predicted b |"))

    let numbers = Tool.newPath("numbers")
    let result = try Tool.run(
      "train", "--task", "table", "--set", "data.path=\(table)", "--set", "data.target=x", "--set",
      "data.ignore=[id]", "--steps", "3", "--json", "--output", numbers)
    let summary = try #require(try result.objects().last?["metrics"] as? [String: Any])
    #expect(summary["part"] as? String == "test" && summary["weights"] as? String == "best")
    // The predictions' own errors are the same figures.
    let predictions = try Tool.run("predict", numbers, table, "--keep", "x").lines.dropFirst()
    let errors = predictions.map { line -> Double in
      let cells = line.split(separator: ",").compactMap { Double($0) }
      return cells[0] - cells[1]
    }
    let all = try #require(
      try Tool.run("evaluate", numbers, "--table", table, "--json").objects().first)
    let metrics = try #require(all["test_metrics"] as? [String: Any])
    let rmse = (errors.reduce(0) { $0 + $1 * $1 } / Double(errors.count)).squareRoot()
    #expect(abs(try #require(metrics["rmse"] as? Double) - rmse) < 1e-5)
    #expect(metrics["r2"] is Double && metrics["mae"] is Double)
    #expect(try Tool.run("report", numbers, "--format", "md").output.contains("RMSE"))
  }

  @Test("The rate that is applied is told where it is not α")
  func appliedRate() throws {
    func last(_ options: String...) throws -> [String: Any] {
      try #require(
        try Tool.run(
          ["train", "--task", "digits", "--batch-size", "2000", "--epochs", "1", "--json"] + options
        ).objects().last { $0["event"] as? String == "epoch" })
    }
    let prodigy = try last("--optimizer", "prodigy")
    #expect(prodigy["learning_rate"] as? Double == 1)
    let applied = try #require(prodigy["applied_learning_rate"] as? Double)
    #expect(applied > 0 && applied < 0.1)
    let adam = try last("--optimizer", "adam")
    #expect(adam["applied_learning_rate"] as? Double == adam["learning_rate"] as? Double)
    let cosine = try last("--optimizer", "adam-cosine")
    let factor =
      try #require(cosine["applied_learning_rate"] as? Double)
      / #require(cosine["learning_rate"] as? Double)
    #expect(factor > 0 && factor < 0.9)
  }
}
