import Studies

/// The tables in LaTeX, for the packages `booktabs` and, with wide tables, `graphicx`.
struct LaTeXReport {
  private let report: Report

  init(_ report: Report) { self.report = report }

  var text: String {
    report.tasks.map(table).joined(separator: "\n")
  }

  private func table(_ task: TaskReport) -> String {
    let figures = task.table.figures
    let formats = figures.map(ResultFormat.init)
    var table = LaTeXTable(
      caption: "\(task.results.task.rawValue.latex): medians over seeds and 95\\,\\% confidence "
        + "intervals of the median",
      columns: "ll" + String(repeating: "r", count: formats.count),
      head: ["optimizer", "runs"] + formats.map(\.heading.latex))
    for result in task.table.rows {
      let estimates = figures.map { result.estimates[$0] }
      table.rows.append(
        [result.label.latex, result.runs.latex]
          + zip(formats, estimates).map { format, estimate in
            estimate.map { LaTeXTable.number(format.text($0.median)) } ?? "--"
          })
      let intervals = zip(formats, estimates).map { format, estimate -> String in
        guard let estimate, estimate.low < estimate.high else { return "" }
        let bounds = [estimate.low, estimate.high].map { LaTeXTable.number(format.text($0)) }
        return "{\\small[\(bounds.joined(separator: ", "))]}"
      }
      if intervals.contains(where: { !$0.isEmpty }) { table.rows.append(["", ""] + intervals) }
    }
    return table.text
  }
}
