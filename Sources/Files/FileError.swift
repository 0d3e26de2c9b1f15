import Foundation

/// Why a file could not be written or read, in one line.
public struct FileError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The path and the reason.
  public let description: String
  /// What is wrong, in general.
  public let kind: Kind

  /// What can be wrong with a file.
  public enum Kind: Hashable, Sendable {
    /// It is not there, or cannot be read.
    case unreadable
    /// Its contents are not what they should be, or it is not one to be used so.
    case unsuitable
    /// It cannot be made.
    case uncreatable
    /// It cannot be written, as where no space is left.
    case unwritable
  }

  package init(_ path: String, _ reason: String, _ kind: Kind = .unsuitable) {
    description = "\(path): \(reason)"
    self.kind = kind
  }

  /// What the system says of its last failure.
  package init(_ path: String, _ kind: Kind) {
    self.init(path, String(cString: strerror(errno)), kind)
  }
}
