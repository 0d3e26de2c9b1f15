import Training

extension [PageBlock] {
  /// The page in HTML, in one file that needs nothing from elsewhere; it is well-formed XML too.
  ///
  /// - Parameter plots: The plots by name.
  func html(title: String, _ plots: [String: EmbeddedPlot]) -> String {
    """
    <!DOCTYPE html>
    <html lang="en">
    <head>
    <meta charset="utf-8"/>
    <meta name="viewport" content="width=device-width, initial-scale=1"/>
    <title>\(title.html)</title>
    <style>\(PageStyle.css)</style>
    </head>
    <body>
    <main>
    \(map { $0.html(plots) }.filter { !$0.isEmpty }.joined(separator: "\n"))
    </main>
    <footer>Written by adamqlr \(Release.version.html).</footer>
    </body>
    </html>

    """
  }
}

extension PageBlock {
  fileprivate func html(_ plots: [String: EmbeddedPlot]) -> String {
    switch self {
    case .heading(let level, let text): return "<h\(level)>\(text.html)</h\(level)>"
    case .text(let text): return "<p>\(text.html)</p>"
    case .remark(let lines):
      return "<ul class=\"remark\">\(lines.map { "<li>\($0.html)</li>" }.joined())</ul>"
    case .table(let rows, _): return htmlTable(rows)
    case .legend(let entries):
      let items = entries.map { "<li>\($0.style.swatch)\($0.label.html)</li>" }
      return "<ul class=\"legend\">\(items.joined())</ul>"
    case .plots(let shown):
      let figures = shown.compactMap { plot in
        plots[plot.name].map {
          "<figure\(plot.showsRosenbrock ? " class=\"large\"" : "")>"
            + (plot.hasOwnLegend ? "" : "<figcaption>\(plot.title.html)</figcaption>")
            + "\($0.element)</figure>"
        }
      }
      return figures.isEmpty
        ? "" : "<div class=\"plots\">\n\(figures.joined(separator: "\n"))\n</div>"
    case .details(let summary, let blocks):
      let inside = blocks.map { $0.html(plots) }.filter { !$0.isEmpty }.joined(separator: "\n")
      return inside.isEmpty
        ? "" : "<details><summary>\(summary.html)</summary>\n\(inside)\n</details>"
    case .command(let command): return "<pre>$ \(command.html)</pre>"
    case .prose: return ""
    }
  }
}
