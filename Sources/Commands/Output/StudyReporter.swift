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

  private var blocks: [Block: Count] = [:]
  private var live: LiveProgress

  init(_ plan: StudyPlan, jobs: Int?) {
    live = LiveProgress(jobs: jobs)
    let count = jobs.map { "\($0) at a time" } ?? "as many at a time as Ray has room for"
    Output.line("\(plan.runs.count) runs, \(count)")
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
      live.clear()
      let key = run.key
      Output.warning(
        "\(key.task), batch size \(key.batchSize.text), \(key.optimizer), seed \(key.seed) failed: "
          + complaint)
    case .progress(let progress):
      if live.progress == nil, progress.done > 0 {
        Output.line("\(progress.done) of them are over already")
      }
      live.show(progress)
    }
  }

  func finish() {
    live.clear()
    for (block, count) in blocks.sorted(by: {
      ($0.key.seed, $0.key.task) < ($1.key.seed, $1.key.task)
    })
    where count.made > 0 {
      Output.line(
        "seed \(block.seed), \(block.task): \(count.made) runs, \(count.diverged) diverged, "
          + "\(count.seconds.short) s")
    }
    if let progress = live.progress, progress.done < progress.total {
      Output.line("\(progress.done) of \(progress.total) runs are over")
    }
  }

  private static func block(_ run: StudyPlan.Run) -> Block {
    Block(seed: run.key.seed, task: run.key.task)
  }
}
