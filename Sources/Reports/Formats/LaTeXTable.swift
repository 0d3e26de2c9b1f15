import Foundation

/// A table in LaTeX, for the package `booktabs`.
struct LaTeXTable {
  /// What it shows, in LaTeX.
  var caption: String
  /// How its columns are aligned, as `lrr`.
  var columns: String
  /// The cells of its head, in LaTeX.
  var head: [String]
  /// The cells of its rows, in LaTeX.
  var rows: [[String]] = []

  var text: String {
    let lines =
      [
        "\\begin{table}", "  \\caption{\(caption)}", "  \\centering",
        "  \\begin{tabular}{\(columns)}", "    \\toprule", line(head), "    \\midrule",
      ] + rows.map(line) + ["    \\bottomrule", "  \\end{tabular}", "\\end{table}"]
    return lines.joined(separator: "\n") + "\n"
  }

  private func line(_ cells: [String]) -> String {
    "    " + cells.joined(separator: " & ") + " \\\\"
  }

  /// A number, with its exponent as one writes it; any other text as it is, in LaTeX.
  static func number(_ text: String) -> String {
    if text == "∞" { return "$\\infty$" }
    guard Double(text) != nil else { return text.latex }
    guard let exponent = text.firstIndex(of: "e"),
      let power = Int(text[text.index(after: exponent)...])
    else { return text.hasPrefix("-") ? "$\(text)$" : text }
    return "$\(text[..<exponent])\\times10^{\(power)}$"
  }
}
