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
    expectedCount = plan.repetitionCount
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

  /// How an optimizer is drawn, in all plots of the study alike.
  func style(of label: String) -> PlotStyle {
    PlotStyle(plan.tuning.optimizers.firstIndex { $0.label == label } ?? 0)
  }

  /// Why optimizers have no repetitions, a line each.
  var absences: [String] {
    plan.optimizers.compactMap { optimizer in
      guard let trials = plan.trials[optimizer.label],
        plan.winner(of: optimizer.label, reports) == nil
      else { return nil }
      let isOver = plan.isSearchOver(of: optimizer.label, reports)
      return isOver && !trials.isEmpty
        ? "No trial of \(optimizer.title) ended with a finite loss, so nothing was run again."
        : "The search of \(optimizer.title) is not over."
    }
  }

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
