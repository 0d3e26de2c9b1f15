import Studies

/// The figures as comma-separated values, to the last digit: a row a run, and behind those of a task a
/// row an optimizer, whose figures are medians with the ends of their intervals.
struct CSVReport {
  private let report: Report

  init(_ report: Report) { self.report = report }

  var text: String {
    let figures = Figure.allCases
    let names = figures.map { $0.rawValue.replacing(" ", with: "_") }
    var rows = [
      ["task", "optimizer", "kind", "seed", "state", "runs", "diverged", "unfinished"]
        + names.flatMap { [$0, $0 + "_low", $0 + "_high"] } + ["directory"]
    ]
    for task in report.tasks {
      let name = task.results.task.rawValue
      for group in task.results.groups {
        for run in group.runs {
          rows.append(
            [name, group.label, "run", String(run.settings.seed), run.state.rawValue, "", "", ""]
              + figures.flatMap { [number(run.value($0)), "", ""] } + [run.directory.path])
        }
      }
      for row in task.table.rows {
        let counts = [row.runCount, row.divergedCount, row.unfinishedCount].map(String.init)
        rows.append(
          [name, row.label, "median", "", ""] + counts
            + figures.flatMap { figure in
              let estimate = row.estimates[figure]
              return [estimate?.median, estimate?.low, estimate?.high].map(number)
            } + [""])
      }
    }
    return rows.map { $0.map(\.csv).joined(separator: ",") + "\n" }.joined()
  }

  private func number(_ value: Double?) -> String { value.map { String($0) } ?? "" }
}
