import CTorch
import Foundation
import Synchronization

/// The processes that train one model together, and what they exchange.
///
/// Every process, called a rank, makes the same calls in the same order; results are the same to the
/// bit in each. Sums go by libtorch's own collectives (Gloo), from the processor's memory; those of a
/// few numbers, for which Gloo takes 20 to 50 times as long as a message, by way of rank 0; and those of
/// what lies on GPUs by NCCL (``prepare(for:)``).
///
/// A training cannot go on without one of its ranks. So nothing here throws once all have joined: where
/// one goes, the others end within half a minute, by ``whenLost(_:)``.
public final class ProcessGroup: Sendable {
  struct Handle: @unchecked Sendable {
    let group: ct_group
    let star: ct_star
    /// The device that sums were last prepared for: joined by NCCL, or why not.
    var prepared: (device: Device, nccl: ct_nccl?, reason: String?)?
  }

  /// The most numbers that rank 0 takes from the others together.
  private static let fewNumbers = 1 << 16

  /// How long a rank that lives may keep the others waiting, in seconds.
  public static let collectiveLimit = 1800.0

  /// The number of this rank, from 0.
  public let rank: Int
  /// The number of ranks.
  public let size: Int

  /// The name of each rank's machine.
  public let machines: [String]

  private let givenLocalRank: Int?
  let handle: Mutex<Handle>
  private let monitor: RankMonitor
  private let wantsStop = Atomic<Bool>(false)
  private let agreedToStop = Atomic<Bool>(false)

  /// Joins the other ranks.
  ///
  /// - Throws: ``DistributedError`` where they do not meet in time.
  public init(joining rendezvous: Rendezvous) throws(DistributedError) {
    (rank, size, givenLocalRank) = (rendezvous.rank, rendezvous.size, rendezvous.localRank)
    let prefix = "adamqlr/\(rendezvous.launch)"
    let store = try RankStore(
      rendezvous, serves: rendezvous.isServedByRank0 && rendezvous.rank == 0,
      seconds: rendezvous.limit)
    // Before anything is said in this rank's name.
    try Self.claim(store, rendezvous, prefix)
    // From here on, so that a rank that goes before all have met is noticed too.
    monitor = RankMonitor(
      store, try RankStore(rendezvous, serves: false, seconds: rendezvous.limit), rendezvous,
      prefix: prefix)
    machines = try Self.meet(store, rendezvous, prefix)
    do {
      handle = Mutex(
        Handle(
          group: try store.join(
            rendezvous, prefix: prefix, isOnOneMachine: Set(machines).count == 1,
            seconds: rendezvous.limit, patience: Self.collectiveLimit),
          star: try store.connect(
            rendezvous, prefix: prefix, seconds: rendezvous.limit,
            patience: Self.collectiveLimit)))
    } catch {
      monitor.stop()
      throw .lostStore(rendezvous, error.description)
    }
  }

  deinit {
    monitor.stop()
    handle.withLock {
      if let nccl = $0.prepared?.nccl { ct_nccl_leave(nccl) }
      ct_group_leave($0.group)
      ct_star_release($0.star)
    }
  }

  private static func key(_ rank: Int, _ prefix: String) -> String { "\(prefix)/here/\(rank)" }

  /// Says that this rank is there, and on which machine.
  private static func claim(
    _ store: RankStore, _ rendezvous: Rendezvous, _ prefix: String
  ) throws(DistributedError) {
    let own = "\(UInt64.random(in: 0...UInt64.max)) \(ProcessInfo.processInfo.hostName)"
    let holder: String
    do {
      holder = try store.claim(key(rendezvous.rank, prefix), by: own)
    } catch {
      throw .lostStore(rendezvous, "\(error)")
    }
    if holder != own {
      throw .rankTaken(rendezvous.rank, host: rendezvous.host, port: rendezvous.port)
    }
  }

  /// Waits until all ranks are there.
  ///
  /// - Returns: The name of each one's machine.
  private static func meet(
    _ store: RankStore, _ rendezvous: Rendezvous, _ prefix: String
  ) throws(DistributedError) -> [String] {
    let start = ContinuousClock.now
    var machines = [String](repeating: "", count: rendezvous.size)
    var missing = Array(0..<rendezvous.size)
    do {
      while true {
        missing = try missing.filter { rank in
          guard let claim = try store.value(of: key(rank, prefix)) else { return true }
          machines[rank] = String(claim.drop { $0 != " " }.dropFirst())
          return false
        }
        if missing.isEmpty { return machines }
        if ContinuousClock.now - start > .seconds(rendezvous.limit) { break }
        Thread.sleep(forTimeInterval: 0.05)
      }
      // Those that came late have not waited as long.
      if rendezvous.rank == 0, let first = missing.first {
        try RankMonitor.tell(
          store, prefix, that: first, "did not come within \(Int(rendezvous.limit)) s")
      }
    } catch {
      throw .lostStore(rendezvous, "\(error)")
    }
    throw .ranksMissing(missing, size: rendezvous.size, seconds: rendezvous.limit)
  }
}

// MARK: - What is exchanged

extension ProcessGroup {
  /// Replaces tensors by their sums over all ranks.
  ///
  /// - Parameters:
  ///   - tensors: Contiguous tensors, of the same shapes and types in every rank.
  ///   - numbers: Numbers to be summed along with them.
  /// - Returns: The sums of the numbers.
  @discardableResult
  public func sum(_ tensors: [Tensor], _ numbers: [Double] = []) -> [Double] {
    // Whether one wants to stop goes along, so that all learn of it at the same place.
    var few = numbers + [wantsStop.load(ordering: .acquiring) ? 1 : 0]
    let byNCCL = usesNCCL(for: tensors)
    let isFew =
      !byNCCL && tensors.reduce(0) { $0 + $1.count } * (size - 1) <= Self.fewNumbers
    if isFew { few += tensors.flatMap(\.doubles) }
    let beside = isFew ? 0 : tensors.reduce(0) { $0 + $1.count }
    collect { ct_star_sum($0.star, &few, Int64(few.count), Int64(beside)) }
    if few[numbers.count] > 0 { agreedToStop.store(true, ordering: .releasing) }
    if isFew {
      var place = numbers.count + 1
      for tensor in tensors {
        let sums = Tensor(Array(few[place..<(place + tensor.count)]), shape: tensor.shape)
        tensor.assign(sums.to(tensor.type).to(tensor.device))
        place += tensor.count
      }
    } else if byNCCL {
      sumByNCCL(tensors)
    } else {
      sumMany(tensors)
    }
    return Array(few.prefix(numbers.count))
  }

  private func sumMany(_ tensors: [Tensor]) {
    let onHost = tensors.map { $0.to(.cpu) }
    withExtendedLifetime(onHost) {
      collect { ct_group_sum($0.group, onHost.map(\.handle), Int32(onHost.count)) }
    }
    for (tensor, sum) in zip(tensors, onHost) where tensor !== sum { tensor.assign(sum) }
  }

  /// The numbers of every rank, in the order of the ranks.
  ///
  /// - Parameter numbers: As many in every rank.
  public func gather(_ numbers: [Double]) -> [[Double]] {
    let count = numbers.count
    var all = [Double](repeating: 0, count: size * count)
    all.replaceSubrange((rank * count)..<((rank + 1) * count), with: numbers)
    let sums = sum([], all)
    return (0..<size).map { Array(sums[($0 * count)..<(($0 + 1) * count)]) }
  }

  /// The number of this rank among those on its machine, from 0.
  public var localRank: Int {
    givenLocalRank ?? (0..<rank).count { machines[$0] == machines[rank] }
  }

  /// Waits for all ranks.
  public func synchronize() { sum([]) }

  /// Makes sure that all ranks have the same.
  ///
  /// - Parameters:
  ///   - check: What stands for it.
  ///   - subject: What it is, in words.
  /// - Throws: ``DistributedError``, in every rank, where one has another.
  public func requireAgreement(
    on check: UInt32, _ subject: String
  ) throws(DistributedError) {
    let all = gather([Double(check)])
    if let other = all.firstIndex(where: { $0 != all[0] }) {
      throw .ranksDisagree(rank: other, about: subject)
    }
  }

  func collect(_ body: (Handle) -> ct_error?) {
    handle.withLock { handle in
      do {
        try TorchError.check(body(handle))
      } catch {
        // A rank that goes closes its connections at once; who it was is known a little later.
        monitor.waitForLoss()
        Self.end(.collectiveFailed("\(error)"))
      }
    }
  }
}

// MARK: - The end

extension ProcessGroup {
  private static let lost = FatalHandler<DistributedError>()

  /// Sets what ends the process where another rank is lost; it is called on any thread. Default: a trap
  /// with the error's description.
  public static func whenLost(_ end: @escaping @Sendable (DistributedError) -> Never) {
    lost.set(end)
  }

  static func end(_ error: DistributedError) -> Never { lost.end(error) }

  /// Asks all ranks to stop; they agree on where with the next ``sum(_:_:)``.
  public func stop() { wantsStop.store(true, ordering: .releasing) }

  /// Whether a rank has asked to stop, in every rank from the same ``sum(_:_:)`` on.
  public var isStopping: Bool { agreedToStop.load(ordering: .acquiring) }

  /// How long a rank may take to leave once all are done, in seconds.
  private static let leavingLimit = 30.0

  /// Leaves when all are done.
  public func finish() {
    synchronize()
    monitor.stop()
    // Nobody watches from here on.
    let end = DispatchWorkItem {
      Self.end(.collectiveFailed("all had finished, but one did not leave"))
    }
    DispatchQueue.global().asyncAfter(deadline: .now() + Self.leavingLimit, execute: end)
    // Nobody may go, and the store with it, while another still watches.
    synchronize()
    end.cancel()
  }

  /// Leaves at once, which ends the others with this reason.
  public func abandon(because reason: String) { monitor.leave(because: reason) }
}
