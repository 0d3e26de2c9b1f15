import Files
import Foundation
import Tasks
import Testing

/// A folder that is gone when the last reference to it is.
final class TemporaryFolder {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "adamqlr-tests-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit {
    try? FileManager.default.removeItem(atPath: path)
  }

  /// Writes a file, making the folders above it, and returns its path.
  @discardableResult
  func write(_ bytes: [UInt8], to name: String) throws -> String {
    let file = URL(fileURLWithPath: path).appendingPathComponent(name)
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: file)
    return file.path
  }

  /// Writes a text, as ``write(_:to:)``.
  @discardableResult
  func write(_ text: String, to name: String) throws -> String {
    try write(Array(text.utf8), to: name)
  }
}

/// The real data sets that lie beside the package, where they are there.
enum SharedData {
  static let path = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("shared/data").path

  static func has(_ file: String) -> Bool {
    FileManager.default.fileExists(atPath: path + "/" + file)
  }

  static func bytes(of file: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(fileURLWithPath: path + "/" + file)))
  }
}

/// Expects an error whose message has all of these parts.
func expectError<Result>(
  _ parts: String..., location: SourceLocation = #_sourceLocation,
  from body: () throws(DataError) -> Result
) {
  do {
    _ = try body()
    Issue.record("no error", sourceLocation: location)
  } catch {
    let message = error.description
    for part in parts where !message.contains(part) {
      Issue.record("'\(part)' is not in: \(message)", sourceLocation: location)
    }
    #expect(!message.contains("\n"), sourceLocation: location)
  }
}
