import Files
import AdamQLR
import Foundation
import Studies
import Tasks
import Testing
import Training

@Suite("Study files")
struct StudyFileTests {
  private static let sound = """
    title: T
    seeds: 2
    batch-sizes: [full, 4, 16]
    settings: {eval-every: 5}
    tasks:
      - {task: rosenbrock, steps: 9}
      - {name: small, task: digits, epochs: 3, batch-sizes: [8], seeds: 1, settings: {network: {hidden: [4, 5]}}}
    optimizers: [adamqlr, slow=sgd+learning-rate.value=1e-4, fast=sgd+learning-rate.value=1]
    tuned: {best-sgd: [slow, fast]}
    claims:
      - {diverges: never}
      - {within: 1.25, of: best-sgd, in: 80 %}
      - {below: slow, optimizer: fast}
      - {test-loss-below: 0.5, task: small, batch-size: 8}
    """

  private func study(_ text: String) throws -> Study {
    let file = FileManager.default.temporaryDirectory
      .appendingPathComponent("study-\(UUID().uuidString).yaml")
    try Data(text.utf8).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    return try Study(file: file.path)
  }

  @Test("A whole file is read")
  func whole() throws {
    let study = try study(Self.sound)
    #expect(study.tasks.map(\.name) == ["rosenbrock", "small"])
    #expect(study.tasks[0].batchSizes == [.examples(4), .examples(16), .full])
    #expect(study.tasks[1].batchSizes == [.examples(8)])
    #expect(study.tasks.map(\.seedCount) == [2, 1])
    #expect(study.candidate == "adamqlr" && study.reference == "best-sgd")
    #expect(study.shownLabels == ["adamqlr", "best-sgd", "slow"])
    #expect(
      study.claims == [
        Claim("adamqlr", .neverDiverges),
        Claim("adamqlr", .within(1.25, of: "best-sgd"), share: 0.8),
        Claim("fast", .below("slow")),
        Claim("adamqlr", .testLossBelow(0.5, task: "small", batchSize: .examples(8))),
      ])
    let settings = try study.settings(
      study.tasks[1], study.optimizers[1], batchSize: 8, seed: 3, dataDirectory: nil)
    #expect(settings.model.hiddenSizes == [4, 5] && settings.epochs == 3)
    #expect(settings.batchSize == 8 && settings.seed == 3 && settings.evaluationInterval == 5)
    #expect(settings.optimizer == .sgd)
    #expect(try settings.yaml.contains("value: 0.0001\n"))
  }

  @Test(
    "What is wrong is named, with its line and what it may be",
    arguments: [
      ("seeds: 2", "seeds: 0", ["line 2", "seeds", "0", "whole number"]),
      ("seeds: 2", "sedes: 2", ["line 2", "sedes", "batch-sizes", "seeds"]),
      ("title: T\n", "", ["title"]),
      ("[full, 4, 16]", "[full, four]", ["line 3", "four", "full"]),
      ("[full, 4, 16]", "[4, 4]", ["line 3", "4", "twice"]),
      ("eval-every: 5", "eval-evry: 5", ["line 4", "eval-evry", "eval-every"]),
      ("eval-every: 5", "eval-every: 0", ["line 4", "eval-every", "0"]),
      ("eval-every: 5", "seed: 5", ["line 4", "seed"]),
      ("task: digits", "task: digts", ["line 7", "digts", "digits", "uci-energy"]),
      ("epochs: 3", "epochs: 3, steps: 4", ["line 7", "epochs", "steps"]),
      ("name: small", "name: a/b", ["line 7", "a/b"]),
      ("name: small", "name: rosenbrock", ["rosenbrock", "two"]),
      ("slow=sgd", "slow=sgdd", ["line 8", "sgdd", "adamqlr", "prodigy"]),
      ("slow=sgd", "fast=sgd", ["line 8", "fast", "two"]),
      (
        "learning-rate.value=1e-4", "learning-rate.vale=1e-4",
        ["slow", "vale", "learning-rate.value"]
      ),
      ("[slow, fast]", "[slow, fats]", ["line 9", "best-sgd", "fats", "slow"]),
      ("diverges: never", "diverges: seldom", ["line 11", "diverges", "seldom", "never"]),
      ("diverges: never", "converges: always", ["line 11", "converges", "within"]),
      ("in: 80 %", "in: 80", ["line 12", "80", "%"]),
      ("within: 1.25", "within: -1", ["line 12", "within"]),
      ("of: best-sgd", "of: best", ["line 12", "best", "best-sgd"]),
      ("below: slow", "below: slow, within: 2", ["line 13", "exactly one"]),
      ("batch-size: 8}", "batch-size: 16}", ["line 14", "16", "8"]),
      ("task: digits", "task: digits, part: a/b", ["line 7", "a/b"]),
      ("task: digits", "task: digits, optimizers: [fats]", ["line 7", "fats", "slow"]),
      ("within: 1.25", "mean: 0", ["line 12", "mean"]),
      ("within: 1.25, of: best-sgd", "mean: 1.25", ["line 12", "mean", "of"]),
      ("in: 80 %", "by: steps", ["line 12", "steps", "lowest"]),
      ("in: 80 %", "parts: [tables]", ["line 12", "tables"]),
    ])
  func mistakes(_ part: String, _ replacement: String, _ words: [String]) throws {
    let text = Self.sound.replacingOccurrences(of: part, with: replacement)
    try #require(text != Self.sound)
    let error = try #require(throws: SettingsError.self) { try study(text) }
    for word in words { #expect(error.description.contains(word), "\(error)") }
  }

  @Test("Sizes that exceed the data fall away, and seeds come before tasks")
  func plan() throws {
    let study = try study(Self.sound)
    let counts = ["rosenbrock": 16, "small": 100]
    let plan = try StudyPlan(study, dataDirectory: nil, threads: 1, counts: counts)
    let places = plan.runs.map { "\($0.key.seed) \($0.key.task) \($0.key.batchSize.text)" }
    var expected: [String] = []
    for place in [
      "0 rosenbrock 4", "0 rosenbrock full", "0 small 8", "1 rosenbrock 4", "1 rosenbrock full",
    ] {
      expected += [place, place, place]
    }
    #expect(places == expected)
    #expect(plan.runs.first { $0.key.batchSize == .full }?.settings.batchSize == 16)
    #expect(plan.notes.count == 1 && plan.notes[0].contains("16"))

    // A changed setting makes runs others, but only those that it concerns; another seed does not.
    let other = try self.study(
      Self.sound.replacingOccurrences(of: "value=1e-4", with: "value=2e-4"))
    let changed = try StudyPlan(other, dataDirectory: "/elsewhere", threads: 2, counts: counts)
    for (a, b) in zip(plan.runs, changed.runs) {
      #expect((a.fingerprint == b.fingerprint) == (a.key.optimizer != "slow"))
    }
    #expect(plan.runs[0].fingerprint == plan.runs[9].fingerprint)
    // Every setting that has an effect counts, those at their defaults too: a default that changes
    // makes runs others.
    let excluded: Set = [
      "seed", "optimizer", "batch-size", "data-dir", "data.path", "text.path", "threads",
      "log-every", "checkpoint-every", "keep", "held-back", "weights",
      // Without effect, as before there were any.
      "early-stopping.patience", "averaging.share", "learning-rate.envelope-warm-up",
      "data.max-categories", "data.dates", "data.date-order", "data.missing-values",
      "data.keep-default-missing", "data.missing-target", "data.class-weights", "data.split",
      "data.split-column", "data.skip-lines", "data.thousands", "initial-weights", "frozen",
      "network.stem", "network.pooling", "images.path", "images.size", "images.augmentation",
      "images.test", "images.validation", "text.tokenizer",
      "rosenbrock.start",
    ]
    let values = Settings.all.compactMap { setting in
      excluded.contains(setting.name)
        ? nil : setting.value(plan.runs[1].settings).map { "\(setting.name)=\($0.text)" }
    }.map { $0 == "data.decimal=auto" ? "data.decimal=point" : $0 }
    #expect(values.contains("divergence-factor=1000.0") && values.count > 40)
    let lines = (values + ["batch-size=4", "data=", "results=1"]).sorted().joined(separator: "\n")
    let hash = SHA256.hexadecimal(of: Array(lines.utf8)).prefix(12)
    #expect(plan.runs[1].key.optimizer == "slow" && plan.runs[1].fingerprint == hash)
    #expect(plan.runs[0].fingerprint != plan.runs[3].fingerprint)
    // Which weights are used later changes no figure; a patience does.
    for (setting, isSame) in [
      ("weights: last", true), ("early-stopping.patience: 5", false),
      ("averaging.share: 0.1", false),
    ] {
      let other = try self.study(
        Self.sound.replacingOccurrences(of: "eval-every: 5}", with: "eval-every: 5, \(setting)}"))
      let plan = try StudyPlan(other, dataDirectory: nil, threads: 1, counts: counts)
      #expect((plan.runs[1].fingerprint == hash) == isSame)
    }
  }
}
