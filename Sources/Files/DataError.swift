/// Why data could not be read.
public enum DataError: Error, Hashable, Sendable, CustomStringConvertible {
  /// A file of a data set is not there.
  case missing(file: String, directory: String)
  /// A file is there, but cannot be read.
  case unreadable(file: String, reason: String)
  /// A file's contents are not what they should be.
  case malformed(file: String, place: Place = .file, found: String, expected: String)

  /// Where in a file something was found.
  public enum Place: Hashable, Sendable, CustomStringConvertible {
    /// The file as a whole.
    case file
    /// A line, counted from 1.
    case line(Int)
    /// A character, by line and column, both counted from 1.
    case character(line: Int, column: Int)
    /// A cell of a table, by its line, counted from 1, and its column's name.
    case cell(line: Int, column: String)
    /// A byte of the file, counted from 0.
    case byte(Int)
    /// A byte of the file's decompressed contents, counted from 0.
    case decompressedByte(Int)
    /// One of a list's entries, counted from 0.
    case entry(Int)
    /// One of a file's variables.
    case variable(String)

    /// The place in words.
    public var description: String {
      switch self {
      case .file: "the file"
      case .line(let line): "line \(line)"
      case .character(let line, let column): "line \(line), column \(column)"
      case .cell(let line, let column): "line \(line), column '\(printable(column))'"
      case .byte(let offset): "byte \(offset)"
      case .decompressedByte(let offset): "byte \(offset) of the decompressed contents"
      case .entry(let index): "entry \(index)"
      case .variable(let name): "variable '\(name)'"
      }
    }
  }

  /// What was found where, and what was expected instead, in one line.
  public var description: String {
    switch self {
    case .missing(let file, let directory):
      "\(file): no such file in '\(directory)'; put it there, as 'adamqlr data fetch' does, or name "
        + "the directory that has it with --data-dir or ADAMQLR_DATA"
    case .unreadable(let file, let reason):
      "\(file): \(reason)"
    case .malformed(let file, .file, let found, let expected):
      "\(file): \(found); expected \(expected)"
    case .malformed(let file, let place, let found, let expected):
      "\(file), \(place): \(found); expected \(expected)"
    }
  }
}

/// A word fit for a message: short, on one line.
package func printable(_ word: String) -> String {
  let short = word.prefix(24).map { $0.isASCII && ($0.asciiValue ?? 0) < 32 ? "?" : $0 }
  return String(short) + (word.count > 24 ? "…" : "")
}
