import Files
import Foundation
import Studies
import Tasks
import Training

/// What came out of a study as a page in Markdown, with plots beside it.
///
/// What a person writes is in files of its own, which the page takes in: `introduction.md` behind the
/// title, and `discussion.md` behind the tables.
public struct StudyPage {
  private let analysis: StudyAnalysis
  private let expectedCount: Int?
  private let command: String
  private var study: Study { analysis.study }

  /// Prepares the page.
  ///
  /// - Parameters:
  ///   - analysis: The results.
  ///   - expectedCount: The number of runs that there shall be; `nil`: that is not known.
  ///   - command: The command that makes the page.
  public init(_ analysis: StudyAnalysis, expectedCount: Int?, command: String) {
    self.analysis = analysis
    self.expectedCount = expectedCount
    self.command = command
  }

  /// Writes the page as `README.md` into a directory, and the plots into its folder `plots`.
  ///
  /// - Parameter gnuplot: What draws the plots; without it the page has none.
  /// - Throws: `FileError`, and ``ReportError`` where plots cannot be drawn.
  public func write(to directory: String, _ gnuplot: Gnuplot?) throws {
    var drawn: [Plot] = []
    if let gnuplot {
      drawn = StudyPlots(analysis).plots
      try makeDirectory(at: directory + "/plots")
      try gnuplot.draw(drawn.map { PlotScript($0, .svg, to: "\(directory)/plots/\($0.name).svg") })
    }
    func prose(_ name: String) throws -> String? {
      let path = "\(directory)/\(name)"
      guard FileManager.default.fileExists(atPath: path) else { return nil }
      return String(decoding: try readFile(at: path), as: UTF8.self)
        .trimmingCharacters(in: .whitespacesAndNewlines)
    }
    let text = text(
      introduction: try prose("introduction.md"), discussion: try prose("discussion.md"),
      plots: drawn.map { (name: $0.name, title: $0.title) })
    try replaceFile(at: directory + "/README.md", with: Data(text.utf8))
  }

  /// The page as text.
  func text(
    introduction: String?, discussion: String?, plots: [(name: String, title: String)]
  ) -> String {
    var blocks = ["# \(study.title.markdown)"]
    if let introduction { blocks.append(introduction) }
    if let remark { blocks.append(remark) }
    if !analysis.findings.isEmpty { blocks += ["## What was asked", claims] + failures }
    blocks += overall
    blocks += ["## Losses", lossNote]
    for task in study.tasks {
      let cells = analysis.cells.filter { $0.task == task.name }
      if cells.isEmpty { continue }
      blocks += ["### \(task.name.markdown)", summary(task, cells), losses(cells)]
      for plot in plots where plot.name == StudyPlots.name(task.name) {
        blocks.append("![\(plot.title.markdown)](plots/\(plot.name).svg)")
      }
    }
    blocks += ["## Divergence", divergences]
    if let discussion { blocks.append(discussion) }
    blocks += ["## The command", repetition]
    return blocks.joined(separator: "\n\n") + "\n"
  }

  /// What a reader must know of results that are not all there.
  private var remark: String? {
    var parts: [String] = []
    if let expectedCount, analysis.results.count < expectedCount {
      parts.append(
        "\(analysis.results.count) of \(expectedCount) runs are over; the figures are theirs.")
    }
    if analysis.staleCount > 0 {
      parts.append("\(analysis.staleCount) results of other settings are left out.")
    }
    return parts.isEmpty ? nil : "> " + parts.joined(separator: " ")
  }

  private var claims: String {
    markdownTable(
      [["claim", "asked", "measured", "holds"]]
        + analysis.findings.map { finding in
          let asked =
            finding.claim.share == 1 ? "all" : String(format: "%.4g %%", 100 * finding.claim.share)
          let unit = finding.claim.statement == .neverDiverges ? "runs" : "cells"
          let measured =
            finding.value.map { StudyPlots.text($0) }
            ?? finding.share.map {
              String(format: "%.1f %%", 100 * $0)
                + " (\(finding.heldCount) of \(finding.count) \(unit))"
            } ?? "–"
          let verdict = finding.isMet.map { $0 ? "yes" : "**no**" } ?? "–"
          return [finding.claim.text.markdown, asked, measured, verdict]
        })
  }

  private var failures: [String] {
    analysis.findings.filter { !$0.failures.isEmpty }.map { finding in
      let most = 40
      let shown = finding.failures.prefix(most).joined(separator: "; ").markdown
      let rest = finding.failures.count - most
      return "Not so: \(finding.claim.text.markdown) – \(shown)"
        + (rest > 0 ? "; and \(rest) more." : ".")
    }
  }

  /// Every optimizer over all cells, and over those of each part.
  private var overall: [String] {
    let table = StudySummaryTable(analysis.summary)
    func rows(_ part: String?) -> String {
      markdownTable(
        [["optimizer"] + StudySummaryTable.headings]
          + study.shownLabels.compactMap { label in
            table.row(label, part: part).map { [label.markdown] + $0 }
          })
    }
    return ["## Over all cells", table.note, rows(nil)]
      + analysis.summary.parts.flatMap { ["### Part \($0.markdown)", rows($0)] }
  }

  private var lossNote: String {
    "Medians over seeds at the end of a run, as multiples of that of \(study.reference.markdown), "
      + "which has its loss. "
      + (study.groups.isEmpty
        ? ""
        : study.groups.map { group in
          "\(group.label.markdown) is, in each cell, the one with the lowest median among "
            + group.members.map(\.markdown).joined(separator: ", ") + ". "
        }.joined())
      + "A run that diverged counts with an infinite loss; how many did stands in brackets."
  }

  private func summary(_ task: Study.Task, _ cells: [StudyAnalysis.Cell]) -> String {
    let results = analysis.results.filter { $0.key.task == task.name }
    let judged =
      cells.contains(where: \.isJudgedByValidation)
      ? "validation loss"
      : results.contains { $0.outcome.testLoss != nil }
        ? "test loss, since the task has no validation examples" : "training loss"
    let seeds = Set(results.map(\.key.seed)).count
    let seconds = results.reduce(0) { $0 + $1.outcome.wallSeconds }
    return "\(cells[0].examples) training examples, \(length(task)), \(seeds) "
      + "\(seeds == 1 ? "seed" : "seeds"), \(results.count) runs in "
      + "\(StudyPlots.duration(seconds)) of one process. Judged by the \(judged)."
  }

  private func length(_ task: Study.Task) -> String {
    guard
      let settings = try? study.settings(
        task, study.optimizers[0], batchSize: 1, seed: 0, dataDirectory: nil)
    else { return "" }
    if let steps = settings.steps { return "\(steps) steps" }
    return "\(settings.epochs ?? settings.defaultEpochs) epochs"
  }

  private func losses(_ cells: [StudyAnalysis.Cell]) -> String {
    let labels = study.shownLabels
    return markdownTable(
      [["batch size"] + labels.map(\.markdown)]
        + cells.map { cell in
          let size = cell.batchSize == .full ? "full (\(cell.size))" : cell.batchSize.text
          return [size] + labels.map { text(cell, $0) }
        })
  }

  private func text(_ cell: StudyAnalysis.Cell, _ label: String) -> String {
    guard let entry = cell.entries[label] else { return "–" }
    var text =
      label == study.reference
      ? StudyPlots.text(entry.loss)
      : cell.ratio(label, to: study.reference).map { "×\(StudyPlots.text($0))" } ?? "–"
    if let member = entry.member { text += " (\(member.markdown))" }
    if entry.unsoundCount > 0 { text += " [\(entry.unsoundCount) of \(entry.runCount)]" }
    return text
  }

  private var divergences: String {
    let rows = study.optimizers.map(\.label).compactMap { label -> [String]? in
      let results = analysis.results.filter { $0.key.optimizer == label }
      if results.isEmpty { return nil }
      let diverged = results.filter(\.outcome.hasDiverged)
      let unsound = results.count { !$0.outcome.isSound && !$0.outcome.hasDiverged }
      let cells = Set(diverged.map { "\($0.key.task) \($0.key.batchSize.text)" })
      return [
        label.markdown, "\(results.count)", "\(diverged.count)", "\(cells.count)", "\(unsound)",
      ]
    }
    return markdownTable(
      [["optimizer", "runs", "diverged", "in cells", "others with non-finite numbers"]] + rows)
  }

  private var repetition: String {
    let seconds = analysis.results.reduce(0) { $0 + $1.outcome.wallSeconds }
    return """
      `results.csv` has the figures of every run. This command makes the runs that it lacks, and this \
      page; interrupted, it goes on when it is given again. With `--report-only` it makes no runs.

      ```console
      $ \(command)
      ```

      The runs took \(StudyPlots.duration(seconds)) of one process.
      """
  }
}
