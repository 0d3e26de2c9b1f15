import Foundation
import Studies
import Training

/// How far several runs have come: one line that changes on a terminal, else a line a minute.
struct LiveProgress {
  /// What was last heard.
  private(set) var progress: JobProgress?
  private let jobs: Int?
  private let clock = ContinuousClock()
  private var lastShown: ContinuousClock.Instant?

  /// - Parameter jobs: The number of runs at a time; `nil`: as many as are under way.
  init(jobs: Int?) { self.jobs = jobs }

  /// Shows it, unless it was shown just before.
  mutating func show(_ progress: JobProgress) {
    self.progress = progress
    let now = clock.now
    // Not at once where it would be a line in a file.
    let last = lastShown ?? (Output.isTerminal ? nil : now)
    lastShown = last
    if let last, (now - last).seconds < (Output.isTerminal ? 0.2 : 60) { return }
    lastShown = now
    Output.isTerminal ? Output.rewrite(line(progress)) : Output.line(line(progress))
  }

  /// Makes room for another line.
  func clear() {
    if Output.isTerminal { Output.rewrite("") }
  }

  private func line(_ progress: JobProgress) -> String {
    var parts = ["\(progress.done) of \(progress.total) runs"]
    if progress.active > 0 { parts.append("\(progress.active) under way") }
    if progress.failed > 0 { parts.append("\(progress.failed) failed") }
    if let work = progress.remainingWork {
      let atOnce = min(
        jobs ?? max(progress.active, 1), max(progress.total - progress.done - progress.failed, 1))
      parts.append("about \((work / Double(atOnce)).duration) left")
    }
    return parts.joined(separator: ", ")
  }
}

extension Double {
  /// A time in seconds, roughly.
  var duration: String {
    if self < 90 { return "\(Int(rounded(.up))) s" }
    if self < 5400 { return "\(Int((self / 60).rounded())) min" }
    return String(format: "%.1f h", self / 3600)
  }
}
