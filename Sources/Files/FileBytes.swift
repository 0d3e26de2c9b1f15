#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What the file system knows of a path.
package enum PathKind {
  case nothing, directory, file

  /// Looks the path up.
  package init(of path: String) {
    var status = stat()
    if stat(path, &status) != 0 {
      self = .nothing
    } else {
      self = status.st_mode & S_IFMT == S_IFDIR ? .directory : .file
    }
  }
}

/// Opens a file for reading.
///
/// - Returns: Its descriptor, which the caller closes, and its size; 0 where it has none, as a pipe.
/// - Throws: ``DataError/unreadable(file:reason:)`` where it is a directory, is absent, or the
///   system refuses.
package func openForReading(_ path: String) throws(DataError) -> (descriptor: Int32, size: Int) {
  let descriptor = open(path, O_RDONLY | O_CLOEXEC)
  guard descriptor >= 0 else { throw .refused(file: path) }
  var status = stat()
  guard fstat(descriptor, &status) == 0 else {
    close(descriptor)
    throw .refused(file: path)
  }
  guard status.st_mode & S_IFMT != S_IFDIR else {
    close(descriptor)
    throw .unreadable(file: path, reason: "this is a directory, but must be a file")
  }
  return (descriptor, max(Int(status.st_size), 0))
}

/// Reads what comes next, as much as fits at most.
///
/// - Returns: How many bytes were read; 0 only at the end, or where none fits.
package func readNext(
  _ descriptor: Int32, into buffer: UnsafeMutableRawBufferPointer, of path: String
) throws(DataError) -> Int {
  while true {
    let received = read(descriptor, buffer.baseAddress, buffer.count)
    if received >= 0 { return received }
    if errno != EINTR { throw .refused(file: path) }
  }
}

extension DataError {
  /// What the system says of its last failure.
  fileprivate static func refused(file: String) -> DataError {
    .unreadable(file: file, reason: String(cString: strerror(errno)))
  }
}

/// Reads a whole file.
///
/// - Throws: ``DataError/unreadable(file:reason:)`` where it is a directory, is absent, or the
///   system refuses.
package func readBytes(ofFile path: String) throws(DataError) -> [UInt8] {
  let (descriptor, size) = try openForReading(path)
  defer { close(descriptor) }
  // The size is only where to begin: pipes have none, and files may grow.
  var bytes = [UInt8](repeating: 0, count: size + 1)
  var filled = 0
  while true {
    if filled == bytes.count { bytes.append(contentsOf: repeatElement(0, count: filled)) }
    let result = bytes.withUnsafeMutableBytes { buffer in
      Result { () throws(DataError) in
        try readNext(
          descriptor, into: UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]), of: path)
      }
    }
    let received = try result.get()
    if received == 0 { break }
    filled += received
  }
  bytes.removeLast(bytes.count - filled)
  return bytes
}
