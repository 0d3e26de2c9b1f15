/// Which of several processes this is, and where they meet.
///
/// Started by `torchrun`, or by hand, the variables are RANK, WORLD_SIZE, LOCAL_RANK, MASTER_ADDR and
/// MASTER_PORT. Under Slurm's `srun` they follow from Slurm's own: rank and size from SLURM_PROCID and
/// SLURM_STEP_NUM_TASKS, the address from the step's first node, the port from the numbers of job and step.
public struct Rendezvous: Hashable, Sendable {
  /// The number of this process, from 0.
  public var rank: Int
  /// The number of processes.
  public var size: Int
  /// The number of this process among those on its machine, from 0; `nil`: to be found out.
  public var localRank: Int?
  /// Where the store is.
  public var host: String
  /// The store's port.
  public var port: Int
  /// Whether rank 0 serves the store, and not what started the processes.
  public var isServedByRank0 = true
  /// Tells apart what is started at the same address: by torchrun the run and the attempt, by Slurm the
  /// job's step.
  public var launch = ""
  /// How long ranks wait for one another, in seconds.
  public var limit = 50.0
  /// The network interface that numbers go by (GLOO_SOCKET_IFNAME); `nil`: that which leads to the
  /// store.
  public var interface: String?

  /// A place to meet.
  public init(rank: Int, size: Int, localRank: Int? = nil, host: String, port: Int) {
    self.rank = rank
    self.size = size
    self.localRank = localRank
    self.host = host
    self.port = port
  }

  /// What the variables of an environment say; `nil` where they speak of one process or none.
  ///
  /// - Throws: ``DistributedError`` where some are missing or make no sense.
  public init?(environment: [String: String]) throws(DistributedError) {
    let isBySlurm = environment["RANK"] == nil && environment["SLURM_STEP_NUM_TASKS"] != nil
    let rankName = isBySlurm ? "SLURM_PROCID" : "RANK"
    let sizeName = isBySlurm ? "SLURM_STEP_NUM_TASKS" : "WORLD_SIZE"
    guard environment[rankName] != nil || environment[sizeName] != nil else { return nil }
    func number(_ name: String, in range: ClosedRange<Int>) throws(DistributedError) -> Int {
      guard let value = environment[name].flatMap({ Int($0) }), range.contains(value) else {
        let found = environment[name].map { "is '\($0)'" } ?? "is missing"
        throw .invalidVariable(
          name,
          expected: "a whole number from \(range.lowerBound) to \(range.upperBound), but \(found)")
      }
      return value
    }
    size = try number(sizeName, in: 1...(1 << 20))
    rank = try number(rankName, in: 0...(size - 1))
    if size == 1 { return nil }
    let localName = isBySlurm ? "SLURM_LOCALID" : "LOCAL_RANK"
    localRank = environment[localName] == nil ? nil : try number(localName, in: 0...(size - 1))
    if environment["MASTER_PORT"] == nil, isBySlurm, environment["SLURM_JOB_ID"] != nil {
      // Steps of one job may run at the same time.
      let step = environment["SLURM_STEP_ID"].flatMap { UInt16($0) } ?? 0
      port = 15000 + (try number("SLURM_JOB_ID", in: 0...Int(Int32.max)) + 101 * Int(step)) % 10000
    } else {
      port = try number("MASTER_PORT", in: 1...65535)
    }
    let slurmHost = isBySlurm ? environment["SLURM_STEP_NODELIST"].flatMap(Self.firstNode) : nil
    guard let host = environment["MASTER_ADDR"] ?? slurmHost, !host.isEmpty else {
      throw .invalidVariable("MASTER_ADDR", expected: "the address of rank 0's machine")
    }
    self.host = host
    isServedByRank0 = environment["TORCHELASTIC_USE_AGENT_STORE"] != "True"
    let names =
      isBySlurm
      ? ["SLURM_JOB_ID", "SLURM_STEP_ID"]
      : ["TORCHELASTIC_RUN_ID", "TORCHELASTIC_RESTART_COUNT"]
    launch = names.compactMap { environment[$0] }.joined(separator: "/")
    interface = environment["GLOO_SOCKET_IFNAME"].flatMap { $0.isEmpty ? nil : $0 }
  }

  /// The first node of a list as Slurm writes it: of `gpu[03-04,07],login`, gpu03.
  static func firstNode(_ list: String) -> String? {
    guard let end = list.firstIndex(where: { $0 == "[" || $0 == "," }) else { return list }
    let name = String(list[..<end])
    guard list[end] == "[" else { return name }
    return name + list[list.index(after: end)...].prefix { $0.isNumber }
  }
}
