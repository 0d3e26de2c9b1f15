extension String {
  /// The text in HTML, also inside quotes.
  var html: String {
    escaped { scalar in
      switch scalar {
      case "&": "&amp;"
      case "<": "&lt;"
      case ">": "&gt;"
      case "\"": "&quot;"
      case "'": "&#39;"
      default: nil
      }
    }
  }

  /// The text in LaTeX.
  var latex: String {
    escaped { scalar in
      switch scalar {
      case "\\": "\\textbackslash{}"
      case "^": "\\textasciicircum{}"
      case "~": "\\textasciitilde{}"
      case "&", "%", "$", "#", "_", "{", "}": "\\\(scalar)"
      case "<": "\\textless{}"
      case ">": "\\textgreater{}"
      case "|": "\\textbar{}"
      case "∞": "$\\infty$"
      case "−": "$-$"
      case "–": "--"
      case "α": "$\\alpha$"
      case "λ": "$\\lambda$"
      case "ρ": "$\\rho$"
      case "γ": "$\\gamma$"
      case "ε": "$\\varepsilon$"
      case "ω": "$\\omega$"
      case "μ", "µ": "$\\mu$"
      case "±": "$\\pm$"
      case "×": "$\\times$"
      case "≤": "$\\leq$"
      case "…": "\\ldots{}"
      default: nil
      }
    }
  }

  /// The text in Markdown, also inside a table.
  var markdown: String {
    escaped { scalar in
      switch scalar {
      case "\\", "`", "*", "_", "[", "]", "|", "#", "~", "!": "\\\(scalar)"
      case "<": "&lt;"
      case ">": "&gt;"
      case "&": "&amp;"
      default: nil
      }
    }
  }

  /// The text as a field of a CSV file.
  var csv: String {
    guard contains(where: { ",\"\r\n".contains($0) || $0 == "\r\n" }) else { return self }
    return "\"" + split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"")
      + "\""
  }

  /// The text with some characters written otherwise; control characters become spaces.
  private func escaped(_ replacement: (Unicode.Scalar) -> String?) -> String {
    var result = ""
    for scalar in unicodeScalars {
      if let replacement = replacement(scalar) {
        result += replacement
      } else if scalar.properties.generalCategory == .control {
        result += " "
      } else {
        result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
