import Foundation
import Synchronization

/// Notices, on a thread of its own, when another rank has gone or stopped: each leaves a mark in the
/// store every second.
///
/// Rank 0 looks at all, the others at rank 0 and at what it says of the rest, so that the store has a
/// few questions a second from each.
final class RankMonitor: Sendable {
  /// How long a rank may leave no mark, in seconds; less once a connection has broken.
  private static let (patience, alarmedPatience) = (20.0, 5.0)

  private struct Watch {
    var mark = ""
    var since = ContinuousClock.now
  }

  private let store: RankStore
  private let rendezvous: Rendezvous
  private let prefix: String
  private var rank: Int { rendezvous.rank }
  private var size: Int { rendezvous.size }
  private let isOver = Atomic<Bool>(false)
  private let isAlarmed = Atomic<Bool>(false)
  // Lives as long as there is someone to watch, for this process may be the one that serves it.
  private let served: RankStore
  /// How long a rank may take to come.
  private var joiningLimit: Double { rendezvous.limit + 5 }

  /// Starts to watch.
  ///
  /// - Parameters:
  ///   - served: The client that may serve the store.
  ///   - store: A client for this alone.
  ///   - rendezvous: Which rank this is.
  ///   - prefix: What keys begin with.
  init(_ served: RankStore, _ store: RankStore, _ rendezvous: Rendezvous, prefix: String) {
    self.served = served
    self.store = store
    self.prefix = prefix
    self.rendezvous = rendezvous
    let thread = Thread { [weak self] in
      var watches = [Watch](repeating: Watch(), count: rendezvous.size)
      // Nothing is held while it sleeps.
      for number in 1... {
        guard self?.isOver.load(ordering: .acquiring) == false else { return }
        self?.look(number, &watches)
        Thread.sleep(forTimeInterval: 1)
      }
    }
    thread.name = "adamqlr.ranks"
    thread.start()
  }

  /// Watches no longer.
  func stop() { isOver.store(true, ordering: .releasing) }

  /// Waits, after a connection has broken, as long as it takes to notice that a rank is gone, which
  /// ends the process.
  func waitForLoss() {
    isAlarmed.store(true, ordering: .releasing)
    // Rank 0, which has to find out who it is, may have no connection to it.
    try? store.set(prefix + "/alarm", to: "\(rank)")
    // And what rank 0 needs to see it and to say so.
    Thread.sleep(forTimeInterval: Self.patience + 6)
  }

  /// Says why this rank goes before the end.
  func leave(because reason: String) {
    stop()
    try? store.set(key("left", rank), to: reason)
    // The others are to read it before the store goes with this process.
    if rank == 0 { Thread.sleep(forTimeInterval: 3) }
  }

  private func key(_ name: String, _ rank: Int) -> String { "\(prefix)/\(name)/\(rank)" }

  private func look(_ number: Int, _ watches: inout [Watch]) {
    do {
      try store.set(key("mark", rank), to: "\(number)")
      if rank == 0, try store.value(of: prefix + "/alarm") != nil {
        isAlarmed.store(true, ordering: .releasing)
      }
      for other in rank == 0 ? Array(1..<size) : [0] {
        if let reason = try store.value(of: key("left", other)) {
          lose(other, "has ended: \(reason)")
        }
        let mark = try store.value(of: key("mark", other)) ?? ""
        if mark != watches[other].mark {
          watches[other] = Watch(mark: mark)
        } else {
          let limit =
            mark.isEmpty
            ? joiningLimit
            : isAlarmed.load(ordering: .acquiring) ? Self.alarmedPatience : Self.patience
          if ContinuousClock.now - watches[other].since > .seconds(limit) {
            lose(other, "has not answered for \(Int(limit)) s")
          }
        }
      }
      if rank != 0, let found = try store.value(of: prefix + "/lost") {
        let parts = found.split(separator: " ", maxSplits: 1)
        if parts.count == 2, let lost = Int(parts[0]), lost != rank { lose(lost, String(parts[1])) }
      }
    } catch {
      guard !isOver.load(ordering: .acquiring) else { return }
      if rendezvous.isServedByRank0 {
        lose(0, "has gone, and the ranks' store with it")
      } else {
        ProcessGroup.end(.lostStore(rendezvous, "what started the ranks has gone: \(error)"))
      }
    }
  }

  /// Says for rank 0 that another is lost, and lets the others read it before the store goes with this
  /// process.
  static func tell(
    _ store: RankStore, _ prefix: String, that rank: Int, _ reason: String
  ) throws(TorchError) {
    try store.set(prefix + "/lost", to: "\(rank) \(reason)")
    Thread.sleep(forTimeInterval: 3)
  }

  private func lose(_ lost: Int, _ reason: String) {
    guard !isOver.load(ordering: .acquiring) else { return }
    if rank == 0 { try? Self.tell(store, prefix, that: lost, reason) }
    ProcessGroup.end(.rankLost(lost, size: size, reason: reason))
  }
}
