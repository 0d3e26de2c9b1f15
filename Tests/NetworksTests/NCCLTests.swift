import AdamQLRTorch
import CTorch
import Foundation
import Testing

@Suite("Sums on GPUs, by a replacement of NCCL", .serialized)
struct NCCLTests {
  /// Runs ranks with the replacement in NCCL's place.
  private static func asRanks<Result: Sendable>(
    _ size: Int, failing: Int? = nil,
    _ body: @escaping @Sendable (ProcessGroup) throws -> Result
  ) throws -> [Result] {
    ThreadNCCL.shared.reset(failing: failing)
    var functions = ThreadNCCL.functions
    return try withUnsafePointer(to: &functions) { pointer in
      ct_test_replace_nccl(pointer)
      defer { ct_test_replace_nccl(nil) }
      return try NetworksTests.asRanks(size, body)
    }
  }

  @Test("Tensors of each type are summed where they lie", arguments: [1, 2, 3])
  func sums(_ size: Int) throws {
    let ranks = try Self.asRanks(size) { group in
      group.prepare(for: .simulated)
      let reason = group.prepare(for: .simulated)
      let factor = Float(group.rank + 1)
      let tensors = [
        Tensor([1, 2, 3].map { $0 * factor }), Tensor([0.5, Double(factor)]),
        Tensor([Int64(1) << 40, Int64(group.rank)]),
      ].map { $0.to(.simulated) }
      let onHost = Tensor([factor])
      let numbers = group.sum(tensors, [Double(factor)])
      group.sum([onHost])
      return (
        reason, tensors.map { $0.to(.cpu).doubles }, numbers + onHost.doubles,
        tensors.allSatisfy { $0.device == .simulated }
      )
    }
    let (count, sum) = (Double(size), Double(size * (size + 1) / 2))
    for rank in ranks {
      #expect(rank.0 == nil)
      #expect(
        rank.1 == [
          [sum, 2 * sum, 3 * sum], [0.5 * count, sum],
          [count * 0x1p40, count * (count - 1) / 2],
        ])
      #expect(rank.2 == [sum, sum])
      #expect(rank.3)
    }
    #expect(ThreadNCCL.shared.sumCount == 3 * size)
  }

  @Test("Where one rank cannot join, all sum by the processor's memory")
  func failure() throws {
    let ranks = try Self.asRanks(3, failing: 1) { group in
      let reason = group.prepare(for: .simulated)
      let tensor = Tensor([1.5, Double(group.rank)]).to(.simulated)
      group.sum([tensor])
      return (reason, tensor.to(.cpu).doubles)
    }
    #expect(
      ranks.map(\.0) == [
        "rank 1 cannot use it", "NCCL: a made failure", "rank 1 cannot use it",
      ])
    #expect(ranks.allSatisfy { $0.1 == [4.5, 3] })
    #expect(ThreadNCCL.shared.sumCount == 0)
    #expect(ThreadNCCL.shared.memberCount == 0)
  }

  @Test("One that computes on the processor keeps the others from NCCL, not from going on")
  func mixture() throws {
    let ranks = try Self.asRanks(2) { group in
      group.prepare(for: group.rank == 0 ? .cpu : .simulated)
    }
    #expect(ranks == [nil, "rank 0 cannot use it"])
  }

  @Test("Without NCCL, its want is named")
  func missing() throws {
    let reasons = try NetworksTests.asRanks(2) { group in
      [group.prepare(for: .cpu), group.prepare(for: .simulated)]
    }
    let reason = "NCCL: this libtorch brings no NCCL, or keeps it to itself"
    #expect(reasons == [[nil, reason], [nil, reason]])
  }
}

/// What NCCL does for processes, for threads of this one.
private final class ThreadNCCL: @unchecked Sendable {
  static let shared = ThreadNCCL()

  /// A sum that is under way: where each rank's numbers are, and how many have taken theirs.
  private struct Round {
    var places: [UnsafeMutableRawPointer] = []
    var count = 0
    var type: Int32 = 0
    var isDone = false
  }

  /// A rank's membership.
  private final class Member {
    let identity: [UInt8]
    let size: Int
    var roundCount = 0

    init(_ identity: [UInt8], _ size: Int) { (self.identity, self.size) = (identity, size) }
  }

  private let condition = NSCondition()
  private var identity: [UInt8] = []
  private var failing: Int?
  private var joined: Set<Int> = []
  private var members = 0
  private var rounds: [Int: Round] = [:]
  private var sums = 0

  var sumCount: Int { condition.withLock { sums } }
  var memberCount: Int { condition.withLock { members } }

  func reset(failing: Int?) {
    condition.withLock {
      (identity, joined, rounds, members, sums) = ([], [], [:], 0, 0)
      self.failing = failing
    }
  }

  static let functions = ct_nccl_functions(
    error_text: { _ in failureText },
    make_identity: { result in
      guard let result else { return 4 }
      withUnsafeMutableBytes(of: &result.pointee) { bytes in
        for place in bytes.indices { bytes[place] = UInt8(truncatingIfNeeded: 255 - 3 * place) }
        let made = Array(bytes)
        shared.condition.withLock { shared.identity = made }
      }
      return 0
    },
    join: { result, size, identity, rank in
      let bytes = withUnsafeBytes(of: identity) { Array($0) }
      return shared.join(result, Int(size), bytes, Int(rank))
    },
    leave: { communicator in
      guard let communicator else { return 4 }
      Unmanaged<Member>.fromOpaque(communicator).release()
      shared.condition.withLock { shared.members -= 1 }
      return 0
    },
    begin_group: { 0 }, end_group: { 0 },
    all_reduce: { from, to, count, type, operation, communicator, stream in
      guard let to, from == UnsafeRawPointer(to), operation == 0, stream == nil, let communicator
      else { return 4 }
      let member = Unmanaged<Member>.fromOpaque(communicator).takeUnretainedValue()
      return shared.sum(to, count, type, member)
    })

  private func join(
    _ result: UnsafeMutablePointer<UnsafeMutableRawPointer?>?, _ size: Int, _ identity: [UInt8],
    _ rank: Int
  ) -> Int32 {
    condition.lock()
    defer { condition.unlock() }
    guard identity == self.identity, joined.insert(rank).inserted else { return 4 }
    condition.broadcast()
    while joined.count < size { condition.wait() }
    if rank == failing { return 1 }
    members += 1
    result?.pointee = Unmanaged.passRetained(Member(identity, size)).toOpaque()
    return 0
  }

  private func sum(
    _ place: UnsafeMutableRawPointer, _ count: Int, _ type: Int32, _ member: Member
  ) -> Int32 {
    condition.lock()
    defer { condition.unlock() }
    sums += 1
    let number = member.roundCount
    member.roundCount += 1
    var round = rounds[number] ?? Round(count: count, type: type)
    guard round.count == count, round.type == type else { return 4 }
    round.places.append(place)
    if round.places.count == member.size {
      switch type {
      case 4: Self.add(round, as: Int64.self) { $0 + $1 }
      case 7: Self.add(round, as: Float.self) { $0 + $1 }
      case 8: Self.add(round, as: Double.self) { $0 + $1 }
      default: return 4
      }
      round.isDone = true
    }
    rounds[number] = round
    condition.broadcast()
    while rounds[number]?.isDone == false { condition.wait() }
    return 0
  }

  private static func add<Number>(
    _ round: Round, as type: Number.Type, _ sum: (Number, Number) -> Number
  ) {
    let rows = round.places.map { $0.assumingMemoryBound(to: type) }
    for place in 0..<round.count {
      let total = rows.dropFirst().reduce(rows[0][place]) { sum($0, $1[place]) }
      for row in rows { row[place] = total }
    }
  }
}

/// C's text, which is never released.
private nonisolated(unsafe) let failureText = UnsafePointer(strdup("a made failure"))
