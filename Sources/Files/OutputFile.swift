import Foundation

/// A file that a user names to be written: replaced in one step where it is a file, behind links as
/// well, and written through where it is a pipe or a device.
package struct OutputFile {
  /// The path that the user gave.
  package let path: String
  /// The path with links followed.
  private let target: String
  private let isRegular: Bool

  /// Looks at what is there.
  ///
  /// - Parameters:
  ///   - path: The file's path.
  ///   - inputs: Files that must not be written.
  /// - Throws: ``FileError`` where it is a directory or one of those.
  package init(_ path: String, notReplacing inputs: [String] = []) throws(FileError) {
    self.path = path
    target = Self.followed(path)
    var status = stat()
    guard stat(target, &status) == 0 else {
      isRegular = true
      let folder = URL(fileURLWithPath: target).deletingLastPathComponent().path
      guard stat(folder, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
        throw FileError(path, "there is no directory '\(folder)'", .uncreatable)
      }
      return
    }
    let kind = status.st_mode & S_IFMT
    guard kind != S_IFDIR else {
      throw FileError(path, "this is a directory; expected a file to write", .uncreatable)
    }
    isRegular = kind == S_IFREG
    for input in inputs {
      var other = stat()
      if isRegular, stat(input, &other) == 0, other.st_dev == status.st_dev,
        other.st_ino == status.st_ino
      {
        throw FileError(
          path, "this is \(input), which is read and must not be overwritten", .uncreatable)
      }
    }
  }

  /// Refuses files by name that lie in certain directories.
  ///
  /// - Parameter isOwned: Whether a file, by directory and name, is part of something that would be
  ///   damaged.
  /// - Throws: ``FileError`` where the file is one.
  package func refuse(where isOwned: (_ directory: String, _ name: String) -> Bool)
    throws(FileError)
  {
    let url = URL(fileURLWithPath: target)
    if isOwned(url.deletingLastPathComponent().path, url.lastPathComponent) {
      throw FileError(path, "this is a file of a run and must not be overwritten", .uncreatable)
    }
  }

  /// Writes the file.
  ///
  /// - Throws: ``FileError`` where it cannot be written; a file that was there is as before then.
  package func write(_ contents: Data) throws(FileError) {
    if isRegular { return try replaceFile(at: target, with: contents) }
    let file = try FileDescriptor(target, O_WRONLY)
    try file.write(contents)
  }

  /// The path behind all links, also where there is no file yet.
  private static func followed(_ path: String) -> String {
    var path = path
    // As many as the system follows.
    for _ in 0..<40 {
      var status = stat()
      guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFLNK,
        let link = try? FileManager.default.destinationOfSymbolicLink(atPath: path)
      else { return path }
      path =
        link.hasPrefix("/")
        ? link : URL(fileURLWithPath: path).deletingLastPathComponent().path + "/" + link
    }
    return path
  }
}
