import Studies

/// The tables in Markdown, and plots where there are files of them.
struct MarkdownReport {
  private let report: Report
  private let plotFolder: String?

  init(_ report: Report, _ plotFolder: String?) {
    self.report = report
    self.plotFolder = plotFolder
  }

  var text: String {
    let names = report.tasks.map(\.results.task.rawValue)
    var blocks = ["# Training runs: \(names.joined(separator: ", "))"]
    blocks += report.tasks.flatMap(self.blocks)
    if !report.collection.damage.isEmpty {
      blocks.append(list(["Left out:"] + report.collection.damage))
    }
    return blocks.joined(separator: "\n\n") + "\n"
  }

  private func blocks(_ task: TaskReport) -> [String] {
    var blocks = ["## \(task.results.task.rawValue)", task.summary.markdown + "."]
    blocks.append(table(task.table))
    if !task.tableNote.isEmpty { blocks.append(task.tableNote) }
    if !task.remarks.isEmpty { blocks.append(list(task.remarks)) }
    if let plotFolder {
      for section in task.sections {
        blocks.append("### \(section.title)")
        blocks.append(
          section.plots.map { plot in
            "![\(plot.title.markdown)](\(plotFolder)/\(plot.name).svg)"
          }.joined(separator: "\n"))
        if !section.note.isEmpty { blocks.append(section.note) }
      }
    }
    if let classes = task.classes {
      blocks.append("### Classes")
      blocks.append(markdownTable(classes.rows.map { $0.map(\.markdown) }))
      blocks.append(ClassResults.note)
      if classes.groups.count == 1 {
        blocks += classes.confusions.map { markdownTable($0.rows.map { $0.map(\.markdown) }) }
      }
    }
    let differences = task.differences
    if !differences.isEmpty {
      blocks.append("Settings that differ:")
      blocks.append(
        markdownTable(
          [[""] + task.results.groups.map(\.label.markdown)]
            + differences.map { [$0.key.name] + $0.values.map(\.markdown) }))
    }
    return blocks
  }

  private func table(_ table: ResultTable) -> String {
    let formats = table.figures.map(ResultFormat.init)
    return markdownTable(
      [["optimizer", "runs"] + formats.map(\.heading)]
        + table.rows.map { row in
          [row.label.markdown, row.runs]
            + zip(table.figures, formats).map { figure, format in
              guard let estimate = row.estimates[figure] else { return "–" }
              let interval = format.interval(estimate)
              return format.text(estimate.median) + (interval.isEmpty ? "" : " " + interval)
            }
        })
  }

  private func list(_ items: [String]) -> String {
    items.map { "- \($0.markdown)" }.joined(separator: "\n")
  }
}
