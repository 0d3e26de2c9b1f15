import Foundation
import Testing

@Suite("adamqlr train --task text")
struct TextTaskTests {
  /// Lines of a small grammar, of which a model can learn much in a few steps.
  private static let poem = (0..<400).map { i in
    let (who, what) = (["the cat", "the dog", "a bird"][i * 7 % 3], ["sat", "ran"][i * 5 % 4 / 2])
    return "\(who) \(what) \(["here", "there"][i % 2])\n"
  }.joined()

  private static let small = [
    "--set", "text.context=16", "--set", "network.layers=1", "--set", "network.heads=2",
    "--set", "network.embedding=16", "--set", "network.context=32", "--threads", "1",
  ]

  private func train(_ file: String, _ options: [String]) throws -> Tool.Result {
    try Tool.run(
      ["train", "--task", "text", "--set", "text.path=\(file)", "--json"] + Self.small + options)
  }

  private func summary(_ result: Tool.Result) throws -> [String: Any] {
    #expect(result.status == 0, "\(result.errors)")
    return try #require(try result.objects().last)
  }

  private func number(_ scores: [String: Any], _ key: String) throws -> Double {
    try #require(scores[key] as? Double, "\(scores)")
  }

  @Test("Bytes and words are learned, by Adam and AdamQLR", arguments: ["adam", "adamqlr"])
  func learning(_ optimizer: String) throws {
    try Tool.withFile(Self.poem) { file in
      for (options, size) in [
        (["--steps", "60"], 256), (["--set", "text.vocabulary=words", "--steps", "40"], 11),
      ] {
        let rate =
          ["--optimizer", optimizer]
          + (optimizer == "adam" ? ["--set", "learning-rate.value=0.01"] : [])
        let result = try train(file, options + rate)
        let scores = try summary(result)
        let loss = try number(scores, "test_loss")
        #expect(loss < 0.6 * log(Double(size)), "\(loss) of \(log(Double(size)))")
        #expect(abs(try number(scores, "test_perplexity") - exp(loss)) < 1e-9)
        #expect(try number(scores, "validation_accuracy") > 0.25)
        let start = try #require(try result.objects().first)
        #expect(start["model"] as? String == "gpt2")
        // Embeddings of tokens and positions, a block, and the last normalization.
        #expect(start["parameters"] as? Int == (size + 32) * 16 + 3280 + 32)
      }
    }
  }

  @Test("Stopped and resumed, a run ends as one that was not; dropout and the order go on too")
  func resume() throws {
    try Tool.withFile(Self.poem) { file in
      let options = [
        "--batch-size", "8", "--set", "network.dropout=0.1", "--checkpoint-every", "10",
      ]
      let (whole, parted) = (Tool.newPath("whole"), Tool.newPath("parted"))
      var scores = [try summary(train(file, options + ["--steps", "40", "--output", whole]))]
      _ = try summary(train(file, options + ["--steps", "23", "--output", parted]))
      scores.append(
        try summary(Tool.run("train", "--resume", parted, "--steps", "40", "--json")))
      for key in ["train_loss", "validation_loss", "test_loss", "test_accuracy"] {
        #expect(try number(scores[0], key) == number(scores[1], key))
      }
      let weights = try [whole, parted].map {
        try Data(
          contentsOf: URL(fileURLWithPath: $0 + "/checkpoints/step-000000040/weights.safetensors"))
      }
      #expect(weights[0] == weights[1])

      // The text is the run's; another in its place is not learned from.
      try Data(Self.poem.replacingOccurrences(of: "cat", with: "cow").utf8)
        .write(to: URL(fileURLWithPath: file))
      let refused = try Tool.run("train", "--resume", parted, "--steps", "50")
      #expect(refused.status != 0)
      #expect(refused.errors.contains("\(file): the text has changed"), "\(refused.errors)")
    }
  }

  @Test("A run is judged by another text and goes on with one, without the text that trained")
  func otherTexts() throws {
    let run = Tool.newPath("poem")
    try Tool.withFile(Self.poem) { file in
      _ = try summary(
        train(
          file,
          [
            "--set", "text.vocabulary=words", "--steps", "60", "--optimizer", "adam",
            "--set", "learning-rate.value=0.01", "--output", run,
          ]))
    }
    let (like, unlike) = (
      Self.poem.split(separator: "\n").dropFirst(96).joined(separator: "\n"),
      String(repeating: "there sat a cat sat ran unheard\n", count: 20)
    )
    let losses = try [like, unlike].map { text in
      try Tool.withFile(text) { file in
        let scores = try summary(Tool.run("evaluate", run, "--text", file, "--json"))
        #expect(scores["train_loss"] is NSNull && scores["validation_loss"] is NSNull)
        return try number(scores, "test_loss")
      }
    }
    #expect(losses[0] < 0.5 && losses[1] > losses[0] + 1, "\(losses)")

    func generate(_ options: String...) throws -> Tool.Result {
      try Tool.run(["generate", run, "--prompt", "the cat sat here\na"] + options)
    }
    let text = try generate("--seed", "3", "--tokens", "40")
    #expect(text.status == 0 && text.output.hasPrefix("the cat sat here\na "), "\(text)")
    #expect(try generate("--seed", "3", "--tokens", "40").output == text.output)
    #expect(try generate("--seed", "4", "--tokens", "40").output != text.output)
    let words = Set(text.output.split(whereSeparator: \.isWhitespace).map(String.init))
    #expect(words.isSubset(of: ["the", "a", "cat", "dog", "bird", "sat", "ran", "here", "there"]))
    // The likeliest after an article is what always follows it.
    let likeliest = try generate("--temperature", "0", "--tokens", "1").output
    #expect(likeliest == "the cat sat here\na bird\n")

    try Tool.withFile("too short") { file in
      let result = try Tool.run("evaluate", run, "--text", file)
      #expect(result.status != 0 && result.errors.contains("\(file): only 3 tokens"))
    }
    for (arguments, part) in [
      (["evaluate", run, "--table", "x.csv"], "encoding.json"),
      (["evaluate", run, "--table", "x.csv", "--text", "x.txt"], "not both"),
      (["generate", run, "--temperature", "-1"], "--temperature"),
      (["predict", run, "x.csv"], "'text'"), (["generate", Tool.newPath("none")], "no run"),
    ] {
      let result = try Tool.run(arguments)
      #expect(result.status != 0 && result.errors.contains(part), "\(result.errors)")
    }
  }

  @Test("Bytes go on too, from a prompt or from nothing; runs of other tasks do not")
  func bytes() throws {
    let run = Tool.newPath("bytes")
    try Tool.withFile(Self.poem) { file in
      let result = try Tool.run(
        "train", "--task", "text", "--set", "text.path=\(file)", "--model", "lstm", "--set",
        "network.units=8", "--set", "network.embedding=4", "--set", "text.context=16", "--steps",
        "2", "--output", run)
      #expect(result.status == 0 && result.output.contains("bits/byte"), "\(result)")
      let text = try Tool.run("generate", run, "--tokens", "0", "--prompt", "ä")
      #expect(text.output == "ä\n")
      #expect(try Tool.run("generate", run, "--tokens", "20").status == 0)
      let digits = Tool.newPath("digits")
      #expect(try Tool.run("train", "--steps", "1", "--output", digits).status == 0)
      for arguments in [["generate", digits], ["evaluate", digits, "--text", file]] {
        #expect(try Tool.run(arguments).errors.contains("'digits', which is no text"))
      }
    }
  }

  @Test(
    "Mistakes are told with what to give",
    arguments: [
      (["--task", "text"], ["text.path", "--set text.path=FILE.txt"]),
      (["--set", "text.path=x"], ["text.path", "--task text", "digits"]),
      (["--task", "penn-treebank", "--set", "text.test=0.2"], ["text.test", "penn-treebank"]),
      (["--task", "penn-treebank"], ["penn-treebank/ptb.train.txt", "adamqlr data fetch"]),
      (["--task", "text", "--set", "text.path=/nowhere.txt"], ["/nowhere.txt", "No such file"]),
      (
        ["--task", "text", "--set", "text.vocabulary=letters"], ["text.vocabulary", "bytes, words"]
      ),
      (["--task", "text", "--set", "text.max-words=2"], ["text.max-words", "from 3"]),
      (["--task", "text", "--set", "text.path=x", "--model", "resnet18"], ["gpt2", "tokens"]),
      (["--task", "text", "--set", "data.path=x"], ["text.path"]),
    ])
  func mistakes(_ arguments: [String], _ parts: [String]) throws {
    let result = try Tool.run(["train"] + arguments)
    #expect(result.status != 0 && result.output.isEmpty)
    for part in parts { #expect(result.errors.contains(part), "\(result.errors)") }
  }

  @Test("Sequences longer than a model's positions, and texts shorter than one, are told")
  func lengths() throws {
    try Tool.withFile(Self.poem) { file in
      let long = try train(file, ["--set", "text.context=40"])
      for part in ["40 positions", "network.context", "32"] {
        #expect(long.status != 0 && long.errors.contains(part), "\(long.errors)")
      }
      let short = try train(file, ["--set", "text.context=20000"])
      for part in [file, "tokens to train with", "20001", "text.context"] {
        #expect(short.status != 0 && short.errors.contains(part), "\(short.errors)")
      }
    }
  }

  @Test("Steps are measured on random tokens", arguments: ["text", "penn-treebank"])
  func bench(_ task: String) throws {
    for (model, sizes) in [
      ("gpt2", ["--set", "network.layers=1", "--set", "network.heads=1"]),
      ("lstm", ["--set", "network.layers=1", "--set", "network.units=8"]),
    ] {
      let result = try Tool.run(
        [
          "bench", "--task", task, "--model", model, "--random-data", "--batch-size", "2",
          "--set", "text.context=4", "--set", "network.embedding=4", "--seconds", "0.01", "--json",
        ] + sizes)
      let line = try summary(result)
      #expect(line["model"] as? String == model && line["batch_size"] as? Int == 2)
    }
  }

  @Test("The Penn Treebank's files are learned from, in the order of its publisher's parts")
  func pennTreebank() throws {
    let folder = Tool.newPath("data")
    let files = URL(fileURLWithPath: folder + "/penn-treebank")
    try FileManager.default.createDirectory(at: files, withIntermediateDirectories: true)
    for (name, count) in [("train", 400), ("valid", 50), ("test", 60)] {
      let lines = Self.poem.split(separator: "\n").prefix(count).joined(separator: "\n ")
      try Data(" \(lines) \n".utf8).write(to: files.appendingPathComponent("ptb.\(name).txt"))
    }
    let result = try Tool.run(
      ["train", "--task", "penn-treebank", "--data-dir", folder, "--steps", "3", "--json"]
        + Self.small)
    #expect(try result.objects().first?["examples"] as? Int == (400 * 5 - 1) / 16)
    #expect(try number(summary(result), "test_perplexity") > 1)
    let check = try Tool.run("data", "check", "penn-treebank", "--data-dir", folder)
    #expect(check.status != 0)
    #expect(check.lines.count { $0.hasPrefix("WRONG") && $0.contains("expected") } == 3)
    #expect(
      check.lines.last
        == "ok     penn-treebank reads as 2,000 training, 250 validation, 300 test tokens of 11")
    let list = try Tool.run("data", "list", "--data-dir", folder)
    let line = try #require(list.lines.first { $0.hasPrefix("penn-treebank") })
    #expect(line.contains("34.87 MB") && line.contains("3 of 3") && line.contains("complete"))
  }
}
