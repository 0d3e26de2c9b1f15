#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What the file system knows of a path.
enum PathKind {
  case nothing, directory, file

  /// Looks the path up.
  init(of path: String) {
    var status = stat()
    if stat(path, &status) != 0 {
      self = .nothing
    } else {
      self = status.st_mode & S_IFMT == S_IFDIR ? .directory : .file
    }
  }
}

/// Reads a whole file.
///
/// - Throws: ``DataError/unreadable(file:reason:)`` where it is a directory, is absent, or the
///   system refuses.
func readBytes(ofFile path: String) throws(DataError) -> [UInt8] {
  func failure() -> DataError { .unreadable(file: path, reason: String(cString: strerror(errno))) }

  let descriptor = open(path, O_RDONLY | O_CLOEXEC)
  guard descriptor >= 0 else { throw failure() }
  defer { close(descriptor) }
  var status = stat()
  guard fstat(descriptor, &status) == 0 else { throw failure() }
  guard status.st_mode & S_IFMT != S_IFDIR else {
    throw .unreadable(file: path, reason: "this is a directory, but must be a file")
  }

  // The size is only where to begin: pipes have none, and files may grow.
  var bytes = [UInt8](repeating: 0, count: max(Int(status.st_size), 0) + 1)
  var filled = 0
  while true {
    if filled == bytes.count { bytes.append(contentsOf: repeatElement(0, count: filled)) }
    let received = bytes.withUnsafeMutableBytes { buffer in
      let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
      return read(descriptor, rest.baseAddress, rest.count)
    }
    if received == 0 { break }
    if received > 0 { filled += received } else if errno != EINTR { throw failure() }
  }
  bytes.removeLast(bytes.count - filled)
  return bytes
}
