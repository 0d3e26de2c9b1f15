import Foundation

/// A file whose bytes are read when they are looked at: it takes memory only as long as the system has
/// some to spare.
package final class MappedFile: @unchecked Sendable {
  /// The bytes.
  package let bytes: UnsafeRawBufferPointer

  /// Maps a whole file.
  ///
  /// - Throws: ``DataError/unreadable(file:reason:)`` where it cannot be read.
  package init(_ path: String) throws(DataError) {
    let (descriptor, size) = try openForReading(path)
    defer { close(descriptor) }
    guard size > 0 else {
      bytes = UnsafeRawBufferPointer(start: nil, count: 0)
      return
    }
    let start = mmap(nil, size, PROT_READ, MAP_SHARED, descriptor, 0)
    guard let start, start != MAP_FAILED else {
      throw .unreadable(file: path, reason: String(cString: strerror(errno)))
    }
    bytes = UnsafeRawBufferPointer(start: start, count: size)
  }

  deinit {
    if let start = bytes.baseAddress {
      munmap(UnsafeMutableRawPointer(mutating: start), bytes.count)
    }
  }
}
