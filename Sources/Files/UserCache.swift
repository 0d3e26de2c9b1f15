import Foundation

/// The folder in the user's cache directory that is this package's.
package enum UserCache {
  /// The path of something in it.
  ///
  /// The cache directory is `XDG_CACHE_HOME`, or else `.cache` in the user's home. As the XDG base
  /// directory specification has it, a relative `XDG_CACHE_HOME` counts for nothing. Empty variables
  /// are as good as none.
  package static func path(
    _ name: String, environment: [String: String] = ProcessInfo.processInfo.environment
  ) -> String {
    func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
    if let cache = value("XDG_CACHE_HOME"), cache.hasPrefix("/") {
      return joined(cache, "adamqlr-swift/" + name)
    }
    let home = value("HOME") ?? FileManager.default.homeDirectoryForCurrentUser.path
    return joined(home, ".cache/adamqlr-swift/" + name)
  }
}

/// A path below another.
package func joined(_ path: String, _ name: String) -> String {
  if path.isEmpty || name.isEmpty { return path + name }
  return path.hasSuffix("/") ? path + name : path + "/" + name
}
