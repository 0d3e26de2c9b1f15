import Foundation
import Studies
import Training

/// Shows a comparison: a live line on a terminal, a line a run, and a table at the end.
final class ComparisonReporter {
  private let comparison: Comparison
  private var live: LiveProgress

  init(_ comparison: Comparison, jobs: Int?) {
    self.comparison = comparison
    live = LiveProgress(jobs: jobs)
    let count = comparison.contenders.count
    Output.line(
      "\(comparison.contenders[0].settings.task.rawValue): \(count) "
        + "\(count == 1 ? "optimizer" : "optimizers") × \(comparison.seedCount) "
        + "\(comparison.seedCount == 1 ? "seed" : "seeds") in \(comparison.path)")
  }

  func report(_ event: ComparisonRunner.Event) {
    switch event {
    case .finished(let run, let record):
      live.clear()
      Output.line("\(run.label), seed \(run.seed): \(Self.outcome(record))")
    case .failed(let run, let complaint):
      live.clear()
      Output.warning("\(run.label), seed \(run.seed) failed: \(complaint)")
    case .progress(let progress):
      if live.progress == nil, progress.done > 0 {
        Output.line("\(progress.done) of \(progress.total) runs are over already")
      }
      live.show(progress)
    }
  }

  func finish() throws {
    live.clear()
    let collection = try? RunCollection([comparison.path])
    collection?.damage.forEach(Output.warning)
    for results in collection?.tasks ?? [] {
      let table = ResultTable(results.groups)
      Output.line("\n\(results.task.rawValue), medians with 95 % confidence intervals:")
      table.textLines.forEach(Output.line)
    }
    if let progress = live.progress, progress.done < progress.total {
      Output.line(
        "\n\(progress.done) of \(progress.total) runs are over; --resume \(comparison.path) goes on"
      )
    } else {
      Output.line("\n'adamqlr report \(comparison.path)' draws them")
    }
  }

  private static func outcome(_ record: RunRecord) -> String {
    guard record.state == .finished else {
      return record.status?.summary?.divergence?.text ?? "diverged"
    }
    var parts: [String] = []
    for figure in [Figure.trainingLoss, .testLoss, .testAccuracy] {
      guard let value = record.value(figure) else { continue }
      parts.append("\(figure.rawValue) \(figure.isShare ? value.percent : value.short)")
    }
    if let seconds = record.value(.seconds) { parts.append("\(seconds.short) s") }
    return parts.joined(separator: ", ")
  }
}

extension ResultTable {
  /// The table as text, an optimizer's intervals under its medians.
  var textLines: [String] {
    // They are next to others that say much the same, and would make the table too wide.
    let figures = figures.filter {
      ![.validationAccuracy, .testAccuracyAtLowest, .lowestStep].contains($0)
    }
    let formats = figures.map(ResultFormat.init)
    var table = TextTable(headings: ["", "runs"] + formats.map(\.heading))
    for row in rows {
      let estimates = figures.map { row.estimates[$0] }
      let cells = zip(formats, estimates).map { format, estimate in
        (
          estimate.map { format.text($0.median) } ?? "–",
          estimate.map { format.interval($0) } ?? ""
        )
      }
      table.add([row.label, row.runs] + cells.map(\.0))
      if cells.contains(where: { !$0.1.isEmpty }) { table.add(["", ""] + cells.map(\.1)) }
    }
    return table.lines
  }
}
