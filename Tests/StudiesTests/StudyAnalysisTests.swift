import Foundation
import Studies
import Testing

@Suite("What a study's results say")
struct StudyAnalysisTests {
  private static let text = """
    title: T
    batch-sizes: [10, 20, 40, 80]
    tasks: [{task: digits}, {task: rosenbrock}]
    optimizers: [mine=adamqlr, a=adam, b=adam+learning-rate.value=1e-2, other=sgd]
    tuned: {tuned: [a, b]}
    claims:
      - {diverges: never}
      - {within: 1.5, of: tuned, in: 50 %}
      - {within: 1.5, of: tuned, in: 60 %}
      - {below: other, in: 62.5 %}
      - {diverges: never, optimizer: tuned}
      - {test-loss-below: 3, task: digits, batch-size: 20}
      - {test-loss-below: 3, task: rosenbrock, batch-size: 80}
    """

  private func study() throws -> Study {
    let file = FileManager.default.temporaryDirectory
      .appendingPathComponent("study-\(UUID().uuidString).yaml")
    try Data(Self.text.utf8).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    return try Study(file: file.path)
  }

  private func result(
    _ task: String, _ size: Int, _ label: String, _ seed: Int, _ loss: Double?,
    validates: Bool = true
  ) -> StudyResult {
    var outcome = RunOutcome(
      examples: 100, steps: 7, trainingLoss: 9, seconds: 1, wallSeconds: 2)
    // A run that diverged may end with any number.
    outcome.validationLoss = validates ? loss ?? 1e-9 : nil
    outcome.testLoss = validates ? (loss ?? 0) * 2 : loss
    outcome.hasDiverged = loss == nil
    return StudyResult(
      .init(task: task, batchSize: .examples(size), optimizer: label, seed: seed), settings: "x",
      outcome)
  }

  /// Losses of three seeds by cell and optimizer; `nil` where a run diverged.
  private static let digits: [Int: [String: [Double?]]] = [
    10: ["mine": [1, 9, 2], "a": [4, 2, 1], "b": [3, 3, 3], "other": [2, 2, 2]],
    20: ["mine": [1.4, nil, 1.6], "a": [5, 5, 5], "b": [nil, 1, 1], "other": [nil, nil, 1]],
    40: ["mine": [nil, nil, 1], "a": [5, 5, 5], "b": [6, 6, 6], "other": [nil, nil, nil]],
    80: ["mine": [7, 7, 7], "a": [nil, nil, nil], "b": [nil, nil, nil], "other": [7, 7, 7]],
  ]

  private func results() -> [StudyResult] {
    var results: [StudyResult] = []
    for (size, row) in Self.digits {
      for (label, losses) in row {
        for (seed, loss) in losses.enumerated() {
          results.append(result("digits", size, label, seed, loss))
        }
      }
    }
    // Without validation examples, the test loss counts; an even number of seeds.
    for (label, losses) in [("mine", [1.0, 2]), ("a", [4, 1]), ("other", [1.5, 1.4])] {
      for (seed, loss) in losses.enumerated() {
        results.append(result("rosenbrock", 10, label, seed, loss, validates: false))
      }
    }
    return results
  }

  @Test("Medians, tuned groups and ratios")
  func cells() throws {
    let cells = StudyAnalysis(try study(), results()).cells
    #expect(
      cells.map(\.name) == ["digits 10", "digits 20", "digits 40", "digits 80", "rosenbrock 10"])
    #expect(cells.map { $0.entries["mine"]?.loss } == [2, 1.6, .infinity, 7, 1.5])
    #expect(cells.map { $0.entries["tuned"]?.loss } == [2, 1, 5, .infinity, 2.5])
    #expect(cells.map { $0.entries["tuned"]?.member } == ["a", "b", "a", "a", "a"])
    #expect(cells.map { $0.ratio("mine", to: "tuned") } == [1, 1.6, .infinity, 0, 0.6])
    #expect(cells.map { $0.entries["mine"]?.unsoundCount } == [0, 1, 2, 0, 0])
    #expect(cells.map(\.isJudgedByValidation) == [true, true, true, true, false])
    #expect(cells[4].entries["b"] == nil && cells[4].ratio("b", to: "a") == nil)
    #expect(cells[1].entries["mine"]?.testLoss == 3.2)
  }

  @Test("Claims hold in the share of cells in which they do")
  func claims() throws {
    let findings = StudyAnalysis(try study(), results()).findings
    // Never diverging: 14 runs, of which 3 did.
    #expect(findings[0].heldCount == 11 && findings[0].count == 14)
    #expect(findings[0].isMet == false)
    #expect(findings[0].failures.contains("digits 20 seed 1: diverged"))
    // Within 1.5: ratios 1, 1.6, ∞, 0, 0.6.
    #expect(findings[1].share == 0.6 && findings[1].isMet == true)
    #expect(findings[2].isMet == true)
    #expect(findings[1].failures == ["digits 20: ×1.6", "digits 40: ×∞"])
    // Below other: 2 < 2 no, 1.6 < ∞ yes, ∞ < ∞ no, 7 < 7 no, 1.5 < 1.45 no.
    #expect(findings[3].heldCount == 1 && findings[3].count == 5 && findings[3].isMet == false)
    // A group's runs are those of all its members.
    #expect(findings[4].count == 26 && findings[4].heldCount == 19)
    #expect(findings[5].value == 3.2 && findings[5].isMet == false)
    #expect(findings[6].isMet == nil && findings[6].count == 0)
  }

  @Test("A run that met numbers that are not finite, or ends with one, is not sound")
  func soundness() {
    var outcome = RunOutcome(
      examples: 1, steps: 1, trainingLoss: 1, seconds: 0, wallSeconds: 0)
    #expect(outcome.isSound && outcome.judgedLoss == 1)
    outcome.nonFiniteSteps = 1
    #expect(!outcome.isSound && outcome.judgedLoss == 1)
    outcome.nonFiniteSteps = 0
    outcome.validationLoss = .nan
    #expect(!outcome.isSound && outcome.judgedLoss == .infinity)
  }

  @Test("Results are read back as they were written, but for a row that was cut off")
  func file() throws {
    let path = FileManager.default.temporaryDirectory
      .appendingPathComponent("results-\(UUID().uuidString).csv").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    var results = try StudyResults(path)
    #expect(results.rows.isEmpty)
    let rows = self.results()
    try results.write(inOrderOf: [])
    for row in rows { try results.add(row) }
    #expect(try StudyResults(path).rows == results.rows)
    #expect(results.rows.count == rows.count)
    let whole = try Data(contentsOf: URL(fileURLWithPath: path))
    for cut in [1, 2, 30] {
      try whole.dropLast(cut).write(to: URL(fileURLWithPath: path))
      #expect(try StudyResults(path).rows.count == rows.count - 1)
    }
    // A file from before there were the last columns is read, and gets them.
    var earlier = results
    for missing in [1, 3] {
      let old = String(decoding: whole, as: UTF8.self).split(separator: "\n").map { line in
        line.split(separator: ",", omittingEmptySubsequences: false).dropLast(missing)
          .joined(separator: ",") + "\n"
      }
      try Data(old.joined().utf8).write(to: URL(fileURLWithPath: path))
      earlier = try StudyResults(path)
      #expect(earlier.rows == results.rows)
    }
    try earlier.write(inOrderOf: [])
    var lowest = rows[0]
    lowest.outcome.testLossAtLowest = 0.5
    lowest.outcome.lowestStep = 70
    try earlier.add(lowest)
    #expect(try StudyResults(path).rows == earlier.rows)
    #expect(try StudyResults(path).rows[lowest.key] == lowest)
    // Of two rows of one run the later counts.
    var later = rows[0]
    later.outcome.trainingLoss = .infinity
    try results.add(later)
    try (whole + Data()).write(to: URL(fileURLWithPath: path))
    try results.add(later)
    #expect(try StudyResults(path).rows[later.key] == later)
    let text = String(decoding: whole, as: UTF8.self)
    try Data(text.replacingOccurrences(of: ",7,", with: ",seven,").utf8)
      .write(to: URL(fileURLWithPath: path))
    let error = try #require(throws: (any Error).self) { try StudyResults(path) }
    #expect("\(error)".contains("line 2"))
  }
}
