import Foundation

/// What the results of a study say: a median per cell and optimizer, and which claims hold.
public struct StudyAnalysis: Sendable {
  /// An optimizer or tuned group in a cell.
  public struct Entry: Hashable, Sendable {
    /// The median of the judged losses over the seeds; a run that diverged has an infinite one.
    public var loss: Double
    /// The median of the test losses, where there are any.
    public var testLoss: Double?
    /// The number of runs.
    public var runCount: Int
    /// The number of those that diverged or met numbers that were not finite.
    public var unsoundCount: Int
    /// Of a group, the optimizer that stands for it.
    public var member: String?
  }

  /// A task with a batch size.
  public struct Cell: Hashable, Sendable {
    /// The task's name.
    public var task: String
    /// The batch size.
    public var batchSize: Study.BatchSize
    /// The number of training examples.
    public var examples: Int
    /// The optimizers and groups by label, those that have results.
    public var entries: [String: Entry]
    /// Whether the judged loss is that on validation examples.
    public var isJudgedByValidation: Bool

    /// Its name.
    public var name: String { "\(task) \(batchSize.text)" }
    /// The number of examples in a batch.
    public var size: Int { min(batchSize.size(of: examples), examples) }

    /// How many times the reference's loss an optimizer's is; `nil` where either has no runs.
    ///
    /// Where the optimizer's is infinite it is so too, and where only the reference's is, it is 0.
    public func ratio(_ label: String, to reference: String) -> Double? {
      guard let loss = entries[label]?.loss, let other = entries[reference]?.loss else {
        return nil
      }
      if loss.isInfinite { return .infinity }
      return other.isInfinite ? 0 : other == 0 && loss == 0 ? 1 : loss / other
    }
  }

  /// A claim with what was measured.
  public struct Finding: Hashable, Sendable {
    /// The claim.
    public var claim: Claim
    /// In how many of its cells, or runs, it holds.
    public var heldCount: Int
    /// Of how many.
    public var count: Int
    /// Where it does not hold, with the figure.
    public var failures: [String]
    /// The figure itself, where the claim is about one cell.
    public var value: Double?

    /// The share of cells, or runs, in which it holds; `nil` where there are none.
    public var share: Double? { count == 0 ? nil : Double(heldCount) / Double(count) }
    /// Whether it holds; `nil` where there is nothing to tell it from.
    public var isMet: Bool? { share.map { $0 >= claim.share - 1e-12 } }
  }

  /// The study.
  public let study: Study
  /// The results that count.
  public let results: [StudyResult]
  /// The number of results that are left out: of other settings, or of runs that are not in the study.
  public let staleCount: Int
  /// The cells that have results.
  public let cells: [Cell]
  /// Every optimizer against the reference over many cells.
  public let summary: StudySummary
  /// The claims with what was measured.
  public let findings: [Finding]

  /// Analyzes results.
  ///
  /// - Parameters:
  ///   - study: The study.
  ///   - rows: Its results.
  ///   - tried: Results of optimizers that are tried beside those of its file.
  ///   - part: The part of the grid that counts, of whatever optimizers. Default: all of it.
  /// - Throws: `SettingsError` where the study's settings do not go together.
  public init(
    _ study: Study, _ rows: StudyResults, tried: StudyResults? = nil,
    part: StudyPlan.Part = .init()
  ) throws {
    let rows = rows.rows.merging(tried?.rows ?? [:]) { $1 }
    var counts: [String: Int] = [:]
    for row in rows.values { counts[row.key.task] = row.outcome.examples }
    var part = part
    part.optimizers = nil
    part.tasks = part.tasks.map(Set(counts.keys).intersection) ?? Set(counts.keys)
    let plan = try StudyPlan(study, part: part, dataDirectory: nil, threads: 1, counts: counts)
    let results = plan.runs.compactMap { run in
      rows[run.key].flatMap { $0.settings == run.fingerprint ? $0 : nil }
    }
    let count = rows.keys.count(where: part.contains)
    self.init(study, results, staleCount: count - results.count)
  }

  /// Analyzes results of the study's present settings.
  public init(_ study: Study, _ results: [StudyResult], staleCount: Int = 0) {
    self.study = study
    self.results = results
    self.staleCount = staleCount
    let byCell = Dictionary(grouping: results) {
      CellKey(task: $0.key.task, size: $0.key.batchSize)
    }
    let cells = study.tasks.flatMap { task in
      task.batchSizes.compactMap { size in
        byCell[CellKey(task: task.name, size: size)].map { Cell($0, study.groups) }
      }
    }
    self.cells = cells
    let summary = StudySummary(study, results)
    self.summary = summary
    findings = study.claims.map { Finding($0, cells, results, summary) }
  }

  private struct CellKey: Hashable {
    var task: String
    var size: Study.BatchSize
  }
}

extension StudyAnalysis.Cell {
  /// - Precondition: There is at least one result, all of one cell.
  fileprivate init(_ results: [StudyResult], _ groups: [Study.Group]) {
    task = results[0].key.task
    batchSize = results[0].key.batchSize
    examples = results[0].outcome.examples
    isJudgedByValidation = results.contains { $0.outcome.validationLoss != nil }
    var entries = Dictionary(grouping: results, by: \.key.optimizer).mapValues { results in
      StudyAnalysis.Entry(results.map(\.outcome))
    }
    for group in groups {
      let members = group.members.compactMap { label in entries[label].map { (label, $0) } }
      // Of equals the first, so that the choice does not hang on chance.
      guard var best = members.first else { continue }
      for member in members.dropFirst() where member.1.loss < best.1.loss { best = member }
      best.1.member = best.0
      entries[group.label] = best.1
    }
    self.entries = entries
  }
}

extension StudyAnalysis.Entry {
  fileprivate init(_ outcomes: [RunOutcome]) {
    func median(_ values: [Double]) -> Double {
      MedianBootstrap(count: values.count).estimate(values).median
    }
    loss = median(outcomes.map(\.judgedLoss))
    let tests = outcomes.compactMap { outcome in outcome.testLoss.map(outcome.counted) }
    testLoss = tests.isEmpty ? nil : median(tests)
    runCount = outcomes.count
    unsoundCount = outcomes.count { !$0.isSound }
  }
}

extension StudyAnalysis.Finding {
  fileprivate init(
    _ claim: Claim, _ cells: [StudyAnalysis.Cell], _ results: [StudyResult],
    _ summary: StudySummary
  ) {
    self.claim = claim
    heldCount = 0
    count = 0
    failures = []
    func text(_ value: Double) -> String {
      value.isInfinite ? "∞" : String(format: "%.3g", value)
    }
    func note(_ holds: Bool, _ failure: String) {
      count += 1
      if holds { heldCount += 1 } else { failures.append(failure) }
    }
    func ratios(to other: String) -> [(cell: StudySummary.Cell, ratio: Double)] {
      summary.ratios(claim.subject, to: other, claim.figure).filter { cell, _ in
        claim.parts.map { parts in cell.part.map(parts.contains) ?? false } ?? true
      }
    }
    switch claim.statement {
    case .neverDiverges:
      let groups = summary.study.groups
      let members = groups.first { $0.label == claim.subject }?.members ?? [claim.subject]
      for result in results where members.contains(result.key.optimizer) {
        let key = result.key
        note(
          result.outcome.isSound,
          "\(key.task) \(key.batchSize.text) seed \(key.seed): "
            + (result.outcome.hasDiverged
              ? "diverged" : "\(result.outcome.nonFiniteSteps) non-finite steps"))
      }
    case .below(let other):
      for (cell, ratio) in ratios(to: other) {
        note(ratio < 1, "\(cell.name): ×\(text(ratio))")
      }
    case .within(let factor, of: let other):
      for (cell, ratio) in ratios(to: other) {
        note(ratio <= factor, "\(cell.name): ×\(text(ratio))")
      }
    case .mean(let bound, of: let other):
      let sample = RatioSample(ratios(to: other).map(\.ratio))
      guard let mean = sample.geometricMean, let interval = sample.interval() else { return }
      value = mean
      note(
        mean <= bound,
        "×\(text(mean)) [\(text(interval.lowerBound)), \(text(interval.upperBound))] over "
          + "\(sample.count) cells")
    case .testLossBelow(let bound, let task, let batchSize):
      let cell = cells.first { $0.task == task && $0.batchSize == batchSize }
      guard let loss = cell?.entries[claim.subject]?.testLoss else { return }
      value = loss
      note(loss < bound, "\(task) \(batchSize.text): \(text(loss))")
    }
  }
}
