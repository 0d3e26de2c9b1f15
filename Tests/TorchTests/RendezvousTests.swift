import AdamQLRTorch
import Testing

@Suite("Where ranks meet")
struct RendezvousTests {
  private static let torchrun = [
    "RANK": "3", "WORLD_SIZE": "4", "LOCAL_RANK": "1", "MASTER_ADDR": "node1",
    "MASTER_PORT": "29500", "TORCHELASTIC_USE_AGENT_STORE": "True",
    "TORCHELASTIC_RUN_ID": "7", "TORCHELASTIC_RESTART_COUNT": "2", "GLOO_SOCKET_IFNAME": "eth1",
  ]
  private static let slurm = [
    "SLURM_PROCID": "2", "SLURM_STEP_NUM_TASKS": "4", "SLURM_LOCALID": "0",
    "SLURM_STEP_NODELIST": "gpu[03-04,07]", "SLURM_JOB_ID": "1234567",
  ]

  @Test("torchrun's variables")
  func torchrun() throws {
    var expected = Rendezvous(rank: 3, size: 4, localRank: 1, host: "node1", port: 29500)
    expected.isServedByRank0 = false
    expected.launch = "7/2"
    expected.interface = "eth1"
    #expect(try Rendezvous(environment: Self.torchrun) == expected)
  }

  @Test("Slurm's, where no others are given")
  func slurm() throws {
    var expected = Rendezvous(rank: 2, size: 4, localRank: 0, host: "gpu03", port: 19567)
    expected.launch = "1234567"
    #expect(try Rendezvous(environment: Self.slurm) == expected)
    let second = try Rendezvous(environment: Self.slurm.merging(["SLURM_STEP_ID": "1"]) { $1 })
    #expect(second?.port == 19668 && second?.launch == "1234567/1")
    let both = try Rendezvous(environment: Self.slurm.merging(Self.torchrun) { $1 })
    #expect(both?.rank == 3)
    // A batch script itself, without srun.
    #expect(try Rendezvous(environment: ["SLURM_PROCID": "0", "SLURM_NTASKS": "4"]) == nil)
  }

  @Test(
    "The first node of a list",
    arguments: [
      ("gpu03", "gpu03"), ("gpu[03-04,07]", "gpu03"), ("a,b[1-2]", "a"), ("n[12,14]", "n12"),
    ])
  func nodes(_ list: String, _ first: String) throws {
    let environment = Self.slurm.merging(["SLURM_STEP_NODELIST": list]) { $1 }
    #expect(try Rendezvous(environment: environment)?.host == first)
  }

  @Test("One process, or none, is no rendezvous")
  func single() throws {
    #expect(try Rendezvous(environment: [:]) == nil)
    #expect(try Rendezvous(environment: ["RANK": "0", "WORLD_SIZE": "1"]) == nil)
  }

  @Test(
    "What is missing or makes no sense is named",
    arguments: [
      ("RANK", "4"), ("RANK", nil), ("WORLD_SIZE", "two"), ("WORLD_SIZE", nil),
      ("LOCAL_RANK", "-1"), ("MASTER_PORT", "0"), ("MASTER_PORT", nil), ("MASTER_ADDR", nil),
    ] as [(String, String?)])
  func faults(_ name: String, _ value: String?) {
    var environment = Self.torchrun
    environment[name] = value
    #expect {
      try Rendezvous(environment: environment)
    } throws: { "\($0)".contains(name) }
  }
}
