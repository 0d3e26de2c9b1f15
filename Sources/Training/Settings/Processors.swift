import AdamQLRTorch

/// The processors that one of several ranks may use.
package struct Processors {
  /// Those of this process, as bits.
  var own: [UInt32]
  /// Those of the other ranks on its machine.
  var others: [[UInt32]]

  /// The processors of one rank and of the others on its machine, as bits.
  package init(own: [UInt32], others: [[UInt32]]) {
    self.own = own
    self.others = others
  }

  /// Those of the ranks, each of which asks.
  init(of group: ProcessGroup) {
    own = Runtime.processors
    let all = group.gather(own.map { Double($0) })
    others = all.indices
      .filter { $0 != group.rank && group.machines[$0] == group.machines[group.rank] }
      .map { all[$0].map { UInt32($0) } }
  }

  /// How many threads a rank has where that is not said: of those of its machine an equal part, or its
  /// own where each rank has been given some, or what OMP_NUM_THREADS says.
  ///
  /// - Parameters:
  ///   - usual: Those of one process.
  ///   - environment: torchrun sets OMP_NUM_THREADS to 1 where nobody did, which is no wish.
  package func threadCount(usual: Int, _ environment: [String: String]) -> Int {
    var available = usual
    if let number = environment["OMP_NUM_THREADS"] {
      guard number == "1", environment["TORCHELASTIC_RUN_ID"] != nil else { return usual }
      available = own.reduce(0) { $0 + $1.nonzeroBitCount }
    }
    let isShared = others.contains { zip($0, own).contains { $0 & $1 != 0 } }
    return max(isShared ? available / (others.count + 1) : available, 1)
  }
}
