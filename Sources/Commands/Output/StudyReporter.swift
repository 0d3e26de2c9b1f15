import Foundation
import Studies
import Training

/// Shows a study's runs: a live line on a terminal, and at the end a line for each task of a
/// seed.
final class StudyReporter {
  /// The runs of one task with one seed.
  private struct Block: Hashable {
    var seed: Int
    var task: String
  }

  /// What has become of them.
  private struct Count {
    var made = 0
    var diverged = 0
    var seconds = 0.0
  }

  private let jobs: Int
  private let clock = ContinuousClock()
  private var lastShown: ContinuousClock.Instant?
  private var blocks: [Block: Count] = [:]
  private var progress: StudyProgress?

  init(_ plan: StudyPlan, jobs: Int) {
    self.jobs = jobs
    Output.line("\(plan.runs.count) runs, \(jobs) at a time")
  }

  func report(_ event: StudyRunner.Event) {
    switch event {
    case .finished(let run, let outcome):
      var count = blocks[Self.block(run)] ?? Count()
      count.made += 1
      count.seconds += outcome.wallSeconds
      if outcome.hasDiverged { count.diverged += 1 }
      blocks[Self.block(run)] = count
    case .failed(let run, let complaint):
      clear()
      let key = run.key
      Output.warning(
        "\(key.task), batch size \(key.batchSize.text), \(key.optimizer), seed \(key.seed) failed: "
          + complaint)
    case .progress(let progress):
      if self.progress == nil, progress.done > 0 {
        Output.line("\(progress.done) of them are over already")
      }
      self.progress = progress
      let now = clock.now
      let interval = Output.isTerminal ? 0.2 : 60
      if let lastShown, (now - lastShown).seconds < interval { return }
      if lastShown == nil, !Output.isTerminal {
        lastShown = now
        return
      }
      lastShown = now
      Output.isTerminal ? Output.rewrite(line(progress)) : Output.line(line(progress))
    }
  }

  func finish() {
    clear()
    for (block, count) in blocks.sorted(by: {
      ($0.key.seed, $0.key.task) < ($1.key.seed, $1.key.task)
    })
    where count.made > 0 {
      Output.line(
        "seed \(block.seed), \(block.task): \(count.made) runs, \(count.diverged) diverged, "
          + "\(count.seconds.short) s")
    }
    if let progress, progress.done < progress.total {
      Output.line("\(progress.done) of \(progress.total) runs are over")
    }
  }

  private func line(_ progress: StudyProgress) -> String {
    var parts = ["\(progress.done) of \(progress.total) runs"]
    if progress.failed > 0 { parts.append("\(progress.failed) failed") }
    if let work = progress.remainingWork {
      parts.append("about \((work / Double(jobs)).duration) left")
    }
    return parts.joined(separator: ", ")
  }

  private func clear() {
    if Output.isTerminal { Output.rewrite("") }
  }

  private static func block(_ run: StudyPlan.Run) -> Block {
    Block(seed: run.key.seed, task: run.key.task)
  }
}
