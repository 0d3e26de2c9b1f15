import AdamQLR
import AdamQLRNetworks
import AdamQLRTorch
import Foundation
import LocalServer
import Testing

@Suite("Batches divided among ranks")
struct DataParallelTests {
  private static let normalizing: [Problem] = [
    .batchNorm, .batchNormOfImages, .rectifiedBatchNorm, .residualBlock,
  ]

  /// The loss on the rank's share of some examples.
  private static func objective(
    _ problem: SmallProblem, _ inputs: Tensor, _ targets: Tensor, seed: UInt64,
    _ group: ProcessGroup, parts: Int = 1
  ) -> DataParallelObjective {
    let examples = ExampleRange(0..<inputs.size(0)).divided(into: group.size)[group.rank]
    let local = NetworkObjective(
      problem.model, problem.loss, inputs: inputs.rows(examples.range),
      targets: targets.rows(examples.range), seed: seed, share: BatchShare(examples, in: group))
    return DataParallelObjective(local, parts: parts)
  }

  /// What an objective answers.
  private static func answers<O: Objective<FlatVector>>(
    _ objective: O, _ problem: SmallProblem, _ curvatures: [Curvature]
  ) throws -> [[Double]] {
    let (point, directions) = (problem.parameters, [problem.direction(0), problem.direction(1)])
    let linearization = try objective.linearize(at: point)
    var gradient = point.zeros()
    try linearization.formGradient(&gradient)
    var answers = [[try linearization.loss], gradient.doubles]
    for curvature in curvatures {
      answers += try linearization.curvatureProducts(of: directions, curvature)
    }
    answers.append(try linearization.slopes(along: directions))
    answers.append([try linearization.loss(at: problem.direction(2))])
    return answers
  }

  @Test(
    "All answers are those of the whole batch, and the same in all ranks", arguments: [2, 3],
    MicroBatchTests.losses.indices)
  func answers(_ size: Int, _ loss: Int) throws {
    func curvatures(_ kind: Problem) -> [Curvature] {
      Self.normalizing.contains(kind) ? [.fisher] : Curvature.allCases
    }
    let ranks = try asRanks(size) { group in
      try Problem.allCases.map { kind in
        let problem = kind.make(MicroBatchTests.losses[loss])
        let own = Self.objective(problem, problem.inputs, problem.targets, seed: 5, group)
        return try Self.answers(
          own, problem,
          Self.normalizing.contains(kind) ? [.fisher] : Curvature.allCases)
      }
    }
    for (number, kind) in Problem.allCases.enumerated() {
      let problem = kind.make(MicroBatchTests.losses[loss])
      let whole = NetworkObjective(
        problem.model, problem.loss, inputs: problem.inputs, targets: problem.targets, seed: 5)
      let expected = try Self.answers(whole, problem, curvatures(kind))
      for rank in ranks {
        #expect(rank[number] == ranks[0][number])
        for (own, expected) in zip(rank[number], expected) {
          #expect(deviation(own, expected) < 1e-10, "\(kind)")
        }
      }
    }
  }

  /// A run of some steps over changing batches.
  private static func run(
    _ problem: SmallProblem, _ method: Method, _ group: ProcessGroup?, parts: Int = 1
  ) throws -> [[Double]] {
    var statistics = problem.model.initialStatistics(.float64)
    let count = problem.inputs.size(0)
    let (point, reports) =
      if let group {
        try problem.run(method, batchSize: count) {
          objective(problem, $0, $1, seed: $2, group, parts: parts)
        } after: {
          $0.updateStatistics(&statistics)
        }
      } else {
        try problem.run(method, batchSize: count, problem.objective) {
          $0.updateStatistics(&statistics)
        }
      }
    return [reports.map(\.loss), point.doubles, statistics.doubles]
  }

  @Test(
    "Steps of every family are those of whole batches", arguments: MicroBatchTests.Family.allCases)
  func steps(_ family: MicroBatchTests.Family) throws {
    var kinds: [Problem] = [.dropout, .gpt2, .lstm]
    if family != .hessian { kinds += [.batchNormOfImages, .residualBlock] }
    let problems = kinds
    let ranks = try asRanks(3) { group in
      try problems.map { try Self.run($0.make(SquaredError()), family.method, group) }
    }
    for (number, kind) in problems.enumerated() {
      let expected = try Self.run(kind.make(SquaredError()), family.method, nil)
      for rank in ranks {
        #expect(rank[number] == ranks[0][number])
        for (own, expected) in zip(rank[number], expected) {
          #expect(deviation(own, expected) < 1e-7, "\(kind)")
        }
      }
    }
  }

  @Test("Shares are taken in parts", arguments: [MicroBatchTests.Family.adamQLR, .kfacSampled])
  func parts(_ family: MicroBatchTests.Family) throws {
    let expected = try Self.run(Problem.dropout.make(SquaredError()), family.method, nil)
    let ranks = try asRanks(2) { group in
      try Self.run(Problem.dropout.make(SquaredError()), family.method, group, parts: 2)
    }
    for rank in ranks { #expect(deviation(rank[1], expected[1]) < 1e-8) }
  }

  @Test("A fit of several ranks is that of one process, its scores to the last bit of the weights'")
  func fit() throws {
    @Sendable func fit(_ group: ProcessGroup?) throws -> [[Double]] {
      let problem = Problem.dropout.make(SoftmaxCrossEntropy())
      let batches = MiniBatches(inputs: problem.inputs, targets: problem.targets, batchSize: 4)
      var fit = try Fit(
        problem.model, problem.loss, on: batches, totalSteps: 12, type: .float64, group: group)
      let loss = try fit.trainEpoch()
      while !fit.isOver { try fit.trainStep() }
      return [[loss ?? 0], fit.parameters.doubles]
    }
    let expected = try fit(nil)
    for rank in try asRanks(2, fit) {
      for (own, expected) in zip(rank, expected) { #expect(deviation(own, expected) < 1e-9) }
    }
  }

  @Test("Samples follow from an example's number in its batch")
  func samples() throws {
    for loss in MicroBatchTests.losses {
      let problem = Problem.linear.make(loss)
      let rows = 1..<4
      func sample(_ rows: Range<Int>) throws -> Tensor {
        let outputs = Tensor(
          (0..<18).map { 0.1 * Double($0 % 7) }, shape: [6, 3]
        ).rows(rows).contiguous()
        let linearized = loss.linearized(outputs, targets: problem.targets.rows(rows).contiguous())
        var generator = SeededGenerator(seed: 2)
        let sample = try #require(linearized.sampledCotangent)
        return sample(&generator, ExampleRange(rows, of: 6))
      }
      #expect(try sample(rows).doubles == sample(0..<6).rows(rows).doubles)
    }
  }

  @Test("Sums, and what every rank has")
  func exchange() throws {
    let ranks = try asRanks(3) { group in
      let tensor = Tensor([1, 2, 3].map { Float($0 * (group.rank + 1)) })
      let sums = group.sum([tensor], [Double(group.rank), 0.5])
      return [tensor.doubles, sums] + group.gather([Double(10 * group.rank), 1])
    }
    for rank in ranks {
      #expect(rank == [[6, 12, 18], [3, 1.5], [0, 1], [10, 1], [20, 1]])
    }
  }

  @Test("A rank that has something else is named, in all")
  func disagreement() throws {
    let errors = try asRanks(3) { group in
      try group.requireAgreement(on: 7, "what all have")
      do throws(DistributedError) {
        try group.requireAgreement(on: group.rank == 2 ? 1 << 30 : 3, "data")
        return ""
      } catch {
        return error.description
      }
    }
    #expect(Set(errors).count == 1)
    #expect(errors[0].hasPrefix("rank 2 has other data than rank 0"))
  }

  @Test("One that wants to stop stops all, at the same place")
  func stop() throws {
    let counts = try asRanks(2) { group in
      var count = 0
      while !group.isStopping, count < 100 {
        if count == 3, group.rank == 1 { group.stop() }
        group.synchronize()
        count += 1
      }
      return count
    }
    #expect(counts == [4, 4])
  }

  @Test("Ranks that do not make the same sums end, and do not mix numbers")
  func unlikeSums() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = try asRanks(2) { group in
        group.sum([], group.rank == 0 ? [1] : [1, 2])
      }
    }
    let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(
      text.contains("rank 1 makes another sum than rank 0, of 3 numbers instead of 2"), "\(text)")
  }

  @Test("A rank that came late names the one that did not come")
  func missingToALateOne() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let port = try freePort()
      for rank in 0..<2 {
        Thread {
          var rendezvous = Rendezvous(rank: rank, size: 3, host: "127.0.0.1", port: port)
          rendezvous.limit = rank == 0 ? 6 : 50
          _ = try? ProcessGroup(joining: rendezvous)
        }.start()
      }
      try await Task.sleep(for: .seconds(60))
    }
    let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(text.contains("rank 2 of 3 did not come within 6 s"), "\(text)")
  }

  @Test("A second process of a rank is refused, and the first is not disturbed")
  func taken() throws {
    let port = try freePort()
    let sums = try asRanks(2, at: port) { group in
      let sum = group.sum([], [1])[0]
      if group.rank == 1 {
        #expect(throws: DistributedError.rankTaken(1, host: "127.0.0.1", port: port)) {
          try ProcessGroup(
            joining: Rendezvous(rank: 1, size: 2, host: "127.0.0.1", port: port))
        }
      }
      return sum
    }
    #expect(sums == [2, 2])
  }

  @Test("A rank that does not come is named")
  func missing() throws {
    var rendezvous = Rendezvous(rank: 0, size: 3, host: "127.0.0.1", port: try freePort())
    rendezvous.limit = 1
    #expect(throws: DistributedError.ranksMissing([1, 2], size: 3, seconds: 1)) {
      try ProcessGroup(joining: rendezvous)
    }
    rendezvous.rank = 1
    rendezvous.port = try freePort()
    #expect {
      try ProcessGroup(joining: rendezvous)
    } throws: { error in
      guard case DistributedError.rankLost(0, size: 3, let reason) = error else { return false }
      return reason.contains("127.0.0.1:\(rendezvous.port)")
    }
  }
}
