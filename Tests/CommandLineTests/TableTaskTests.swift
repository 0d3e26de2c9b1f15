import Foundation
import Testing

@Suite("adamqlr train --task table")
struct TableTaskTests {
  private func train(_ file: String, _ target: String, _ options: String...) throws -> Tool.Result {
    try Tool.run(
      [
        "train", "--task", "table", "--set", "data.path=\(file)", "--set", "data.target=\(target)",
        "--json",
      ] + options)
  }

  private func summary(_ result: Tool.Result) throws -> [String: Any] {
    #expect(result.status == 0, "\(result.errors)")
    return try #require(try result.objects().last)
  }

  /// Prices of flats that follow from area, city and garden.
  private var flats: String {
    var text = "id;city;area;garden;price\r\n"
    for i in 0..<400 {
      let city = ["Oslo", "Bergen", "\"Bodø; north\""][i * 7 % 3]
      let area = 30 + Double(i * 37 % 101)
      let garden = i * 11 % 5 < 2
      let price = area * (i * 7 % 3 == 0 ? 4000 : 3000) + (garden ? 50_000 : 0)
      text += "\(i);\(city);\(area);\(garden ? "yes" : "no");\(price)\r\n"
    }
    return text
  }

  @Test("A regression is learned from numbers, words and truth values")
  func regression() throws {
    try Tool.withFile(flats) { file in
      let result = try train(file, "price", "--set", "data.ignore=[id]")
      let scores = try summary(result)
      #expect(result.errors.isEmpty)
      #expect(try result.objects().first?["examples"] as? Int == 306)
      #expect(try #require(scores["test_loss"] as? Double) < 0.01)
      #expect(try #require(scores["validation_loss"] as? Double) < 0.01)
      #expect(scores["test_accuracy"] is NSNull)
      // Without its inputs that matter, half the variance remains.
      let poor = try summary(train(file, "price", "--set", "data.ignore=[id, area, city]"))
      #expect(try #require(poor["test_loss"] as? Double) > 0.2)
      #expect(try train(file, "5", "--steps", "1").errors.contains("note: column 'id' counts"))
    }
  }

  @Test("A classification is learned, with words and with numbers for classes")
  func classification() throws {
    var text = "u,v,kind,number\n"
    for i in 0..<300 {
      let (u, v) = (Double(i * 29 % 97) / 97, Double(i * 53 % 89) / 89)
      let kind = u + v > 1 ? 1 : u > v ? 2 : 3
      text += "\(u),\(v),\(["one", "two", "three"][kind - 1]),\(kind)\n"
    }
    try Tool.withFile(text) { file in
      let words = try summary(train(file, "kind", "--set", "data.ignore=number"))
      let numbers = try summary(
        train(
          file, "number", "--set", "data.ignore=[kind]", "--set", "data.kind=classification"))
      for scores in [words, numbers] {
        #expect(try #require(scores["test_accuracy"] as? Double) > 0.85)
      }
      let noTest = try summary(train(file, "kind", "--steps", "1", "--set", "data.test=0"))
      #expect(noTest["test_loss"] is NSNull && noTest["validation_loss"] is Double)
    }
  }

  @Test("What a run has learned predicts other rows, in words and units of the training file")
  func prediction() throws {
    let run = Tool.newPath("flats")
    try Tool.withFile(flats) { file in
      let result = try train(file, "price", "--set", "data.ignore=[id]", "--output", run)
      #expect(result.status == 0, "\(result.errors)")
    }
    // Other columns, another order, no price, a city that did not train.
    let flats = """
      floor,garden,area,city
      1,yes,100,Oslo
      2,no,100,Bergen
      3,no,50,"Bodø; north"
      4,no,50,Paris

      """
    try Tool.withFile(flats) { file in
      let result = try Tool.run("predict", run, file)
      #expect(result.status == 0)
      #expect(result.errors.contains("'city': 1 of 4 cells are words"), "\(result.errors)")
      #expect(result.lines.count == 5)
      #expect(result.lines[0] == "price")
      let prices = try result.lines[1...].map { try #require(Double($0)) }
      for (price, expected) in zip(prices, [450_000.0, 300_000, 150_000]) {
        #expect(abs(price / expected - 1) < 0.15, "\(price) for \(expected)")
      }
      let output = Tool.newPath("prices.csv")
      #expect(try Tool.run("predict", run, file, "--output", output).output.isEmpty)
      #expect(try String(contentsOfFile: output, encoding: .utf8) == result.output)
      #expect(try Tool.run("predict", run, file, "--output", "/nowhere/x").status != 0)
    }
    let sold = "area,garden,city,price\n100,yes,Oslo,450000\n100,no,Bergen,300000\n"
    try Tool.withFile(sold) { file in
      let scores = try #require(
        try Tool.run("evaluate", run, "--table", file, "--json").objects().first)
      #expect(try #require(scores["test_loss"] as? Double) < 0.05)
      #expect(scores["train_loss"] is NSNull)
    }
    try Tool.withFile("area,garden\n100,yes\n") { file in
      let result = try Tool.run("predict", run, file)
      #expect(result.status != 0 && result.output.isEmpty)
      #expect(result.errors.contains("city"))
    }
  }

  @Test("Predictions of classes come with probabilities; other runs predict nothing")
  func classPrediction() throws {
    let run = Tool.newPath("kinds")
    let rows = (0..<60).map { i in
      i % 2 == 0 ? "\(1 + Double(i) / 60),\"a, b\"" : "\(-Double(i) / 60),c"
    }
    try Tool.withFile("x,kind\n" + rows.joined(separator: "\n")) { file in
      #expect(try train(file, "kind", "--output", run).status == 0)
      let lines = try Tool.run("predict", run, file).lines
      try #require(lines.count == 61)
      #expect(lines[0] == "kind,\"probability of a, b\",probability of c")
      #expect(lines[1].hasPrefix("\"a, b\",") && lines[2].hasPrefix("c,"))
      let digits = Tool.newPath("digits")
      #expect(try Tool.run("train", "--steps", "1", "--output", digits).status == 0)
      #expect(try Tool.run("predict", digits, file).errors.contains("'digits'"))
      #expect(try Tool.run("predict", Tool.newPath("nothing"), file).errors.contains("no run"))
    }
  }

  @Test(
    "Settings that do not go together are told with what to give",
    arguments: [
      (["--task", "table"], ["data.path", "data.target", "--set data.path=FILE.csv"]),
      (["--task", "table", "--set", "data.path=x.csv"], ["data.target", "--set"]),
      (["--set", "data.target=y"], ["data.target", "--task table", "digits"]),
      (["--task", "uci-energy", "--set", "data.test=0.2"], ["data.test", "uci-energy"]),
      (["--task", "table", "--set", "data.test=1"], ["data.test", "0..<1"]),
      (["--task", "table", "--set", "data.missing=drop"], ["data.missing", "refuse, impute"]),
      (["--task", "table", "--set", "data.header=maybe"], ["data.header", "auto, true, false"]),
      (
        ["--task", "table", "--set", "data.path=/nowhere.csv", "--set", "data.target=y"],
        ["/nowhere.csv", "No such file"]
      ),
    ])
  func mistakes(_ arguments: [String], _ parts: [String]) throws {
    let result = try Tool.run(["train"] + arguments)
    #expect(result.status != 0 && result.output.isEmpty)
    for part in parts { #expect(result.errors.contains(part), "\(result.errors)") }
  }

  @Test("Mistakes in the file are told with line and column")
  func malformed() throws {
    try Tool.withFile("x,y\n1,2\n?,3\n4,5\n") { file in
      let result = try train(file, "y", "--set", "data.test=0", "--set", "data.validation=0")
      #expect(result.status != 0 && result.output.isEmpty)
      for part in [file, "line 3, column 'x'", "'?'", "data.missing=impute"] {
        #expect(result.errors.contains(part), "\(result.errors)")
      }
    }
  }

  @Test("A run keeps its table's encoding, and goes on only with the table that it began with")
  func runDirectory() throws {
    let (run, folder) = (Tool.newPath("run"), Tool.newPath("table"))
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let file = folder + "/flats.csv"
    try Data(flats.utf8).write(to: URL(fileURLWithPath: file))
    // Paths are taken from where the tool runs, and kept for wherever it runs next.
    let name = "../" + Tool.scratch.lastPathComponent + "/"
    let path = name + URL(fileURLWithPath: folder).lastPathComponent + "/flats.csv"
    let result = try train(path, "price", "--steps", "3", "--output", run)
    #expect(result.status == 0, "\(result.errors)")
    let settings = try String(contentsOfFile: run + "/settings.yaml", encoding: .utf8)
    #expect(settings.contains(URL(fileURLWithPath: file).standardizedFileURL.path))

    let encoding = run + "/encoding.json"
    let kept = try Data(contentsOf: URL(fileURLWithPath: encoding))
    func resume(_ steps: String) throws -> Tool.Result {
      try Tool.run("train", "--resume", run, "--steps", steps, "--json")
    }
    #expect(try resume("5").objects().last?["steps"] as? Int == 5)

    try kept.prefix(100).write(to: URL(fileURLWithPath: encoding))
    let mended = try resume("7")
    #expect(mended.status == 0)
    #expect(mended.errors.contains("encoding.json") && mended.errors.contains("damaged"))
    #expect(try Data(contentsOf: URL(fileURLWithPath: encoding)) == kept)

    let text = flats.replacingOccurrences(of: "yes", with: "no")
    try Data(text.utf8).write(to: URL(fileURLWithPath: file))
    let refused = try resume("9")
    #expect(refused.status != 0 && refused.output.isEmpty)
    #expect(refused.errors.contains("flats.csv: the table has changed"), "\(refused.errors)")
  }

  @Test("Settings may come from a file, and columns may be given by number")
  func settings() throws {
    try Tool.withFile("1 ,2,3\n4, ?,5\n2,1,9\n0,0,1\n") { file in
      let settings = """
        task: table
        data: {path: \(file), target: 3, header: false, missing: impute, test: 0, validation: 0}
        """
      try Tool.withFile(settings) { config in
        let result = try Tool.run("train", "-c", config, "--steps", "1", "--json")
        #expect(try result.objects().first?["examples"] as? Int == 4)
        #expect(result.errors.contains("note: column '2': 1 missing cell filled"))
      }
    }
  }
}
