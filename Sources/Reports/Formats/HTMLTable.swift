/// A table in HTML that scrolls by itself where it is too wide.
///
/// - Parameters:
///   - heads: The texts of its head.
///   - rows: Its rows, as elements.
func htmlTable(_ heads: [String], _ rows: [String]) -> String {
  "<div class=\"wide\"><table><thead><tr>"
    + heads.map { "<th scope=\"col\">\($0.html)</th>" }.joined() + "</tr></thead><tbody>\n"
    + rows.joined(separator: "\n") + "\n</tbody></table></div>"
}

/// A table in HTML of texts, below its head; the first of a row is what the row is about.
func htmlTable(_ rows: [[String]]) -> String {
  guard let head = rows.first else { return "" }
  return htmlTable(
    head,
    rows.dropFirst().map { row in
      "<tr><th scope=\"row\">\(row[0].html)</th>"
        + row.dropFirst().map { "<td>\($0.html)</td>" }.joined() + "</tr>"
    })
}
