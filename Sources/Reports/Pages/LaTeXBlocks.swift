extension [PageBlock] {
  /// The page's tables in LaTeX, for the packages `booktabs` and, with wide tables, `graphicx`.
  var latexTables: String {
    flatMap { block -> [String] in
      switch block {
      case .table(let rows, let caption): [Self.latex(rows, caption)]
      case .details(_, let blocks): [blocks.latexTables]
      default: []
      }
    }.filter { !$0.isEmpty }.joined(separator: "\n")
  }

  private static func latex(_ rows: [[String]], _ caption: String) -> String {
    guard let head = rows.first else { return "" }
    func line(_ cells: [String]) -> String {
      "    " + cells.map(\.latex).joined(separator: " & ") + " \\\\"
    }
    let lines =
      [
        "\\begin{table}", "  \\caption{\(caption.latex)}", "  \\centering",
        "  \\begin{tabular}{l\(String(repeating: "r", count: head.count - 1))}", "    \\toprule",
        line(head), "    \\midrule",
      ] + rows.dropFirst().map(line) + ["    \\bottomrule", "  \\end{tabular}", "\\end{table}"]
    return lines.joined(separator: "\n") + "\n"
  }
}
