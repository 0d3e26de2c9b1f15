/// A table in Markdown whose first row is its head, of cells in Markdown; the first column is to the
/// left, the others to the right.
func markdownTable(_ rows: [[String]]) -> String {
  var lines = rows.map { "| " + $0.joined(separator: " | ") + " |" }
  let rule = rows[0].indices.map { $0 == 0 ? "---" : "---:" }
  lines.insert("| " + rule.joined(separator: " | ") + " |", at: 1)
  return lines.joined(separator: "\n")
}
