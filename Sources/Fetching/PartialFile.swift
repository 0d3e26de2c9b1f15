import Files
import Foundation
import Tasks

/// A file of which a part has come: `NAME.partial`, until it is whole.
///
/// Beside it lies `NAME.partial.from`: the address it came from, and what tells whether the file
/// there is still the same (the validator, an ETag or a date).
struct PartialFile: Sendable {
  /// The path of a file while it is not whole.
  static func path(of file: String) -> String { file + ".partial" }

  /// Its path.
  let path: String
  /// How many bytes it has.
  private(set) var size: Int
  /// The server's validator; `nil` where it gave none.
  private(set) var validator: String?

  private let url: String
  private let descriptor: Int32
  private var notePath: String { path + ".from" }

  /// Opens what there is of a file, or begins it. A part from another address is discarded.
  init(of file: String, from url: String) throws(FetchError) {
    path = Self.path(of: file)
    self.url = url
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    size = 0
    guard descriptor >= 0 else { throw failure() }

    let note = (try? readBytes(ofFile: notePath)).map { String(decoding: $0, as: UTF8.self) }
    let lines = note?.split(separator: "\n", omittingEmptySubsequences: false) ?? []
    if lines.count == 3, lines[0] == url {
      validator = lines[1].isEmpty ? nil : String(lines[1])
      size = max(Int(lseek(descriptor, 0, SEEK_END)), 0)
    } else {
      try clear()
    }
  }

  /// Forgets what came.
  mutating func clear() throws(FetchError) {
    guard ftruncate(descriptor, 0) == 0, lseek(descriptor, 0, SEEK_SET) == 0 else {
      throw failure()
    }
    unlink(notePath)
    (size, validator) = (0, nil)
  }

  /// Begins anew, with what the server says of the file.
  mutating func begin(validator: String?) throws(FetchError) {
    try clear()
    let note = Data("\(url)\n\(validator ?? "")\n".utf8)
    guard (try? note.write(to: URL(fileURLWithPath: notePath))) != nil else { throw failure() }
    self.validator = validator
  }

  /// Adds bytes at the end.
  mutating func append(_ bytes: Data) throws(FetchError) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let written = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
      if written < 0 {
        if errno == EINTR { continue }
        throw failure()
      }
      rest = rest.dropFirst(written)
      size += written
    }
  }

  /// Gives the whole file its name; in one step, so that no other process sees a part under it.
  func finish(as file: String) throws(FetchError) {
    guard fsync(descriptor) == 0, rename(path, file) == 0 else { throw failure() }
    unlink(notePath)
  }

  /// Removes it.
  func discard() {
    unlink(path)
    unlink(notePath)
  }

  /// Closes it. An empty one is removed.
  func close() {
    // It may have been finished, and another begun.
    if size == 0 { discard() }
    Foundation.close(descriptor)
  }

  private func failure() -> FetchError {
    .unwritable(path: path, reason: String(cString: strerror(errno)))
  }
}
