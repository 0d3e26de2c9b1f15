import Files
import Foundation

/// Where the data sets lie.
public enum DataDirectory {
  /// The environment variable that names the directory.
  public static let variable = "ADAMQLR_DATA"

  /// The directory of all data sets: the one that was asked for, else that in the environment
  /// variable `ADAMQLR_DATA`, else `adamqlr-swift/data` in the user's cache directory.
  ///
  /// Empty variables are as good as none.
  public static func path(
    _ asked: String? = nil,
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) -> String {
    if let given = asked ?? environment[variable].flatMap({ $0.isEmpty ? nil : $0 }) {
      return given
    }
    return UserCache.path("data", environment: environment)
  }
}
