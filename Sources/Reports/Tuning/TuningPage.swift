import Files
import Foundation
import Studies

/// What came out of a ``Tuning`` on one task as a page, with tables and plots.
///
/// What a person writes is in files of its own, which the page in Markdown takes in: `introduction.md`
/// behind the title, and `discussion.md` behind the tables.
public struct TuningPage {
  /// The forms of a page.
  public enum Format: String, CaseIterable, Sendable {
    /// `README.md`, with plots as SVG.
    case markdown = "md"
    /// `page.html`, one file.
    case html
    /// `tables.tex`, the tables.
    case latex
  }

  private let results: TuningResults
  private let command: String
  private var plan: TuningPlan { results.plan }

  /// Prepares the page.
  ///
  /// - Parameter command: The command that makes it.
  public init(_ results: TuningResults, command: String) {
    self.results = results
    self.command = command
  }

  /// Writes the page in some forms into a directory.
  ///
  /// - Parameters:
  ///   - formats: The forms.
  ///   - plotFormats: The formats in which plots are written into the folder `plots`, beside those that
  ///     the page in Markdown shows.
  ///   - gnuplot: What draws plots; without it there are none.
  /// - Returns: The files, the pages first.
  /// - Throws: `FileError`, and ``ReportError`` where plots cannot be drawn.
  public func write(
    _ formats: [Format], plots plotFormats: [PlotFormat] = [], to directory: String,
    _ gnuplot: Gnuplot?
  ) throws -> [String] {
    func prose(_ name: String) throws -> [PageBlock] {
      let path = "\(directory)/\(name)"
      guard FileManager.default.fileExists(atPath: path) else { return [] }
      return [
        .prose(
          String(decoding: try readFile(at: path), as: UTF8.self)
            .trimmingCharacters(in: .whitespacesAndNewlines))
      ]
    }
    let blocks = blocks(
      introduction: try prose("introduction.md"), discussion: try prose("discussion.md"))
    var files: [String] = []
    if let gnuplot {
      let kinds =
        (formats.contains(.markdown) ? [.svg] : []) + plotFormats.filter { $0 != .svg }
        + (plotFormats.contains(.svg) && !formats.contains(.markdown) ? [.svg] : [])
      if !kinds.isEmpty { try makeDirectory(at: directory + "/plots") }
      for kind in kinds {
        try gnuplot.draw(
          blocks.plots(hidden: plotFormats.contains(kind)).map {
            PlotScript($0, kind, to: "\(directory)/plots/\($0.name).\(kind.rawValue)")
          })
      }
    }
    for format in formats {
      let (name, text) = try self.text(format, blocks, gnuplot)
      try replaceFile(at: "\(directory)/\(name)", with: Data(text.utf8))
      files.append("\(directory)/\(name)")
    }
    return files
  }

  private func text(
    _ format: Format, _ blocks: [PageBlock], _ gnuplot: Gnuplot?
  ) throws -> (name: String, String) {
    switch format {
    case .markdown:
      return ("README.md", blocks.markdown(plotFolder: gnuplot == nil ? nil : "plots") + "\n")
    case .html:
      let plots = try gnuplot?.embeddedPlots(blocks.plots(hidden: true)) ?? [:]
      return ("page.html", blocks.html(title: title, plots))
    case .latex: return ("tables.tex", blocks.latexTables)
    }
  }

  private var title: String { "\(plan.tuning.title), \(plan.task.name)" }

  private func blocks(introduction: [PageBlock], discussion: [PageBlock]) -> [PageBlock] {
    let plots = TuningPlots(results)
    let tables = TuningTables(results)
    var blocks: [PageBlock] = [.heading(1, title)] + introduction + summary + [legend]
    if tables.ends.count > 1 {
      blocks += [
        .heading(2, "Results"),
        .table(tables.ends, caption: "\(title): at the end of the runs"),
      ]
      if tables.lowest[0].count > 1 {
        blocks += [
          .text("Where the validation loss was lowest, as with early stopping:"),
          .table(tables.lowest, caption: "\(title): at the lowest validation loss"),
        ]
      }
    }
    blocks += discussion
    for (heading, plots) in [
      ("Trajectories", plots.trajectories), ("Losses", plots.losses),
      ("Accuracies", plots.accuracies), ("Learning rate and damping", plots.adaptation),
    ] where !plots.isEmpty { blocks += [.heading(2, heading), .plots(plots)] }
    blocks += sweeps + search
    blocks += plan.tuning.notes.map(PageBlock.text)
    return blocks + [.heading(2, "The command")] + repetition
  }

  private var legend: PageBlock {
    let drawn = Set(results.reports.map(\.optimizer))
    return .legend(
      plan.optimizers.filter {
        drawn.contains($0.label) || !results.outcomes(of: $0.label).isEmpty
      }.map { ($0.title, results.style(of: $0.label)) })
  }

  /// What was run.
  private var summary: [PageBlock] {
    var remarks: [String] = []
    if results.count < results.expectedCount {
      remarks.append(
        "\(results.count) of \(results.expectedCount) runs are over; the figures are theirs.")
    }
    remarks += results.absences
    if let scale = plan.tuning.scale, !plan.tuning.scaleNotes.isEmpty {
      remarks.append("Scale \(scale): " + plan.tuning.scaleNotes.joined(separator: "; ") + ".")
    }
    if let note = plan.task.note { remarks.append(note) }
    let searched = plan.optimizers.filter { plan.trials[$0.label] != nil }
    var parts: [String] = []
    if let examples = plan.optimizers.lazy.compactMap({
      results.outcomes(of: $0.label).first?.examples
    }).first, plan.task.task != .rosenbrock {
      parts.append("\(examples) training examples.")
    }
    if !searched.isEmpty {
      let metric = plan.tuning.metric.rawValue.replacingOccurrences(of: "-", with: " ")
      parts.append(
        "Of each optimizer that is not untuned, \(plan.task.sampleCount) settings were drawn (seed "
          + "\(plan.tuning.seed)) and searched by the \(metric)\(halving); the best were run "
          + (plan.task.repetitionCount == 1
            ? "once." : "\(plan.task.repetitionCount) times with other seeds."))
    } else {
      parts.append("\(plan.task.repetitionCount) runs of each optimizer.")
    }
    return (remarks.isEmpty ? [] : [.remark(remarks)]) + [.text(parts.joined(separator: " "))]
  }

  private var halving: String {
    guard let halving = plan.task.halving else { return "; no trial ends early" }
    let positions = (0..<3).map { String(format: "%.6g", halving.position(ofRung: $0)) }
    return ", by asynchronous successive halving at \(positions.joined(separator: ", ")), … "
      + halving.unit.rawValue
  }

  private var sweeps: [PageBlock] {
    let plots = SweepPlots(results)
    let names = plots.names
    guard !names.isEmpty else { return [] }
    return [.heading(2, "Sweeps")]
      + names.flatMap { name -> [PageBlock] in
        [
          .heading(3, name), .plots(plots.ends(of: name)),
          .details(
            "As a table",
            [.table(TuningTables(results).sweep(name), caption: "\(title): \(name)")]),
          .details("Along the runs", [.plots(plots.curves(of: name))]),
        ]
      }
  }

  private var search: [PageBlock] {
    guard !plan.trials.isEmpty, !results.reports.isEmpty else { return [] }
    let tables = TuningTables(results)
    return [
      .heading(2, "Selected settings"),
      .table(tables.selected, caption: "\(title): selected settings"),
      .heading(2, "Searches"), .table(tables.searches, caption: "\(title): searches"),
      .plots(SearchPlots(results).progress),
      .details(
        "Trials by setting",
        [
          .text(
            "A point is a trial's last loss; those that were stopped early are there with that at their "
              + "last rung."), .plots(SearchPlots(results).slices),
        ]),
      .details("What was searched", [.table(spaces, caption: "\(title): search spaces")]),
    ]
  }

  private var spaces: [[String]] {
    [["optimizer", "setting", "drawn from"]]
      + plan.optimizers.flatMap { optimizer in
        (plan.tuning.space(of: optimizer, on: plan.task)?.parameters ?? []).map {
          [optimizer.title, $0.name, $0.distribution.description]
        }
      }
  }

  private var repetition: [PageBlock] {
    [
      .text(
        "trials.csv has what every trial reported, results.csv every run with its curve. This command "
          + "makes what is missing, and this page; interrupted, it goes on when it is given again. With "
          + "--report-only it makes no runs."),
      .command(command),
    ]
  }
}
