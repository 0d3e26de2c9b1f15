import Foundation
import Studies
import Testing
import Training

@Suite("Every optimizer over many cells")
struct StudySummaryTests {
  private func study(_ text: String) throws -> Study {
    let file = FileManager.default.temporaryDirectory
      .appendingPathComponent("study-\(UUID().uuidString).yaml")
    try Data(text.utf8).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    return try Study(file: file.path)
  }

  private static let text = """
    title: T
    batch-sizes: [10, 20]
    tasks: [{task: digits, part: images}, {task: rosenbrock, part: lines}, {task: uci-energy}]
    optimizers: [mine=adamqlr, a=adam, b=adam+learning-rate.value=1e-2]
    tuned: {tuned: [a, b]}
    claims:
      - {mean: 1.5, of: tuned}
      - {mean: 0.6, of: tuned, by: lowest, parts: [images]}
      - {within: 1, of: tuned, in: 50 %, by: test-at-lowest}
      - {below: a, parts: [lines]}
    """

  /// A run with these validation losses after every tenth step, in `seconds`.
  private func result(
    _ task: String, _ size: Int, _ label: String, _ seed: Int, _ losses: [Double],
    seconds: Double = 1, diverges: Bool = false
  ) -> StudyResult {
    var outcome = RunOutcome(
      examples: 100, steps: 10 * losses.count, trainingLoss: 9, seconds: seconds, wallSeconds: 2)
    outcome.validationLoss = losses.last
    outcome.bestValidationLoss = losses.min()
    outcome.testLossAtLowest = losses.min().map { 3 * $0 }
    outcome.descent = Descent(
      evaluations: losses.enumerated().map { .init(step: 10 * ($0 + 1), loss: $1) })
    outcome.hasDiverged = diverges
    return StudyResult(
      .init(task: task, batchSize: .examples(size), optimizer: label, seed: seed), settings: "x",
      outcome)
  }

  private var results: [StudyResult] {
    [
      // Tuned is b by the final loss, 2, and a by the lowest, 1.
      result("digits", 10, "a", 0, [4, 1, 3]), result("digits", 10, "b", 0, [8, 4, 2], seconds: 4),
      // Reaches 2 in 2 of 3 steps; within 4 of its 6 seconds, it comes to 0.5.
      result("digits", 10, "mine", 0, [3, 0.5, 4], seconds: 6),
      // Medians of three.
      result("digits", 20, "a", 0, [2, 2]), result("digits", 20, "a", 1, [9, 9]),
      result("digits", 20, "a", 2, [1, 4]),
      result("digits", 20, "mine", 0, [8, 8]), result("digits", 20, "mine", 1, [16, 2]),
      result("digits", 20, "mine", 2, [1, 1], diverges: true),
      result("rosenbrock", 10, "a", 0, [4, 4]),
      result("rosenbrock", 10, "mine", 0, [1, 2], diverges: true),
      // Nothing to compare with.
      result("rosenbrock", 20, "mine", 0, [1]),
      result("uci-energy", 10, "b", 0, [2, 2]), result("uci-energy", 10, "mine", 0, [1, 1]),
    ]
  }

  @Test("Ratios of every figure, by hand")
  func ratios() throws {
    let summary = StudySummary(try study(Self.text), results)
    #expect(summary.parts == ["images", "lines"])
    #expect(summary.tasks == ["digits", "rosenbrock", "uci-energy"])
    func ratios(
      _ label: String, _ figure: StudySummary.Figure, part: String? = nil, task: String? = nil
    ) -> [String: Double] {
      Dictionary(
        uniqueKeysWithValues: summary.ratios(label, figure, part: part, task: task).map {
          ($0.cell.name, $0.ratio)
        })
    }
    // 4/2, 8/4 (of 8, 2 and ∞), a divergence, 1/2.
    #expect(
      ratios("mine", .final) == [
        "digits 10": 2, "digits 20": 2, "rosenbrock 10": .infinity, "uci-energy 10": 0.5,
      ])
    // 0.5/1, 2/2 (of 8, 2 and 1, and of 2, 9 and 1), 1/4 as it was before the divergence.
    #expect(
      ratios("mine", .lowest) == [
        "digits 10": 0.5, "digits 20": 1, "rosenbrock 10": 0.25, "uci-energy 10": 0.5,
      ])
    #expect(ratios("mine", .testAtLowest) == ratios("mine", .lowest))
    // 20 of 30 steps; 4 is reached never, after 20 and after 10 of 20 steps.
    #expect(
      ratios("mine", .steps) == [
        "digits 10": 2.0 / 3, "digits 20": 1, "rosenbrock 10": 0.5, "uci-energy 10": 0.5,
      ])
    // 4 of 6 seconds, where the reference took 4.
    #expect(ratios("mine", .seconds)["digits 10"] == 1)
    #expect(ratios("mine", .atEqualSeconds)["digits 10"] == 0.5)
    #expect(ratios("b", .steps)["digits 10"] == 1 && ratios("b", .seconds)["digits 10"] == 1)
    // a is four times as fast: in its whole run it comes to 1.
    #expect(ratios("a", .atEqualSeconds)["digits 10"] == 1)
    #expect(ratios("a", .steps)["digits 10"] == 2.0 / 3)
    #expect(ratios("a", .seconds)["digits 10"] == (2.0 / 3) / 4)
    #expect(ratios("tuned", .final).values.allSatisfy { $0 == 1 })
    #expect(ratios("tuned", .lowest).values.allSatisfy { $0 == 1 })
    #expect(ratios("mine", .final, part: "lines") == ["rosenbrock 10": .infinity])
    #expect(ratios("mine", .final, task: "uci-energy") == ["uci-energy 10": 0.5])
    #expect(summary.ratios("mine", to: "a", .final).map(\.ratio) == [4.0 / 3, 2, .infinity])
  }

  @Test("Slower by far, a run has not come anywhere by the time that the reference ends")
  func slow() throws {
    let results = [
      result("digits", 10, "a", 0, [2, 1]), result("digits", 10, "mine", 0, [2, 1], seconds: 9),
    ]
    let summary = StudySummary(try study(Self.text), results)
    #expect(summary.ratios("mine", .atEqualSeconds).map(\.ratio) == [.infinity])
    #expect(summary.ratios("mine", .seconds).map(\.ratio) == [9])
    #expect(summary.ratios("mine", .steps).map(\.ratio) == [1])
  }

  @Test("Results without a record of the descent have losses, but no steps")
  func unrecorded() throws {
    let results = results.map { result in
      var result = result
      result.outcome.descent = nil
      return result
    }
    let summary = StudySummary(try study(Self.text), results)
    #expect(summary.ratios("mine", .final).count == 4)
    #expect(summary.ratios("mine", .steps).isEmpty)
    #expect(summary.ratios("mine", .atEqualSeconds).isEmpty)
  }

  @Test("Claims about means, by other losses, of parts")
  func claims() throws {
    let analysis = StudyAnalysis(try study(Self.text), results)
    let findings = analysis.findings
    #expect(
      findings.map(\.claim.text) == [
        "mine: geometric mean over cells at most 1.5 × tuned",
        "mine: geometric mean over cells at most 0.6 × tuned, by lowest, of images",
        "mine at most 1 × tuned in 50 % of cells, by test-at-lowest",
        "mine below a in 100 % of cells, of lines",
      ])
    // 2·2·100·0.5 to the fourth root.
    #expect(abs((findings[0].value ?? 0) / pow(200, 0.25) - 1) < 1e-12)
    #expect(findings[0].isMet == false && findings[0].failures.count == 1)
    #expect(abs((findings[1].value ?? 0) / 0.5.squareRoot() - 1) < 1e-12)
    #expect(findings[1].isMet == false)
    #expect(findings[2].share == 1 && findings[2].isMet == true)
    #expect(findings[3].count == 1 && findings[3].heldCount == 0)
  }

  @Test("An optimizer that is tried becomes the candidate")
  func tried() throws {
    var study = try study(
      Self.text.replacingOccurrences(of: "part: lines", with: "part: lines, optimizers: [a]"))
    try study.add(ContenderDescription("other=adam+learning-rate.value=1e-4"))
    #expect(study.candidate == "other" && study.optimizers.last?.label == "other")
    var part = StudyPlan.Part()
    part.optimizers = ["other", "mine"]
    let counts = ["digits": 50, "rosenbrock": 50, "uci-energy": 50]
    let plan = try StudyPlan(study, part: part, dataDirectory: nil, threads: 1, counts: counts)
    // An optimizer that a task leaves out is not run on it; one that is tried is run on all.
    #expect(plan.runs.count { $0.key.optimizer == "mine" } == 5 * 4)
    #expect(plan.runs.count { $0.key.optimizer == "other" } == 5 * 6)
    #expect(Set(plan.runs.map(\.settings.seed)) == [0, 1, 2, 3, 4])
    #expect(plan.runs.allSatisfy { $0.settings.seed == $0.key.seed })
    for (text, word) in [
      ("mine=adam", "mine"), ("tuned=adam", "tuned"), ("x,y=adam", "x,y"),
      ("z=adam+lion.beta1=0.5", "lion.beta1"),
    ] {
      let error = try #require(throws: SettingsError.self) {
        try study.add(ContenderDescription(text))
      }
      #expect(error.description.contains(word))
    }
  }
}

@Suite("Geometric means of ratios")
struct RatioSampleTests {
  @Test("The mean, shares and the limit")
  func mean() {
    let sample = RatioSample([0.5, 2, 4, 1])
    #expect(abs((sample.geometricMean ?? 0) - 2.0.squareRoot()) < 1e-15)
    #expect(sample.share(within: 1) == 0.5 && sample.share(within: 2) == 0.75)
    #expect(RatioSample([]).geometricMean == nil && RatioSample([]).interval() == nil)
    #expect(RatioSample([]).share(within: 1) == nil)
    let wild = RatioSample([.infinity, 1e6, 0])
    #expect(abs((wild.geometricMean ?? 0) - pow(100, 1.0 / 3)) < 1e-12)
    #expect(wild.limitedCount == 2)
  }

  @Test("The interval is that of the bootstrap, and the same each time")
  func interval() throws {
    // Of two, a mean is one of them in half of the draws.
    #expect(RatioSample([0.5, 2]).interval() == exp(log(0.5))...exp(log(2)))
    #expect(RatioSample([3]).interval() == exp(log(3))...exp(log(3)))
    // Of many, it is that of a normal distribution.
    let ratios = (0..<200).map { exp(sin(Double($0) * 7)) }
    let logarithms = ratios.map { log($0) }
    let mean = logarithms.reduce(0, +) / 200
    let deviation = (logarithms.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 200).squareRoot()
    let interval = try #require(RatioSample(ratios).interval())
    #expect(interval == RatioSample(ratios).interval())
    let half = 1.96 * deviation / 200.0.squareRoot()
    #expect(abs(log(interval.upperBound) - mean - half) < 0.1 * half)
    #expect(abs(mean - half - log(interval.lowerBound)) < 0.1 * half)
    let narrower = try #require(RatioSample(ratios).interval(confidence: 0.5))
    #expect(interval.lowerBound < narrower.lowerBound && narrower.upperBound < interval.upperBound)
  }
}

@Suite("Descents")
struct DescentTests {
  private func descent(_ losses: [Double]) -> Descent {
    Descent(evaluations: losses.enumerated().map { .init(step: $0 + 1, loss: $1) })
  }

  @Test("New lowest losses, but for those that are hardly lower")
  func points() {
    let descent = descent([3, 4, .nan, 2, 1.99, 1.985, 1.97, .infinity, 1.9601, 2])
    #expect(descent.points.map(\.step) == [1, 4, 7, 9])
    #expect(descent.points.map(\.loss) == [3, 2, 1.97, 1.96])
    #expect(descent.description == "1:3 4:2 7:1.97 9:1.96")
    #expect(descent.first(atMost: 2) == 4 && descent.first(atMost: 1.99) == 7)
    // As exactly as the points have it.
    #expect(descent.first(atMost: 1.95996) == 9 && descent.first(atMost: 1.95) == nil)
    #expect(descent.lowest(upTo: 3.9) == 3 && descent.lowest(upTo: 4) == 2)
    #expect(descent.lowest(upTo: 0.5) == nil && descent.lowest(upTo: 1e9) == 1.96)
    #expect(self.descent([.nan]).points == [])
    let evaluation = LearningCurve.Evaluation(epoch: 1, step: 1, seconds: 0, trainingLoss: 1)
    #expect(Descent(LearningCurve([evaluation])) == nil)
  }

  @Test("As a word in a row, and as JSON, it comes back", arguments: [[3, 2, 0.12345], [.nan]])
  func roundTrip(_ losses: [Double]) throws {
    let descent = descent(losses)
    #expect(Descent(descent.description) == descent)
    #expect(
      try JSONDecoder().decode(Descent.self, from: JSONEncoder().encode(descent)) == descent)
    for text in ["", "1", "1:", "1:2:3", "x:1", "1:y"] { #expect(Descent(text) == nil) }
  }

  @Test("It is kept with the results")
  func results() throws {
    let path = FileManager.default.temporaryDirectory
      .appendingPathComponent("results-\(UUID().uuidString).csv").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    var results = try StudyResults(path)
    try results.write(inOrderOf: [])
    for (seed, descent) in [descent([2, 1, 0.5]), descent([.nan]), nil].enumerated() {
      var outcome = RunOutcome(
        examples: 1, steps: 3, trainingLoss: 1, seconds: 1, wallSeconds: 1)
      outcome.descent = descent
      try results.add(
        StudyResult(
          .init(task: "a", batchSize: .full, optimizer: "b", seed: seed), settings: "x", outcome))
    }
    #expect(try StudyResults(path).rows == results.rows)
    // Rows of earlier versions have none.
    let text = try String(contentsOfFile: path, encoding: .utf8)
    for columns in [1, 3] {
      let cut = text.split(separator: "\n").map { line in
        line.split(separator: ",", omittingEmptySubsequences: false).dropLast(columns)
          .joined(separator: ",") + "\n"
      }
      try Data(cut.joined().utf8).write(to: URL(fileURLWithPath: path))
      let rows = try StudyResults(path).rows
      #expect(rows.count == 3 && rows.values.allSatisfy { $0.outcome.descent == nil })
    }
  }
}
