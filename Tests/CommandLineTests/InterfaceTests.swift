import AdamQLR
import Foundation
import Testing
import Training

/// What scripts depend on: the names that the command takes, prints and writes.
///
/// They stand in `Interface.txt`. Where one changes on purpose, `CHANGELOG.md` says so, and
/// `ADAMQLR_UPDATE_INTERFACE=1 swift test … --filter InterfaceTests` writes the file anew. The names
/// of plots are not among them, because they need gnuplot.
@Suite("Interface of adamqlr")
struct InterfaceTests {
  private static let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("Interface.txt")

  @Test("Names that scripts depend on are those that the list has")
  func names() throws {
    let found = try InterfaceListing.gathered()
    if ProcessInfo.processInfo.environment["ADAMQLR_UPDATE_INTERFACE"] != nil {
      try Data(found.text.utf8).write(to: Self.file)
    }
    let expected = InterfaceListing(text: try String(contentsOf: Self.file, encoding: .utf8))
    for difference in found.differences(from: expected) {
      Issue.record(
        """
        \(difference). Scripts depend on such names: either CHANGELOG.md says that it changed and \
        ADAMQLR_UPDATE_INTERFACE=1 brings Tests/CommandLineTests/Interface.txt up to date, or it \
        is a mistake.
        """)
    }
    // A name that is printed as the list has it is no difference, whatever that list is.
    #expect(found.text == expected.text)
  }

  @Test("A list says what vanished, appeared and changed places")
  func differences() {
    let before = InterfaceListing(text: "[a]\none\ntwo\nthree\n\n[b]\nx\n\n[c]\n1\n2\n")
    let after = InterfaceListing(text: "[a]\none\nthree\nfour\n\n[c]\n2\n1\n\n[d]\ny\n")
    #expect(
      after.differences(from: before) == [
        "a: 'two' vanished", "a: 'four' appeared", "b: 'x' vanished", "c: the order changed",
        "d: 'y' appeared",
      ])
    #expect(before.differences(from: before) == [])
    #expect(InterfaceListing(text: before.text) == before)
  }
}

/// Names under titles.
private struct InterfaceListing: Equatable {
  struct Section: Equatable {
    var title: String
    var names: [String]
  }

  var sections: [Section] = []

  init() {}

  /// Reads what ``text`` gives.
  init(text: String) {
    for line in text.split(separator: "\n").map(String.init) {
      if line.hasPrefix("["), line.hasSuffix("]") {
        sections.append(Section(title: String(line.dropFirst().dropLast()), names: []))
      } else if !line.hasPrefix("#"), !sections.isEmpty {
        sections[sections.count - 1].names.append(line)
      }
    }
  }

  var text: String {
    sections.map { section in
      "[\(section.title)]\n" + section.names.map { "\($0)\n" }.joined()
    }.joined(separator: "\n")
  }

  mutating func add(_ title: String, _ names: [String]) {
    sections.append(Section(title: title, names: names))
  }

  /// What is not as in another list, in words.
  func differences(from other: InterfaceListing) -> [String] {
    func names(_ listing: InterfaceListing, _ title: String) -> [String] {
      listing.sections.filter { $0.title == title }.flatMap(\.names)
    }
    var titles = other.sections.map(\.title)
    titles += sections.map(\.title).filter { !titles.contains($0) }
    return titles.flatMap { title in
      let (before, after) = (names(other, title), names(self, title))
      let changes =
        before.filter { !after.contains($0) }.map { "\(title): '\($0)' vanished" }
        + after.filter { !before.contains($0) }.map { "\(title): '\($0)' appeared" }
      return changes.isEmpty && before != after ? ["\(title): the order changed"] : changes
    }
  }
}

extension InterfaceListing {
  /// The names of the built tool.
  static func gathered() throws -> InterfaceListing {
    var listing = InterfaceListing()
    try listing.addCommands()
    try listing.addSettings()
    try listing.addRuns()
    try listing.addStudies()
    try listing.addExitCodes()
    return listing
  }

  // MARK: What the command takes

  private mutating func addCommands() throws {
    let dump = try Tool.run("--experimental-dump-help")
    let object = try JSONSerialization.jsonObject(with: Data(dump.output.utf8))
    let tool = try #require((object as? [String: Any])?["command"] as? [String: Any])
    var commands: [Section] = []
    func walk(_ command: [String: Any], _ path: [String]) {
      let options = (command["arguments"] as? [[String: Any]] ?? [])
        .filter { $0["shouldDisplay"] as? Bool == true }
        .compactMap(Self.optionName)
      let parts = (command["subcommands"] as? [[String: Any]] ?? [])
        .filter { $0["commandName"] as? String != "help" }
      if parts.isEmpty {
        commands.append(Section(title: path.joined(separator: " "), names: options))
      }
      for part in parts { walk(part, path + [part["commandName"] as? String ?? ""]) }
    }
    walk(tool, [])
    add("commands", commands.map(\.title))
    for command in commands { add("options: \(command.title)", command.names) }
  }

  /// How an argument is given: `--seed <n>`, or `<run>`.
  private static func optionName(_ argument: [String: Any]) -> String? {
    let value = (argument["valueName"] as? String).map { "<\($0)>" } ?? ""
    guard let names = argument["names"] as? [[String: Any]] else { return value }
    let spellings = names.compactMap { entry in
      (entry["name"] as? String).map { (entry["kind"] as? String == "long" ? "--" : "-") + $0 }
    }.sorted()
    if spellings.contains("--help") || spellings.contains("--version") { return nil }
    return spellings.joined(separator: ", ")
      + (argument["kind"] as? String == "flag" ? "" : " \(value)")
  }

  private mutating func addSettings() throws {
    let optimizers = try Tool.run("optimizers").lines
    // A name two blanks in, what it means further in.
    let keys = optimizers.filter { $0.hasPrefix("  ") && !$0.hasPrefix("   ") }
      .map { String($0.dropFirst(2)) }
    add("presets", keys.filter { !$0.contains("=") })
    for list in ["tasks", "models"] {
      add(
        list,
        try Tool.run(list).lines.filter { line in
          !line.hasPrefix(" ") && !line.contains(" ") && !line.isEmpty
        })
    }
    let path = Tool.newPath("settings")
    let run = try Tool.run("train", "--task", "rosenbrock", "--steps", "1", "--output", path)
    #expect(run.status == 0, "\(run.errors)")
    let yaml = try String(contentsOfFile: path + "/settings.yaml", encoding: .utf8)
    let settings = keys.filter { $0.contains("=") }.map { String($0.prefix { $0 != "=" }) }
    #expect(Set(Self.yamlKeys(yaml)).isSubset(of: settings), "settings.yaml is what --set takes")
    add("settings", settings)
    add("values of settings", Self.choices(in: optimizers))
  }

  /// The keys of two levels, joined by a point.
  private static func yamlKeys(_ yaml: String) -> [String] {
    var keys: [String] = []
    var group = ""
    for line in yaml.split(separator: "\n").map(String.init) where !line.hasPrefix("#") {
      let name = String(line.drop { $0 == " " }.prefix { $0 != ":" })
      if line.hasPrefix(" ") {
        keys.append("\(group).\(name)")
      } else if line.hasSuffix(":") {
        group = name
      } else {
        keys.append(name)
      }
    }
    return keys
  }

  /// `key: a, b, c` of the settings whose explanation ends in `one of a, b, c`.
  private static func choices(in lines: [String]) -> [String] {
    var texts: [(key: String, text: String)] = []
    for line in lines {
      if line.hasPrefix("  "), !line.hasPrefix("   "), line.contains("=") {
        texts.append((String(line.dropFirst(2).prefix { $0 != "=" }), ""))
      } else if line.hasPrefix("      "), !texts.isEmpty {
        texts[texts.count - 1].text += line.dropFirst(5)
      }
    }
    return texts.compactMap { key, text in
      text.range(of: " one of ").map { range in
        let names = text[range.upperBound...].prefix { $0 != "." }
        return "\(key): \(names.replacing(", or null", with: ""))"
      }
    }
  }

  // MARK: What runs print and write

  private static let table = Tool.newPath("table.csv")
  private static let text = Tool.newPath("text.txt")

  private mutating func addRuns() throws {
    let rows = (0..<60).map {
      "\($0),\($0 * $0 % 7),\($0 * 5 % 11),\($0 % 3 == 0 ? "red" : "blue")"
    }
    try Data((["a,b,y,kind"] + rows).map { "\($0)\n" }.joined().utf8)
      .write(to: URL(fileURLWithPath: Self.table))
    try Data((0..<200).map { "line \($0 * 7 % 13)\n" }.joined().utf8)
      .write(to: URL(fileURLWithPath: Self.text))
    let (numbers, classes, words) = (
      Tool.newPath("numbers"), Tool.newPath("classes"), Tool.newPath("words")
    )
    let ofTable = ["--task", "table", "--steps", "1", "--set", "data.path=\(Self.table)", "--set"]
    let outputs = try [
      ("table", ofTable + ["data.target=y", "--set", "held-back=true", "--output", numbers]),
      ("classes", ofTable + ["data.target=kind", "--output", classes]),
      (
        "text",
        ["--task", "text", "--steps", "1", "--output", words, "--batch-size", "4"]
          + [
            "text.path=\(Self.text)", "text.context=4", "network.layers=1", "network.heads=1",
            "network.embedding=4",
          ].flatMap { ["--set", $0] }
      ),
    ].map { name, arguments in
      let run = try Tool.run(["train", "--json"] + arguments)
      #expect(run.status == 0, "\(name): \(run.errors)")
      return (name, try run.objects())
    }
    let (_, ofNumbers) = outputs[0]
    for event in ["start", "epoch", "summary"] {
      add("JSON: train --json, \(event)", try Self.keys(ofNumbers, event))
    }
    // With such a rate the loss soon rises.
    let stopped = try Tool.run(
      ["train", "--json"] + ofTable.filter { $0 != "--steps" && $0 != "1" }
        + ["data.target=y", "--optimizer", "adam", "--set", "learning-rate.value=1", "--set"]
        + ["early-stopping.patience=1", "--output", Tool.newPath("stopped")])
    add("JSON: train --json, early_stop", try Self.keys(stopped.objects(), "early_stop"))
    let ofText = try Self.keys(outputs[2].1, "summary")
    #expect(try Self.keys(outputs[1].1, "summary") == Self.keys(ofNumbers, "summary"))
    add(
      "JSON: train --json, summary, of a text besides", ofText.filter { $0.contains("perplexity") })
    add(
      "JSON: names of a summary's events", (0..<32).flatMap { StepEvents(rawValue: 1 << $0).names })
    for (name, path) in [("", numbers), (", of a text", words)] {
      let evaluation = try Tool.run("evaluate", path, "--json")
      add("JSON: evaluate --json\(name)", try Self.keys(in: evaluation.output))
    }
    let bench = try Tool.run(
      "bench", "--task", "uci-energy", "--batch-size", "4", "--random-data", "--seconds", "0.01",
      "--json")
    add("JSON: bench --json", try Self.keys(in: bench.output))
    add("JSON: run.json", try Self.paths(inFile: classes + "/run.json"))
    add("JSON: encoding.json", try Self.paths(inFile: numbers + "/encoding.json"))
    add("JSON: encoding.json, of a text", try Self.paths(inFile: words + "/encoding.json"))
    add("JSON: encoding.json, of classes", try Self.paths(inFile: classes + "/encoding.json"))
    add("CSV: predict, numbers", try Self.columns(Tool.run("predict", numbers, Self.table)))
    add("CSV: predict, classes", try Self.columns(Tool.run("predict", classes, Self.table)))
    add(
      "CSV: report --format csv", try Self.columns(Tool.run("report", numbers, "--format", "csv")))
    #expect(try Tool.run("report", numbers).status == 0)
    add("files: a run, with its report", try Self.files(in: numbers))
    add("tags of a run's log", Metric.allCases.map(\.tag))
  }

  private mutating func addStudies() throws {
    let (comparison, study) = (Tool.newPath("comparison"), Tool.newPath("study"))
    let compare = try Tool.run(
      "compare", "--task", "rosenbrock", "--steps", "1", "--seeds", "1", "--optimizers",
      "adamqlr,mine=adam+learning-rate.value=1e-2", "--output", comparison)
    #expect(compare.status == 0, "\(compare.errors)")
    add("files: a comparison", try Self.files(in: comparison, deep: false))
    add("JSON: comparison.json", try Self.paths(inFile: comparison + "/comparison.json"))
    let ablation = Tool.newPath("ablation")
    let ablate = try Tool.run(
      "ablate", "--task", "rosenbrock", "--steps", "1", "--seeds", "1", "--output", ablation)
    #expect(ablate.status == 0, "\(ablate.errors)")
    let folders = try FileManager.default.contentsOfDirectory(atPath: ablation)
    add("files: the variants of an ablation", folders.filter { !$0.contains(".") }.sorted())
    let description = """
      title: Names
      seeds: 1
      batch-sizes: [16]
      tasks:
        - {task: table, epochs: 1, settings: {data.path: \(Self.table), data.target: y}}
      optimizers: [adamqlr, adam-1=adam, adam-2=adam+learning-rate.value=1e-2]
      tuned: {adam: [adam-1, adam-2]}
      claims:
        - {diverges: never}
        - {within: 100, of: adam, in: 1 %}
        - {below: adam-1, in: 1 %}
        - {test-loss-below: 100, task: table, batch-size: 16}

      """
    let result = try Tool.withFile(description) {
      try Tool.run("study", $0, "--output", study)
    }
    #expect(result.status == 0, "\(result.errors)")
    // With gnuplot there are plots too.
    add("files: a study", try Self.files(in: study).filter { !$0.hasPrefix("plots") })
    let rows = try String(contentsOfFile: study + "/results.csv", encoding: .utf8)
    add("CSV: results.csv of a study", Self.columns(ofFirstLineIn: rows))
  }

  private mutating func addExitCodes() throws {
    let (diverged, running) = (Tool.newPath("diverged"), Tool.newPath("running"))
    let divergence = try Tool.run(
      "train", "--json", "--task", "table", "--epochs", "50", "--batch-size", "8", "--optimizer",
      "sgd", "--output", diverged,
      "--set", "data.path=\(Self.table)", "--set", "data.target=y", "--set",
      "learning-rate.value=1e9")
    add("JSON: train --json, diverged", try Self.keys(divergence.objects(), "diverged"))
    var states = [try Self.state(of: diverged)]
    var codes: [(status: Int32, what: String)] = [
      (try Tool.run("--help").status, "help"),
      (try Tool.run("train", "--no-such-flag").status, "an unknown flag"),
      (try Tool.run("train", "--resume", "a", "--output", "b").status, "flags that exclude others"),
      (try Tool.run("train", "--set", "damping.start=1").status, "an unknown setting"),
      (try Tool.run("train", "--task", "uci-energy").status, "data that is not there"),
      (try Tool.run("train", "--resume", "/nowhere").status, "a run that is not there"),
      (try Tool.run("verify", "/nowhere").status, "a trace that is not there"),
      (try Tool.run("data", "inspect", #filePath).status, "a file that is no table"),
      (
        try Tool.run("report", finishedRun(), "--output", "/nowhere/report.html").status,
        "a file that cannot be made"
      ),
      (divergence.status, "divergence"),
    ]
    for (signal, name) in [(SIGINT, "SIGINT"), (SIGTERM, "SIGTERM")] {
      let path = running + name
      let output = Pipe()
      let process = try Tool.start(
        ["train", "--json", "--task", "rosenbrock", "--seconds", "60", "--output", path],
        output: output, errors: Pipe())
      // The first line comes when signals are watched for.
      _ = output.fileHandleForReading.availableData
      states.append(try Self.state(of: path))
      kill(process.processIdentifier, signal)
      _ = output.fileHandleForReading.readDataToEndOfFile()
      process.waitUntilExit()
      states.append(try Self.state(of: path))
      codes.append((process.terminationStatus, "training ended by \(name)"))
    }
    states.append(try Self.state(of: finishedRun()))
    add("states in run.json", Set(states).sorted())
    add("exit codes", codes.map { "\($0.status): \($0.what)" })
  }

  private func finishedRun() throws -> String {
    let path = Tool.newPath("finished")
    #expect(
      try Tool.run("train", "--task", "rosenbrock", "--steps", "1", "--output", path).status == 0)
    return path
  }

  // MARK: Reading names

  /// The keys of the first object with this event.
  private static func keys(_ objects: [[String: Any]], _ event: String) throws -> [String] {
    let object = try #require(objects.first { $0["event"] as? String == event })
    return object.keys.sorted()
  }

  private static func keys(in line: String) throws -> [String] {
    let object = try JSONSerialization.jsonObject(with: Data(line.utf8))
    return try #require(object as? [String: Any]).keys.sorted()
  }

  /// The keys of a file's objects, with the way to them; of an array, those of its elements.
  private static func paths(inFile path: String) throws -> [String] {
    var paths: Set<String> = []
    func walk(_ value: Any, _ path: String) {
      if let object = value as? [String: Any], !object.isEmpty {
        for (key, value) in object { walk(value, path.isEmpty ? key : "\(path).\(key)") }
      } else if let array = value as? [Any], array.first is [String: Any] {
        for element in array { walk(element, path + "[]") }
      } else {
        paths.insert(path)
      }
    }
    let data = try Data(contentsOf: URL(fileURLWithPath: path))
    walk(try JSONSerialization.jsonObject(with: data), "")
    return paths.sorted()
  }

  private static func columns(_ result: Tool.Result) -> [String] {
    #expect(result.status == 0, "\(result.errors)")
    return columns(ofFirstLineIn: result.output)
  }

  private static func columns(ofFirstLineIn text: String) -> [String] {
    text.prefix { $0 != "\n" }.split(separator: ",").map(String.init)
  }

  /// The files below a folder; those of runs only where `deep`.
  private static func files(in folder: String, deep: Bool = true) throws -> [String] {
    try FileManager.default.subpathsOfDirectory(atPath: folder).filter { name in
      var isDirectory: ObjCBool = false
      _ = FileManager.default.fileExists(atPath: "\(folder)/\(name)", isDirectory: &isDirectory)
      if deep { return !isDirectory.boolValue }
      let isRun = FileManager.default.fileExists(atPath: "\(folder)/\(name)/settings.yaml")
      return isRun || (!isDirectory.boolValue && !name.contains("/seed-0/"))
    }.sorted()
  }

  private static func state(of run: String) throws -> String {
    let data = try Data(contentsOf: URL(fileURLWithPath: run + "/run.json"))
    let status = try JSONSerialization.jsonObject(with: data) as? [String: Any]
    return try #require(status?["state"] as? String)
  }
}
