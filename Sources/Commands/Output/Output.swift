import Foundation

/// Standard output and standard error.
package enum Output {
  /// Whether a person at a terminal sees standard output.
  package static let isTerminal = isatty(STDOUT_FILENO) == 1

  /// Prints a line that is seen at once, also by a program at the other end of a pipe.
  package static func line(_ text: String) { bytes(Array("\(text)\n".utf8)) }

  /// Prints a text as it stands.
  static func text(_ text: String) { bytes(Array(text.utf8)) }

  /// Writes bytes, which need not be whole characters, that are seen at once. Where they cannot be
  /// written, the program ends.
  static func bytes(_ bytes: [UInt8]) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress, $0.count) }
      if count >= 0 {
        rest = rest.dropFirst(count)
      } else if errno != EINTR {
        fail()
      }
    }
  }

  private static func fail() -> Never {
    let reason = String(cString: strerror(errno))
    warning("Error: standard output cannot be written: \(reason)")
    _exit(ExitStatus.inputOutput)
  }

  /// Sees to it that what others print, such as help, ends in an error too where it cannot be written.
  static func watchForFailure() {
    atexit { if fflush(nil) != 0 { Output.fail() } }
  }

  /// Prints a line on standard error.
  package static func warning(_ text: String) {
    FileHandle.standardError.write(Data("\(text)\n".utf8))
  }

  /// Rewrites the terminal's current line.
  package static func rewrite(_ text: String) {
    self.text("\r\u{1B}[K\(text)")
  }
}

extension Output {
  /// Prints words behind an indentation, with a new line where one would pass 80 columns.
  static func wrapped(_ words: [String], separator: String = " ") {
    let indentation = "      "
    var line = ""
    for word in words {
      let longer = line.isEmpty ? word : line + separator + word
      if indentation.count + longer.count > 80, !line.isEmpty {
        Output.line(indentation + line + (separator == " " ? "" : String(separator.dropLast())))
        line = word
      } else {
        line = longer
      }
    }
    if !line.isEmpty { Output.line(indentation + line) }
  }
}

/// Text in columns, the first to the left and the others to the right.
package struct TextTable {
  private var rows: [[String]]

  /// A table with these headings.
  package init(_ headings: String...) { rows = [headings] }

  /// A table with these headings.
  init(headings: [String]) { rows = [headings] }

  package mutating func add(_ cells: String...) { rows.append(cells) }

  mutating func add(_ cells: [String]) { rows.append(cells) }

  package var lines: [String] {
    let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      row.indices.map { column in
        let gap = String(repeating: " ", count: widths[column] - row[column].count)
        return column == 0 ? row[column] + gap : gap + row[column]
      }.joined(separator: "  ")
    }
  }
}

extension Double {
  /// A loss or a scalar of the method: four significant digits.
  package var short: String { String(format: "%.4g", self) }
  /// A share as a percentage.
  var percent: String { String(format: "%.2f %%", 100 * self) }
}

extension Int {
  /// The number with its thousands set apart.
  package var grouped: String {
    var text = String(self)
    var position = text.count - 3
    while position > 0 {
      text.insert(",", at: text.index(text.startIndex, offsetBy: position))
      position -= 3
    }
    return text
  }
}
