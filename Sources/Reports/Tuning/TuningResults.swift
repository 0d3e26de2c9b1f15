import Studies

/// What came out of a ``Tuning`` on one task.
public struct TuningResults {
  /// What was run.
  public let plan: TuningPlan
  /// What trials reported.
  public let reports: [TrialReport]
  /// The number of repetitions and variations that there shall be.
  let expectedCount: Int
  private let outcomes: [String: [RunOutcome]]
  /// The sizes of batches, by what is repeated.
  let batchSizes: [String: Int]

  /// The results that are of the present settings.
  ///
  /// - Throws: `SettingsError`.
  public init(_ plan: TuningPlan, _ history: SearchHistory, _ results: StudyResults) throws {
    self.plan = plan
    reports = plan.reports(history)
    let runs = try plan.repetitions(reports).runs
    expectedCount = runs.count
    var outcomes: [String: [RunOutcome]] = [:]
    batchSizes = Dictionary(
      runs.map { ($0.key.optimizer, $0.settings.batchSize) },
      uniquingKeysWith: { first, _ in first })
    for run in runs {
      if let row = results.rows[run.key], row.settings == run.fingerprint {
        outcomes[run.key.optimizer, default: []].append(row.outcome)
      }
    }
    self.outcomes = outcomes
  }

  /// What came of an optimizer's repetitions, or of a variation's.
  func outcomes(of label: String) -> [RunOutcome] { outcomes[label] ?? [] }

  /// The number of repetitions and variations that are over.
  var count: Int { outcomes.values.reduce(0) { $0 + $1.count } }

  /// Whether there is anything to show.
  public var isEmpty: Bool { reports.isEmpty && outcomes.isEmpty }

  /// Whether examples are classified.
  var isClassification: Bool {
    outcomes.values.joined().contains { $0.trainingAccuracy != nil }
  }
}

extension RunOutcome {
  /// A loss at the end, as it counts.
  func final(_ loss: Double?) -> Double? {
    guard let loss else { return nil }
    return hasDiverged || !loss.isFinite ? .infinity : loss
  }
}
