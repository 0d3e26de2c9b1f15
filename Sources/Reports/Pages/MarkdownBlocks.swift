extension [PageBlock] {
  /// The page in Markdown, without the plots that are shown only if they are asked for.
  ///
  /// - Parameter plotFolder: The folder of the plots as SVG, seen from the page; `nil`: there are none.
  func markdown(plotFolder: String?) -> String {
    map { $0.markdown(plotFolder) }.filter { !$0.isEmpty }.joined(separator: "\n\n")
  }
}

extension PageBlock {
  fileprivate func markdown(_ plotFolder: String?) -> String {
    switch self {
    case .heading(let level, let text):
      return String(repeating: "#", count: level) + " " + text.markdown
    case .text(let text): return text.markdown
    case .remark(let lines): return lines.map { "> \($0.markdown)" }.joined(separator: "\n>\n")
    case .table(let rows, _):
      guard !rows.isEmpty else { return "" }
      return markdownTable(rows.map { $0.map(\.markdown) })
    case .plots(let plots):
      guard let plotFolder else { return "" }
      return plots.map { "![\($0.title.markdown)](\(plotFolder)/\($0.name).svg)" }
        .joined(separator: "\n")
    case .details(let summary, let blocks):
      let inside = blocks.markdown(plotFolder: nil)
      return inside.isEmpty
        ? "" : "<details><summary>\(summary.html)</summary>\n\n\(inside)\n\n</details>"
    case .command(let command): return "```console\n$ \(command)\n```"
    // Plots beside the page have their own.
    case .legend: return ""
    case .prose(let text): return text
    }
  }
}
