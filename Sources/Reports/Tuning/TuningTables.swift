import Foundation
import Studies

/// The tables of what came out of a ``Tuning`` on one task, below their heads.
struct TuningTables {
  private let results: TuningResults
  private var plan: TuningPlan { results.plan }

  /// Prepares the tables.
  init(_ results: TuningResults) { self.results = results }

  /// What came out at the end of the runs.
  var ends: [[String]] {
    let hasAccuracy = results.isClassification
    var heads = ["optimizer", "runs", "training loss"]
    if hasAccuracy { heads.append("training accuracy (%)") }
    heads += ["validation loss", "test loss"]
    if hasAccuracy { heads.append("test accuracy (%)") }
    heads += ["generalization gap", "steps", "seconds", "µs a step"]
    return Self.withoutEmptyColumns(
      [heads]
        + rows { outcomes in
          let diverged = outcomes.count(where: \.hasDiverged)
          var cells = [
            "\(outcomes.count)" + (diverged > 0 ? " (\(diverged) diverged)" : ""),
            Self.text(outcomes.map { $0.final($0.trainingLoss) }),
          ]
          if hasAccuracy { cells.append(Self.share(outcomes.map(\.trainingAccuracy))) }
          cells += [
            Self.text(outcomes.map { $0.final($0.validationLoss) }),
            Self.text(outcomes.map { $0.final($0.testLoss) }),
          ]
          if hasAccuracy { cells.append(Self.share(outcomes.map(\.testAccuracy))) }
          cells += [
            Self.text(
              outcomes.map { outcome in
                outcome.hasDiverged ? nil : outcome.testLoss.map { $0 - outcome.trainingLoss }
              }),
            Self.text(outcomes.map { Double($0.steps) }), Self.text(outcomes.map(\.seconds)),
            Self.text(outcomes.map { 1e6 * $0.seconds / Double(max($0.steps, 1)) }),
          ]
          return cells
        })
  }

  /// What came out where the validation loss was lowest.
  var lowest: [[String]] {
    Self.withoutEmptyColumns(
      [["optimizer", "lowest validation loss", "test loss there", "after steps"]]
        + rows { outcomes in
          [
            Self.text(outcomes.map(\.bestValidationLoss)),
            Self.text(outcomes.map(\.testLossAtLowest)),
            Self.text(outcomes.map { $0.lowestStep.map(Double.init) }),
          ]
        })
  }

  /// How searches went.
  var searches: [[String]] {
    let heads = [
      "optimizer", "samples", "stopped early", "diverged", "steps", "seconds", "lowest loss found",
    ]
    return [heads]
      + plan.optimizers.compactMap { optimizer in
        guard let trials = plan.trials[optimizer.label] else { return nil }
        var last: [Int: TrialReport] = [:]
        for report in results.reports where report.optimizer == optimizer.label {
          last[report.trial] = report
        }
        let losses = last.values.map { $0.loss(plan.tuning.metric) }
        return [
          optimizer.title, "\(last.count) of \(trials.count)",
          "\(last.values.count { $0.rung != nil })", "\(losses.count { !$0.isFinite })",
          Self.number(Double(last.values.reduce(0) { $0 + $1.steps })),
          Self.number(last.values.reduce(0) { $0 + $1.seconds }),
          losses.filter(\.isFinite).min().map(Self.number) ?? "–",
        ]
      }
  }

  /// What searches found.
  var selected: [[String]] {
    var names: [String] = []
    for trial in plan.trials.values.compactMap(\.first) {
      for value in trial.values where !names.contains(value.name) { names.append(value.name) }
    }
    names.sort()
    let rows = plan.optimizers.compactMap { optimizer -> [String]? in
      guard plan.trials[optimizer.label] != nil else { return nil }
      guard let (trial, _) = plan.winner(of: optimizer.label, results.reports) else {
        return [optimizer.title] + names.map { _ in "–" }
      }
      return [optimizer.title]
        + names.map { name in trial.values.first { $0.name == name }?.text ?? "" }
    }
    return [["optimizer"] + names] + rows
  }

  /// What came out of a sweep, at the end of the runs.
  func sweep(_ name: String) -> [[String]] {
    let sweeps = plan.tuning.sweeps(of: plan.task).filter { $0.name == name }
    let heads = ["setting", "optimizer", "runs", "training loss", "validation loss", "test loss"]
    return [heads]
      + sweeps.flatMap { sweep in
        sweep.values.compactMap { values -> [String]? in
          let outcomes = results.outcomes(of: sweep.label(values))
          guard !outcomes.isEmpty else { return nil }
          let diverged = outcomes.count(where: \.hasDiverged)
          return [
            zip(sweep.settings, values).map { "\($0)=\($1)" }.joined(separator: " "),
            plan.optimizers.first { $0.label == sweep.optimizer }?.title ?? sweep.optimizer,
            "\(outcomes.count)" + (diverged > 0 ? " (\(diverged) diverged)" : ""),
            Self.text(outcomes.map { $0.final($0.trainingLoss) }),
            Self.text(outcomes.map { $0.final($0.validationLoss) }),
            Self.text(outcomes.map { $0.final($0.testLoss) }),
          ]
        }
      }
  }

  private func rows(_ cells: ([RunOutcome]) -> [String]) -> [[String]] {
    plan.optimizers.compactMap { optimizer in
      let outcomes = results.outcomes(of: optimizer.label)
      return outcomes.isEmpty ? nil : [optimizer.title] + cells(outcomes)
    }
  }

  private static func withoutEmptyColumns(_ rows: [[String]]) -> [[String]] {
    guard let head = rows.first, rows.count > 1 else { return rows }
    let kept = head.indices.filter { column in
      column == 0 || rows.dropFirst().contains { $0[column] != "–" }
    }
    return rows.map { row in kept.map { row[$0] } }
  }

  /// A median with its deviation.
  private static func text(_ values: [Double?]) -> String {
    let known = values.compactMap { $0 }.filter { !$0.isNaN }
    guard !known.isEmpty else { return "–" }
    let median = ResampledMedian(known, ResampledMedian.resamples(of: known.count))
    guard median.mean.isFinite, median.deviation > 1e-9 * abs(median.mean) else {
      return number(median.mean)
    }
    return "\(number(median.mean)) ± \(String(format: "%.1g", median.deviation))"
  }

  private static func share(_ values: [Double?]) -> String {
    text(values.map { $0.map { 100 * $0 } })
  }

  private static func number(_ value: Double) -> String {
    if value.isInfinite { return "∞" }
    if value == value.rounded(), abs(value) < 1e7 { return String(Int(value)) }
    return abs(value) >= 1000 && abs(value) < 1e7
      ? String(Int(value.rounded())) : String(format: "%.3g", value)
  }
}
