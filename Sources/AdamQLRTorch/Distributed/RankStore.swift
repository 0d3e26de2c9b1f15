import CTorch
import Foundation
import Synchronization

/// A store of small values that all ranks share, by TCP.
///
/// Where it does not answer, because who serves it hangs, the process ends (``ProcessGroup/whenLost(_:)``):
/// a question to it cannot be taken back.
final class RankStore: Sendable {
  private struct Client: @unchecked Sendable { let handle: ct_store }

  /// How long an answer may take, in seconds.
  private static let patience = 20.0

  // One question at a time.
  private let lock = NSLock()
  private let client: Client
  private let clock: AnswerClock

  /// Connects to the store.
  ///
  /// - Parameters:
  ///   - rendezvous: Where it is.
  ///   - serves: Whether to start it here.
  ///   - seconds: How long to wait for it.
  /// - Throws: ``DistributedError`` where it cannot be reached or started.
  init(_ rendezvous: Rendezvous, serves: Bool, seconds: Double) throws(DistributedError) {
    Runtime.start()
    clock = AnswerClock(rendezvous)
    var handle: ct_store?
    do throws(TorchError) {
      try clock.waiting(atMost: seconds + 5) { () throws(TorchError) in
        try TorchError.check(
          ct_store_connect(
            rendezvous.host, UInt16(rendezvous.port), serves, seconds, &handle))
      }
    } catch {
      throw serves
        ? .storeUnreachable(
          host: rendezvous.host, port: rendezvous.port, reason: error.description)
        : .lostStore(rendezvous, error.description)
    }
    guard let handle else { fatalError("libtorch returned no store") }
    client = Client(handle: handle)
  }

  deinit { ct_store_release(client.handle) }

  func set(_ key: String, to value: String) throws(TorchError) {
    try ask { client throws(TorchError) in
      try TorchError.check(ct_store_set(client, key, value))
    }
  }

  /// Sets a key that has no value.
  ///
  /// - Returns: The value that it then has.
  func claim(_ key: String, by value: String) throws(TorchError) -> String {
    try ask { client throws(TorchError) in
      var found: UnsafeMutablePointer<CChar>?
      try TorchError.check(ct_store_claim(client, key, value, &found))
      guard let found else { return "" }
      defer { free(found) }
      return String(cString: found)
    }
  }

  /// The value of a key; `nil` where there is none.
  func value(of key: String) throws(TorchError) -> String? {
    try ask { client throws(TorchError) in
      var value: UnsafeMutablePointer<CChar>?
      try TorchError.check(ct_store_get(client, key, &value))
      guard let value else { return nil }
      defer { free(value) }
      return String(cString: value)
    }
  }

  /// Joins a group of all ranks.
  func join(
    _ rendezvous: Rendezvous, prefix: String, isOnOneMachine: Bool, seconds: Double,
    patience: Double
  ) throws(TorchError) -> ct_group {
    try ask(atMost: seconds + 5) { client throws(TorchError) in
      var group: ct_group?
      try TorchError.check(
        ct_group_join(
          client, prefix, Int32(rendezvous.rank), Int32(rendezvous.size),
          rendezvous.interface, isOnOneMachine, seconds, patience, &group))
      guard let group else { fatalError("libtorch returned no process group") }
      return group
    }
  }

  /// Connects to the others for sums of a few numbers.
  func connect(
    _ rendezvous: Rendezvous, prefix: String, seconds: Double, patience: Double
  ) throws(TorchError) -> ct_star {
    let (rank, size, key) = (Int32(rendezvous.rank), Int32(rendezvous.size), "\(prefix)/star")
    var star: ct_star?
    if rank == 0 {
      var port: UInt16 = 0
      try TorchError.check(ct_star_listen(size, &port, &star))
      let token = UInt64.random(in: 0...UInt64.max)
      try set(key, to: "\(port) \(token)")
      try clock.waiting(atMost: seconds + 5) { () throws(TorchError) in
        try TorchError.check(ct_star_accept(star, size, token, seconds, patience))
      }
    } else {
      let start = ContinuousClock.now
      var found: String?
      while found == nil, ContinuousClock.now - start < .seconds(seconds) {
        found = try value(of: key)
        if found == nil { Thread.sleep(forTimeInterval: 0.01) }
      }
      let parts = found?.split(separator: " ") ?? []
      guard parts.count == 2, let port = UInt16(parts[0]), let token = UInt64(parts[1]) else {
        throw TorchError("rank 0 did not say in time where it is")
      }
      try clock.waiting(atMost: seconds + 5) { () throws(TorchError) in
        try TorchError.check(
          ct_star_connect(rendezvous.host, port, rank, token, patience, &star))
      }
    }
    guard let star else { fatalError("there is no connection to the other ranks") }
    return star
  }

  private func ask<Answer>(
    atMost seconds: Double = patience, _ question: (ct_store) throws(TorchError) -> Answer
  ) throws(TorchError) -> Answer {
    lock.lock()
    defer { lock.unlock() }
    return try clock.waiting(atMost: seconds) { () throws(TorchError) in
      try question(client.handle)
    }
  }
}

/// Ends the process where an answer does not come.
private final class AnswerClock: Sendable {
  private let limit = Mutex<ContinuousClock.Instant?>(nil)
  private let isOver = Atomic<Bool>(false)

  init(_ rendezvous: Rendezvous) {
    let thread = Thread { [weak self] in
      // Nothing is held while it sleeps.
      while self?.isOver.load(ordering: .acquiring) == false {
        if let limit = self?.limit.withLock({ $0 }), ContinuousClock.now > limit {
          ProcessGroup.end(.lostStore(rendezvous, "no answer"))
        }
        Thread.sleep(forTimeInterval: 1)
      }
    }
    thread.name = "adamqlr.store"
    thread.start()
  }

  deinit { isOver.store(true, ordering: .releasing) }

  /// Waits for what `body` waits for.
  func waiting<Answer>(
    atMost seconds: Double, _ body: () throws(TorchError) -> Answer
  ) throws(TorchError) -> Answer {
    limit.withLock { $0 = .now + .seconds(seconds) }
    defer { limit.withLock { $0 = nil } }
    return try body()
  }
}
