import Foundation

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
    return LaTeXTable(
      caption: caption.latex, columns: "l" + String(repeating: "r", count: head.count - 1),
      head: head.map(\.latex),
      rows: rows.dropFirst().map { row in
        row.map { cell in
          // A number may have its deviation behind it.
          cell.components(separatedBy: " ± ").map(LaTeXTable.number).joined(separator: " $\\pm$ ")
        }
      }
    ).text
  }
}
