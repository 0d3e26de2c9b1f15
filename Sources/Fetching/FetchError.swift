import Files
import Tasks

/// Why a file could not be fetched.
public enum FetchError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The server cannot be reached, or the connection broke.
  case unreachable(url: String, reason: String)
  /// Nothing came for a while.
  case stalled(url: String, seconds: Double)
  /// The server answers, but has not got the file or does not give it.
  case refused(url: String, status: Int)
  /// The server points to a place to which it is not followed.
  case redirected(url: String, to: String)
  /// What came is not the published file.
  case wrong(url: String, reason: DataError)
  /// A file lies where the fetched one should, but is another.
  case occupied(DataError)
  /// A file or folder cannot be written.
  case unwritable(path: String, reason: String)
  /// Another process is fetching into the folder.
  case busy(folder: String)
  /// The address is none.
  case address(String)
  /// It was asked to stop; what came so far is kept.
  case stopped(file: String)

  /// Whether it may help to get the file by other means.
  public var isOfTransfer: Bool {
    switch self {
    case .unreachable, .stalled, .refused, .redirected: true
    case .wrong, .occupied, .unwritable, .busy, .address, .stopped: false
    }
  }

  /// What happened, in one line.
  public var description: String {
    switch self {
    case .unreachable(let url, let reason): "\(url): \(reason)"
    case .stalled(let url, let seconds): "\(url): nothing came for \(seconds) seconds"
    case .refused(let url, let status): "\(url): the server answers with status \(status)"
    case .redirected(let url, let target):
      "\(url): the server redirects to \(target), which is not followed"
    case .wrong(let url, let reason): "\(url): what came is not the published file: \(reason)"
    case .occupied(let reason):
      "\(reason); remove that file, which is not the published one, to fetch it"
    case .unwritable(let path, let reason): "\(path): cannot be written: \(reason)"
    case .busy(let folder): "\(folder): another process is fetching into this folder"
    case .address(let text): "'\(text)' is no address; expected one with http:// or https://"
    case .stopped(let file):
      "stopped; what came of \(file) is kept, and the next fetch goes on from there"
    }
  }
}
