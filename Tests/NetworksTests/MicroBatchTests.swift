import AdamQLR
import AdamQLRNetworks
import Synchronization
import Testing
import AdamQLRTorch

@Suite("Batches in parts")
struct MicroBatchTests {
  static let losses: [any Loss] = [SquaredError(), SoftmaxCrossEntropy()]

  /// The problems without statistics over the batch.
  static let problems = Problem.allCases.filter {
    ![.batchNorm, .batchNormOfImages, .rectifiedBatchNorm, .residualBlock].contains($0)
  }

  @Test("All answers are those of the whole batch", arguments: problems, losses.indices)
  func answers(_ kind: Problem, _ loss: Int) {
    let problem = kind.make(Self.losses[loss])
    let batch = NetworkObjective(
      problem.model, problem.loss, inputs: problem.inputs, targets: problem.targets, seed: 5)
    let (point, directions) = (problem.parameters, [problem.direction(0), problem.direction(1)])
    let whole = batch.linearize(at: point)
    var gradient = point.zeros()
    whole.formGradient(&gradient)
    let other = problem.direction(2)
    // More parts than examples are one for each; 4 divide 6 into parts of two sizes.
    for parts in [1, 4, 100] {
      let objective = MicroBatchedObjective(batch, parts: parts)
      // In the order of a step, and in that of an independent batch.
      for startsWithSlopes in [false, true] {
        let divided = objective.linearize(at: point)
        if startsWithSlopes {
          #expect(
            deviation(divided.slopes(along: directions), whole.slopes(along: directions)) < 1e-12)
        }
        #expect(deviation(divided.loss, whole.loss) < 1e-14)
        for _ in 0..<2 {
          var own = directions[0]
          divided.formGradient(&own)
          #expect(deviation(own.doubles, gradient.doubles) < 1e-12)
        }
        for curvature in Curvature.allCases {
          let products = divided.curvatureProducts(of: directions, curvature)
          let expected = whole.curvatureProducts(of: directions, curvature)
          #expect(deviation(products, expected) < 1e-11)
        }
        #expect(
          deviation(divided.slopes(along: directions), whole.slopes(along: directions)) < 1e-12)
        #expect(
          deviation(
            divided.loss(at: other, displacement: nil), whole.loss(at: other, displacement: nil))
            < 1e-14)
      }
    }
  }

  /// Methods of every family.
  enum Family: String, CaseIterable, CustomTestStringConvertible {
    case adam, hypergradient, schedule, adamQLR, hessian, memory, rejecting, independent, momentum
    case kfacSampled, kfacEmpirical, kfacExact, kfacIntervals, kfacUnadaptive, muon
    case shampoo

    var testDescription: String { rawValue }

    var method: Method {
      var method: Method
      switch self {
      case .adam: method = .adam(learningRate: 0.01)
      case .hypergradient: method = .baydinSGD(initial: 0.01, rate: 0.01)
      case .schedule:
        method = .adamW(learningRate: 0.01, weightDecay: 0.1)
        method.learningRate = ScheduledRate(.cosine(peak: 0.1, total: 8))
      case .adamQLR: method = .adamQLR(batchesPerEpoch: nil)
      case .hessian: method = .paperAdamQLR(curvature: .hessian)
      case .memory:
        method = .adamQLR(batchesPerEpoch: nil)
        method.learningRate = QuadraticRate { $0.memory = CurvatureMemory(.decay(0.99)) }
      case .rejecting:
        method = .sgdQLR()
        method.acceptance = OnlyDecreases()
      case .independent:
        method = .adamQLR(batchesPerEpoch: nil)
        method.model.batch = .independent
      case .momentum:
        method = .adamQLR(batchesPerEpoch: nil, damping: LevenbergMarquardt())
        method.momentum = QuadraticMomentum()
      case .kfacSampled: method = .kfac(KFAC(seed: 3))
      case .kfacEmpirical: method = .kfac(KFAC(estimation: .empirical))
      case .kfacExact: method = .kfac(KFAC(estimation: .exact, usesExactInverses: true))
      case .kfacIntervals:
        method = .kfac(KFAC(estimation: .exact, factorInterval: 2, inverseInterval: 3))
      case .kfacUnadaptive: method = .kfacUnadaptive()
      case .muon: method = .muon()
      case .shampoo: method = .shampoo()
      }
      return method
    }
  }

  /// A run of some steps over changing batches, in parts or whole.
  private func run(
    _ problem: SmallProblem, _ method: Method, parts: Int?
  ) throws -> (point: FlatVector, reports: [StepReport]) {
    let count = problem.inputs.size(0) - 1
    guard let parts else { return try problem.run(method, batchSize: count, problem.objective) }
    return try problem.run(method, batchSize: count) {
      MicroBatchedObjective(problem.objective($0, $1, seed: $2), parts: parts)
    }
  }

  @Test(
    "Steps of every family are those of whole batches", arguments: Family.allCases,
    [Problem.dropout, .tied, .groupedConvolution, .gpt2])
  func steps(_ family: Family, _ kind: Problem) throws {
    let problem = kind.make(SoftmaxCrossEntropy())
    let whole = try run(problem, family.method, parts: nil)
    for parts in [2, 3] {
      let divided = try run(problem, family.method, parts: parts)
      #expect(deviation(divided.point.doubles, whole.point.doubles) < 1e-7)
      for (own, expected) in zip(divided.reports, whole.reports) {
        #expect(deviation(own.loss, expected.loss) < 1e-8)
        #expect(own.events == expected.events)
        #expect(deviation(own.nextDamping, expected.nextDamping) < 1e-8)
      }
    }
    // It is no test if nothing happens.
    #expect(deviation(whole.point.doubles, problem.parameters.doubles) > 1e-4)
  }

  @Test("The sampled targets of squared errors are the same, whatever the sizes of parts")
  func sampledSquaredError() throws {
    let problem = SmallProblem(
      Sequential(Dense(4, 5, activation: .tanh), Dense(5, 3)), SquaredError(),
      inputShape: [6, 4], outputs: 3)
    let whole = try run(problem, .kfac(), parts: nil)
    let divided = try run(problem, .kfac(), parts: 4)
    #expect(deviation(divided.point.doubles, whole.point.doubles) < 1e-8)
  }

  @Test("Batch normalization uses the statistics of each part, and averages one after the other")
  func batchNormalization() {
    let problem = Problem.rectifiedBatchNorm.make(SquaredError())
    let (model, point) = (problem.model, problem.parameters)
    let objective = MicroBatchedObjective(problem.objective, parts: 2)
    let divided = objective.linearize(at: point)
    let halves = [0..<2, 2..<4].map { rows in
      NetworkObjective(
        model, problem.loss, inputs: problem.inputs.rows(rows), targets: problem.targets.rows(rows))
    }
    let linearizations = halves.map { $0.linearize(at: point) }
    #expect(deviation(divided.loss, linearizations.map(\.loss).reduce(0, +) / 2) < 1e-14)
    #expect(deviation(divided.loss, problem.objective.linearize(at: point).loss) > 1e-6)
    var (own, expected) = (model.initialStatistics(.float64), model.initialStatistics(.float64))
    objective.updateStatistics(&own)
    for half in halves { half.updateStatistics(&expected) }
    #expect(own.doubles == expected.doubles)
    #expect(own.doubles != model.initialStatistics(.float64).doubles)
  }

  /// An operation that counts how many of its records exist.
  private final class Census: Sendable {
    private let counts = Mutex((present: 0, greatest: 0))

    var present: Int { counts.withLock(\.present) }
    var greatest: Int { counts.withLock(\.greatest) }

    func add(_ count: Int) {
      counts.withLock {
        $0.present += count
        $0.greatest = max($0.greatest, $0.present)
      }
    }
  }

  private struct Counted: Operation {
    let census: Census

    func value(_ inputs: [Tensor]) -> Tensor { inputs[0].tanh() }

    func linearized(_ inputs: [Tensor]) -> LinearizedOperation {
      let entry = Entry(census)
      let y = value(inputs)
      return LinearizedOperation(
        y,
        pushforward: { tangents in
          withExtendedLifetime(entry) { tangents[0].map { (-1 * (y * y) + 1) * $0 } }
        },
        pullback: { $1.add((-1 * (y * y) + 1) * $0, to: 0) })
    }

    private final class Entry: Sendable {
      let census: Census

      init(_ census: Census) {
        self.census = census
        census.add(1)
      }

      deinit { census.add(-1) }
    }
  }

  @Test(
    "The record of one part exists at a time",
    arguments: [Method.adamQLR(batchesPerEpoch: nil), .kfac()])
  func memory(_ method: Method) throws {
    let census = Census()
    let problem = SmallProblem(
      Sequential(Dense(4, 5), Custom(Counted(census: census)), Dense(5, 3)),
      SoftmaxCrossEntropy(), inputShape: [6, 4], outputs: 3)
    var point = problem.parameters
    var optimizer = try Optimizer(method, for: point)
    let objective = MicroBatchedObjective(problem.objective, parts: 3)
    for _ in 0..<3 { try optimizer.step(&point, on: objective) }
    #expect(census.greatest == 1)
    #expect(census.present == 0)
  }
}
