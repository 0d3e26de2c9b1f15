import Foundation

/// An open file, closed with the value.
package struct FileDescriptor: ~Copyable {
  package let path: String
  package let number: Int32

  /// Opens a file.
  package init(_ path: String, _ flags: Int32) throws(FileError) {
    self.path = path
    number = open(path, flags | O_CLOEXEC, 0o666)
    guard number >= 0 else {
      throw FileError(
        path, flags & (O_WRONLY | O_RDWR | O_CREAT) == 0 ? .unreadable : .uncreatable)
    }
  }

  deinit { close(number) }

  /// Writes all of the bytes.
  package func write(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
    var rest = bytes
    while !rest.isEmpty {
      let count = Foundation.write(number, rest.baseAddress, rest.count)
      if count >= 0 {
        rest = UnsafeRawBufferPointer(rebasing: rest[count...])
      } else if errno != EINTR {
        throw FileError(path, .unwritable)
      }
    }
  }

  /// Writes all of the bytes.
  package func write(_ bytes: some Collection<UInt8>) throws(FileError) {
    let result = bytes.withContiguousStorageIfAvailable { bytes in
      Result { () throws(FileError) in try write(UnsafeRawBufferPointer(bytes)) }
    }
    if let result { try result.get() } else { try write(Array(bytes)) }
  }

  /// Waits until what was written has reached the disk.
  package func synchronize() throws(FileError) {
    guard fsync(number) == 0 else { throw FileError(path, .unwritable) }
  }

  /// Makes the names in a directory survive a loss of power.
  package static func synchronize(directory path: String) throws(FileError) {
    try FileDescriptor(path, O_RDONLY | O_DIRECTORY).synchronize()
  }
}

/// Replaces a file in one step: whoever reads it finds the old contents or the new, never a part.
package func replaceFile(at path: String, with contents: Data) throws(FileError) {
  let unfinished = path + ".unfinished"
  do throws(FileError) {
    let file = try FileDescriptor(unfinished, O_WRONLY | O_CREAT | O_TRUNC)
    try file.write(contents)
    try file.synchronize()
    try renameFile(unfinished, to: path)
  } catch {
    unlink(unfinished)
    throw error
  }
  try FileDescriptor.synchronize(
    directory: URL(fileURLWithPath: path).deletingLastPathComponent().path)
}

/// Adds a line to a file, and waits until it has reached the disk.
package func addLine(_ line: String, to path: String) throws(FileError) {
  let file = try FileDescriptor(path, O_WRONLY | O_APPEND)
  try file.write(Data("\(line)\n".utf8))
  try file.synchronize()
}

/// Renames a file or a directory.
package func renameFile(_ old: String, to new: String) throws(FileError) {
  guard rename(old, new) == 0 else { throw FileError(new, .unwritable) }
}

/// Makes a directory, and those that it lies in.
package func makeDirectory(at path: String) throws(FileError) {
  do {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  } catch {
    let cause = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError
    let reason = cause.map { String(cString: strerror(Int32($0.code))) }
    throw FileError(
      path, "the directory cannot be made: \(reason ?? error.localizedDescription)", .uncreatable)
  }
}

/// Reads a whole file.
package func readFile(at path: String) throws(FileError) -> Data {
  let file = try FileDescriptor(path, O_RDONLY)
  var status = stat()
  guard fstat(file.number, &status) == 0 else { throw FileError(path, .unreadable) }
  guard status.st_mode & S_IFMT == S_IFREG else {
    throw FileError(path, "this is no file", .unreadable)
  }
  do {
    return try Data(contentsOf: URL(fileURLWithPath: path))
  } catch {
    throw FileError(path, error.localizedDescription, .unreadable)
  }
}
