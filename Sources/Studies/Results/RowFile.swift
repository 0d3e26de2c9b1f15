import Files
import Foundation

/// A CSV file that rows are added to as they come.
///
/// A row that was cut off, as by a loss of power, is left out when the file is read.
enum RowFile {
  /// A row.
  struct Row {
    /// Where it is, for errors.
    var place: String
    /// The line.
    var text: Substring
  }

  /// Reads a file's first line and its rows; `nil` where there is no file, or nothing in it.
  ///
  /// - Throws: `FileError`.
  static func read(_ path: String) throws(FileError) -> (head: Substring, rows: [Row])? {
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    var lines = String(decoding: try readFile(at: path), as: UTF8.self)
      .split(separator: "\n", omittingEmptySubsequences: false)
    // Behind the last line feed there is nothing, or a row that was cut off.
    lines.removeLast()
    guard let head = lines.first else { return nil }
    return (
      head,
      lines.enumerated().dropFirst().map { Row(place: "\(path), line \($0 + 1)", text: $1) }
    )
  }

  /// Writes a file anew.
  ///
  /// - Throws: `FileError`.
  static func write(_ path: String, head: String, rows: [String]) throws(FileError) {
    try replaceFile(
      at: path, with: Data(([head] + rows).map { $0 + "\n" }.joined().utf8))
  }
}
