import Files
import AdamQLR
import Foundation
import Studies
import Tasks
import Training

/// What came out of runs, as a page, tables and plots.
public struct Report {
  /// The forms of reports.
  public enum Format: String, CaseIterable, Sendable {
    case html
    case markdown = "md"
    case latex
    case csv
  }

  /// The runs.
  public let collection: RunCollection
  let tasks: [TaskReport]

  /// Prepares the report on some runs.
  public init(_ collection: RunCollection) {
    self.collection = collection
    // One style for a label, whatever the task.
    var labels: [String] = []
    for group in collection.tasks.flatMap(\.groups) where !labels.contains(group.label) {
      labels.append(group.label)
    }
    tasks = collection.tasks.map { results in
      TaskReport(results) { PlotStyle(labels.firstIndex(of: $0) ?? 0) }
    }
  }

  /// The report as text.
  ///
  /// - Parameters:
  ///   - gnuplot: What draws the plots of a page; without it there are none.
  ///   - plotFolder: The folder, seen from the report, of plots that ``writePlots(_:to:_:)`` wrote and
  ///     Markdown shows.
  /// - Throws: ``ReportError`` where plots cannot be drawn.
  public func text(
    _ format: Format, gnuplot: Gnuplot? = nil, plotFolder: String? = nil
  ) throws -> String {
    switch format {
    case .html: try HTMLPage(self, gnuplot).text
    case .markdown: MarkdownReport(self, plotFolder).text
    case .latex: LaTeXReport(self).text
    case .csv: CSVReport(self).text
    }
  }

  /// Writes every plot as a file.
  ///
  /// - Returns: The number of files.
  /// - Throws: ``ReportError`` where plots cannot be drawn, and `FileError`.
  @discardableResult
  public func writePlots(_ format: PlotFormat, to folder: String, _ gnuplot: Gnuplot) throws -> Int
  {
    try makeDirectory(at: folder)
    let plots = tasks.flatMap(\.sections).flatMap(\.plots)
    try gnuplot.draw(
      plots.map { plot in
        var plot = plot
        plot.title += plot.titleSuffix
        return PlotScript(plot, format, to: "\(folder)/\(plot.name).\(format.rawValue)")
      })
    return plots.count
  }
}

/// What came out of the runs of one task.
struct TaskReport {
  let results: TaskResults
  let table: ResultTable
  let classes: ClassResults?
  let sections: [PlotSection]
  let style: (String) -> PlotStyle

  init(_ results: TaskResults, _ style: @escaping (String) -> PlotStyle) {
    self.results = results
    self.style = style
    table = ResultTable(results.groups)
    classes = ClassResults(results)
    sections = TaskPlots(results, style: style).sections
  }

  /// Runs, data and what all have in common, in words.
  var summary: String {
    let runs = results.groups.flatMap(\.runs)
    let seeds = Set(runs.map(\.settings.seed)).count
    var parts = [counted(runs.count, "run") + " with " + counted(seeds, "seed")]
    let status = runs.lazy.compactMap(\.status).first
    if let status {
      if results.task != .rosenbrock { parts.append("\(status.examples) training examples") }
      parts.append("\(status.parameters) parameters")
    }
    if results.task != .rosenbrock, let size = common(\.batchSize) {
      parts.append("batches of at most \(size)")
    }
    if let seconds = common(\.seconds) ?? nil {
      parts.append("\(ResultFormat(.seconds).text(seconds)) seconds")
    } else if let steps = common(\.steps) ?? nil {
      parts.append(counted(steps, "step"))
    } else if let epochs = common(\.epochs) ?? nil {
      parts.append(counted(epochs, "epoch"))
    }
    if let status { parts.append("adamqlr \(status.version), libtorch \(status.libtorch)") }
    return parts.joined(separator: ", ")
  }

  /// What a reader of the table must know.
  var tableNote: String {
    let runs = results.groups.map(\.runs)
    var notes: [String] = []
    if runs.contains(where: { $0.count > 1 }) {
      notes.append(
        "Medians over seeds, with 95 % confidence intervals of the median by the bootstrap.")
    }
    if runs.joined().contains(where: { $0.state == .diverged }) {
      notes.append("A run that diverged counts with infinite losses.")
    }
    if table.figures.contains(.rmse) {
      notes.append(
        "RMSE, MAE and R² are in the target's own units, of the test examples where there are some, "
          + "with the weights that a run keeps; losses are of targets that were normalized.")
    }
    return notes.joined(separator: " ")
  }

  /// The value that a setting has in all runs; `nil` where they differ.
  private func common<Value: Hashable>(_ value: (Settings) -> Value) -> Value? {
    let values = Set(results.groups.map { value($0.settings) })
    return values.count == 1 ? values.first : nil
  }

  private func counted(_ count: Int, _ name: String) -> String {
    "\(count) \(name)\(count == 1 ? "" : "s")"
  }

  /// The settings in which optimizers differ, and their values.
  var differences: [(key: Setting<Settings>, values: [String])] {
    guard results.groups.count > 1 else { return [] }
    return Settings.all.map { key in (key, results.groups.map { key.text(of: $0.settings) }) }
      .filter { key, values in
        !["seed", "data-dir", "threads"].contains(key.name) && Set(values).count > 1
      }
  }

  /// A line on each run that did not come to the end of its length, or whose files are damaged.
  var remarks: [String] {
    results.groups.flatMap { group in
      group.runs.flatMap { run -> [String] in
        let name = "\(group.label), seed \(run.settings.seed)"
        return [run.remark.map { "\(name): \($0)" }].compactMap { $0 } + run.damage
      }
    }
  }
}

extension RunRecord {
  /// What a reader of its figures must know; `nil` where it came to the end of its length.
  fileprivate var remark: String? {
    let step = value(.steps).map { " after step \(ResultFormat(.steps).text($0))" } ?? ""
    switch state {
    case .finished:
      return status?.summary?.earlyStop?.description
    case .stopped: return "stopped\(step), before its end"
    case .running: return "still running; figures are those of now\(step)"
    case .interrupted: return "interrupted\(step), before its end"
    case .diverged:
      guard let divergence = status?.summary?.divergence else { return "diverged" }
      var text = "diverged at step \(divergence.step)"
      if let cause = divergence.cause {
        text += ": losses exploded after step \(cause.step), with "
        text += "α \(String(format: "%.3g", cause.learningRate)), "
        text += "λ \(String(format: "%.3g", cause.damping))"
        if let ratio = cause.reductionRatio { text += ", ρ \(String(format: "%.3g", ratio))" }
      }
      return text
    }
  }
}

extension Plot {
  /// What tells it from the plots of other tasks.
  fileprivate var titleSuffix: String {
    // The longest: one task's name may begin with another's.
    let task = LearningTask.allCases.filter { name.hasPrefix($0.rawValue + "-") }
      .max { $0.rawValue.count < $1.rawValue.count }
    return task.map { ", \($0.rawValue)" } ?? ""
  }
}
