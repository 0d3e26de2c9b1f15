import Foundation
import Studies
import Training

/// Shows searches and the best that they have found: a live line on a terminal, else one a minute.
final class TuningReporter {
  private let plan: TuningPlan
  private var best: [String: TrialReport] = [:]
  private var lastShown = ContinuousClock.now

  init(_ plan: TuningPlan, _ reports: [TrialReport]) {
    self.plan = plan
    let counts = plan.trials.values.map(\.count)
    Output.line(
      "\(plan.task.name): \(counts.count) searches of \(counts.max() ?? 0) samples"
        + (reports.isEmpty ? "" : ", \(reports.count) reports are there already"))
  }

  func report(_ event: SearchRunner.Event) {
    switch event {
    case .reported: break
    case .failed(let trial, let complaint):
      clear()
      Output.warning("\(trial.optimizer), trial \(trial.index) failed: \(complaint)")
    case .progress(let progress):
      let now = ContinuousClock.now
      guard (now - lastShown).seconds > (Output.isTerminal ? 0.2 : 60) else { return }
      lastShown = now
      let line =
        "\(progress.done) of \(progress.total) trials are over, \(progress.active) under way"
      Output.isTerminal ? Output.rewrite(line) : Output.line(line)
    }
  }

  /// Says what was found.
  func finish(_ reports: [TrialReport]) {
    clear()
    for optimizer in plan.optimizers {
      guard let (trial, report) = plan.winner(of: optimizer.label, reports) else {
        if plan.trials[optimizer.label] != nil, plan.isSearchOver(of: optimizer.label, reports) {
          Output.warning("\(optimizer.title): no trial ended with a finite loss")
        }
        continue
      }
      let metric = plan.tuning.metric.rawValue.replacingOccurrences(of: "-", with: " ")
      Output.line(
        "\(optimizer.title): \(metric) \(report.loss(plan.tuning.metric).short), "
          + "trial \(trial.index), " + trial.values.map(\.assignment).joined(separator: " "))
    }
  }

  private func clear() {
    if Output.isTerminal { Output.rewrite("") }
  }
}
