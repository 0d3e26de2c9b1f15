import Foundation

/// Where the data sets lie.
public enum DataDirectory {
  /// The environment variable that names the directory.
  public static let variable = "ADAMQLR_DATA"

  /// The directory of all data sets: the one that was asked for, else that in the environment
  /// variable `ADAMQLR_DATA`, else `adamqlr-swift/data` in the user's cache directory.
  ///
  /// The cache directory is `XDG_CACHE_HOME`, or else `.cache` in the user's home. As the XDG base
  /// directory specification has it, a relative `XDG_CACHE_HOME` counts for nothing. Empty variables
  /// are as good as none.
  public static func path(
    _ asked: String? = nil,
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) -> String {
    func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }

    if let given = asked ?? value(variable) { return given }
    if let cache = value("XDG_CACHE_HOME"), cache.hasPrefix("/") {
      return joined(cache, "adamqlr-swift/data")
    }
    let home = value("HOME") ?? FileManager.default.homeDirectoryForCurrentUser.path
    return joined(home, ".cache/adamqlr-swift/data")
  }
}
