import AdamQLR
import Studies
import Training

/// The report as one page that needs nothing from elsewhere; it is well-formed XML too.
struct HTMLPage {
  private let report: Report
  /// The plots by name; empty where they could not be drawn.
  private let plots: [String: EmbeddedPlot]
  private let hasPlots: Bool

  /// Draws the plots.
  init(_ report: Report, _ gnuplot: Gnuplot?) throws {
    self.report = report
    hasPlots = gnuplot != nil
    plots =
      try gnuplot.map { try $0.embeddedPlots(report.tasks.flatMap(\.sections).flatMap(\.plots)) }
      ?? [:]
  }

  var text: String {
    let tasks = report.tasks.map(\.results.task.rawValue)
    let title = "Training runs: " + tasks.joined(separator: ", ")
    var parts = [
      "<!DOCTYPE html>", #"<html lang="en">"#, "<head>", #"<meta charset="utf-8"/>"#,
      #"<meta name="viewport" content="width=device-width, initial-scale=1"/>"#,
      "<title>\(title.html)</title>", "<style>\(PageStyle.css)</style>", "</head>", "<body>",
      "<header>", "<h1>\(title.html)</h1>",
    ]
    if tasks.count > 1 {
      let links = tasks.map { "<a href=\"#\($0.html)\">\($0.html)</a>" }
      parts.append("<nav>\(links.joined(separator: " "))</nav>")
    }
    parts.append("</header>")
    parts.append("<main>")
    parts += remarks(report.collection.damage.map { "left out: \($0)" })
    if !hasPlots { parts.append("<p class=\"remark\">\(Gnuplot.advice.html).</p>") }
    for task in report.tasks { parts += section(task) }
    parts += ["</main>", "<footer>Written by adamqlr \(Release.version.html).</footer>"]
    parts += ["</body>", "</html>"]
    return parts.joined(separator: "\n") + "\n"
  }

  private func section(_ task: TaskReport) -> [String] {
    let name = task.results.task.rawValue.html
    var parts = [
      "<section id=\"\(name)\">", "<h2>\(name)</h2>", "<p>\(task.summary.html).</p>",
    ]
    parts += remarks(task.remarks)
    if !plots.isEmpty { parts.append(legend(task)) }
    for section in task.sections {
      let figures = section.plots.compactMap { plot in
        plots[plot.name].map {
          "<figure\(plot.showsRosenbrock ? " class=\"large\"" : "")><figcaption>\(plot.title.html)</figcaption>\($0.element)</figure>"
        }
      }
      guard !figures.isEmpty else { continue }
      parts.append("<h3>\(section.title.html)</h3>")
      parts.append("<div class=\"plots\">")
      parts += figures
      parts.append("</div>")
      parts += note(section.note)
    }
    parts.append("<h3>Results</h3>")
    parts.append(results(task))
    parts += note(task.tableNote)
    if let classes = task.classes { parts += section(classes) }
    parts += settings(task)
    parts.append("</section>")
    return parts
  }

  private func section(_ classes: ClassResults) -> [String] {
    return ["<h3>Classes</h3>", htmlTable(classes.rows)] + note(ClassResults.note)
      + classes.confusions.map { label, rows in
        "<details><summary>What \(label.html) took for what</summary>\(htmlTable(rows))</details>"
      }
  }

  private func note(_ text: String) -> [String] {
    text.isEmpty ? [] : ["<p class=\"note\">\(text.html)</p>"]
  }

  private func remarks(_ lines: [String]) -> [String] {
    guard !lines.isEmpty else { return [] }
    let items = lines.map { "<li>\($0.html)</li>" }.joined()
    // Many of them would push what a reader came for off the page.
    return lines.count <= 4
      ? ["<ul class=\"remark\">\(items)</ul>"]
      : [
        "<details class=\"remark\"><summary>\(lines.count) remarks: "
          + "\(lines[0].html) …</summary><ul>\(items)</ul></details>"
      ]
  }

  private func legend(_ task: TaskReport) -> String {
    let items = task.results.groups.map { group in
      "<li>\(swatch(group.label, task))\(group.label.html)</li>"
    }
    return "<ul class=\"legend\">\(items.joined())</ul>"
  }

  private func swatch(_ label: String, _ task: TaskReport) -> String {
    task.style(label).swatch
  }

  private func results(_ task: TaskReport) -> String {
    let table = task.table
    let formats = table.figures.map(ResultFormat.init)
    let heads = ["optimizer", "runs"] + formats.map(\.heading)
    let rows = table.rows.map { row in
      let cells = zip(table.figures, formats).map { figure, format in
        guard let estimate = row.estimates[figure] else { return "<td>–</td>" }
        let interval = format.interval(estimate)
        return "<td>\(format.text(estimate.median).html)"
          + (interval.isEmpty ? "" : "<br/><small>\(interval.html)</small>") + "</td>"
      }
      return "<tr><th scope=\"row\">\(swatch(row.label, task))\(row.label.html)</th>"
        + "<td>\(row.runs.html)</td>\(cells.joined())</tr>"
    }
    return htmlTable(heads, rows)
  }

  private func settings(_ task: TaskReport) -> [String] {
    var parts: [String] = []
    let labels = task.results.groups.map(\.label)
    let differences = task.differences
    if !differences.isEmpty {
      parts.append("<h3>Settings that differ</h3>")
      parts.append(htmlTable(["setting"] + labels, differences.map { row($0.key, $0.values) }))
    }
    let all = Settings.all.filter { $0.name != "seed" }.map { key in
      row(key, task.results.groups.map { key.text(of: $0.settings) })
    }
    parts.append("<details><summary>All settings</summary>")
    parts.append(htmlTable(["setting"] + labels, all))
    parts.append("</details>")
    return parts
  }

  private func row(_ key: Setting<Settings>, _ values: [String]) -> String {
    "<tr><th scope=\"row\" title=\"\(key.help.html)\">\(key.name.html)</th>"
      + values.map { "<td>\($0.html)</td>" }.joined() + "</tr>"
  }
}
