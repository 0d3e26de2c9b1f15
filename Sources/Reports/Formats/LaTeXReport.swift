import Studies

/// The tables in LaTeX, for the packages `booktabs` and, with wide tables, `graphicx`.
struct LaTeXReport {
  private let report: Report

  init(_ report: Report) { self.report = report }

  var text: String {
    report.tasks.map(table).joined(separator: "\n")
  }

  private func table(_ task: TaskReport) -> String {
    let table = task.table
    let formats = table.figures.map(ResultFormat.init)
    var lines = [
      "\\begin{table}",
      "  \\caption{\(task.results.task.rawValue.latex): medians over seeds and 95\\,\\% confidence "
        + "intervals of the median}",
      "  \\centering",
      "  \\begin{tabular}{ll\(String(repeating: "r", count: formats.count))}",
      "    \\toprule",
      row(["optimizer", "runs"] + formats.map(\.heading.latex)),
      "    \\midrule",
    ]
    for result in table.rows {
      let estimates = table.figures.map { result.estimates[$0] }
      lines.append(
        row(
          [result.label.latex, result.runs.latex]
            + zip(formats, estimates).map { format, estimate in
              estimate.map { number(format.text($0.median)) } ?? "--"
            }))
      let intervals = zip(formats, estimates).map { format, estimate -> String in
        guard let estimate, estimate.low < estimate.high else { return "" }
        return "{\\small[\(number(format.text(estimate.low))), "
          + "\(number(format.text(estimate.high)))]}"
      }
      if intervals.contains(where: { !$0.isEmpty }) { lines.append(row(["", ""] + intervals)) }
    }
    lines += ["    \\bottomrule", "  \\end{tabular}", "\\end{table}"]
    return lines.joined(separator: "\n") + "\n"
  }

  private func row(_ cells: [String]) -> String {
    "    " + cells.joined(separator: " & ") + " \\\\"
  }

  /// A number, with its exponent as one writes it.
  private func number(_ text: String) -> String {
    if text == "∞" { return "$\\infty$" }
    guard let exponent = text.firstIndex(of: "e"),
      let power = Int(text[text.index(after: exponent)...])
    else { return text.hasPrefix("-") ? "$\(text)$" : text }
    return "$\(text[..<exponent])\\times10^{\(power)}$"
  }
}
