import AdamQLRTorch
import Foundation
import LocalServer
import Synchronization

/// Runs `body` as several ranks, each on a thread of this process.
///
/// - Returns: What each rank makes, in their order.
func asRanks<Result: Sendable>(
  _ size: Int, _ body: @escaping @Sendable (ProcessGroup) throws -> Result
) throws -> [Result] {
  let port = try freePort()
  let results = Mutex<[Int: Swift.Result<Result, any Error>]>([:])
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
      results.withLock { $0[rank] = result }
      threads.leave()
    }
    thread.stackSize = 8 << 20
    thread.start()
  }
  threads.wait()
  return try results.withLock { results in
    try (0..<size).compactMap { try results[$0]?.get() }
  }
}
