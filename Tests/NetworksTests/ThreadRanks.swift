import AdamQLRTorch
import Foundation
import LocalServer

/// Runs `body` as several ranks, each on a thread of this process.
///
/// - Parameter port: Where they meet; `nil`: where nobody does.
/// - Returns: What each rank makes, in their order.
func asRanks<Result: Sendable>(
  _ size: Int, at port: Int? = nil, _ body: @escaping @Sendable (ProcessGroup) throws -> Result
) throws -> [Result] {
  let port = try port ?? freePort()
  let results = RankResults<Result>()
  let threads = DispatchGroup()
  for rank in 0..<size {
    threads.enter()
    let thread = Thread {
      let result = Swift.Result {
        let group = try ProcessGroup(
          joining: Rendezvous(rank: rank, size: size, host: "127.0.0.1", port: port))
        let result = try body(group)
        group.finish()
        return result
      }
      results.set(result, of: rank)
      threads.leave()
    }
    thread.stackSize = 8 << 20
    thread.start()
  }
  threads.wait()
  return try results.ordered()
}

/// What ranks have made so far, by a lock of the system's: ThreadSanitizer does not see that of the
/// standard library.
private final class RankResults<Value: Sendable>: @unchecked Sendable {
  private let lock = NSLock()
  private var results: [Int: Result<Value, any Error>] = [:]

  func set(_ result: Result<Value, any Error>, of rank: Int) {
    lock.withLock { results[rank] = result }
  }

  func ordered() throws -> [Value] {
    try lock.withLock { try results.sorted { $0.key < $1.key }.map { try $0.value.get() } }
  }
}
