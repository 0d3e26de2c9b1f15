import Foundation

/// The programs that may be a Python with certain packages.
package enum Python {
  /// Those that are there: one that is named by `ADAMQLR_PYTHON`, a private environment's, and the
  /// system's.
  ///
  /// - Parameter name: The private environment's name in the cache's folder `tools`.
  package static func candidates(_ name: String) -> [String] {
    let environment = ProcessInfo.processInfo.environment
    let folders = environment["PATH"]?.split(separator: ":") ?? []
    let paths =
      [environment["ADAMQLR_PYTHON"], UserCache.path("tools/" + name)].compactMap { $0 }
      + folders.map { "\($0)/python3" }
    return paths.filter { FileManager.default.isExecutableFile(atPath: $0) }
  }
}
