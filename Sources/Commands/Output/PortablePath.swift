import Foundation

/// A path as a page may show it, which others read: from the current directory where it lies below, and
/// otherwise, where it starts at the root, its last part.
func portablePath(_ path: String) -> String {
  guard path.hasPrefix("/") else { return path }
  let here = FileManager.default.currentDirectoryPath + "/"
  return path.hasPrefix(here)
    ? String(path.dropFirst(here.count)) : URL(fileURLWithPath: path).lastPathComponent
}
