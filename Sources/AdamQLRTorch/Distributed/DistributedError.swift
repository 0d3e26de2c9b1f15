/// Why several processes cannot work on one training.
public enum DistributedError: Error, Hashable, Sendable, CustomStringConvertible {
  /// A variable of the environment is missing, or is not what it must be.
  case invalidVariable(String, expected: String)
  /// The store that processes meet at could not be reached or started.
  case storeUnreachable(host: String, port: Int, reason: String)
  /// Another process is this rank already.
  case rankTaken(Int, host: String, port: Int)
  /// Some ranks did not come in time.
  case ranksMissing([Int], size: Int, seconds: Double)
  /// A rank does something else than rank 0.
  case ranksDisagree(rank: Int, about: String)
  /// A rank has gone or stopped.
  case rankLost(Int, size: Int, reason: String)
  /// A collective failed, for another reason than a rank that has gone.
  case collectiveFailed(String)

  /// What went wrong, in one line.
  public var description: String {
    switch self {
    case .invalidVariable(let name, let expected):
      "the environment variable \(name) must be \(expected)"
    case .storeUnreachable(let host, let port, let reason):
      "the ranks' store at \(host):\(port) (MASTER_ADDR, MASTER_PORT) cannot be reached: \(reason)"
    case .rankTaken(let rank, let host, let port):
      "there is a rank \(rank) at \(host):\(port) (MASTER_ADDR, MASTER_PORT) already: another training "
        + "uses this port, or two processes have the same RANK"
    case .ranksMissing(let ranks, let size, let seconds):
      "\(Self.names(ranks)) of \(size) did not come within \(Int(seconds)) s"
    case .ranksDisagree(let rank, let subject):
      "rank \(rank) has other \(subject) than rank 0; all ranks must be started alike, on the same "
        + "data"
    case .rankLost(let rank, let size, let reason):
      "rank \(rank) of \(size) \(reason)"
    case .collectiveFailed(let reason): "the ranks could not exchange numbers: \(reason)"
    }
  }

  /// That the store does not answer, which means rank 0 where that serves it.
  static func lostStore(_ rendezvous: Rendezvous, _ reason: String) -> DistributedError {
    let (host, port) = (rendezvous.host, rendezvous.port)
    guard rendezvous.isServedByRank0 else {
      return .storeUnreachable(host: host, port: port, reason: reason)
    }
    return .rankLost(
      0, size: rendezvous.size,
      reason: "cannot be reached at \(host):\(port) (MASTER_ADDR, MASTER_PORT): \(reason)")
  }

  private static func names(_ ranks: [Int]) -> String {
    (ranks.count == 1 ? "rank " : "ranks ") + ranks.map(String.init).joined(separator: ", ")
  }
}
