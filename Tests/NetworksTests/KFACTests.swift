import AdamQLR
import Foundation
import AdamQLRNetworks
import Testing
import AdamQLRTorch

@Suite("K-FAC")
struct KFACTests {
  private func batches(_ problem: SmallProblem, _ count: Int) -> [NetworkObjective] {
    (0..<count).map { index in
      let rows = Tensor((0..<4).map { Int64((index + $0) % 6) })
      return NetworkObjective(
        problem.model, problem.loss, inputs: problem.inputs.selectingRows(rows),
        targets: problem.targets.selectingRows(rows))
    }
  }

  @Test(
    "A run goes on from an encoded state to the last bit", arguments: [false, true],
    [DataType.float32, .float64])
  func resumption(_ isExact: Bool, _ type: DataType) throws {
    let problem = Problem.tied.make(SoftmaxCrossEntropy(), type)
    let kfac = KFAC(
      factorInterval: 2, inverseInterval: 3, usesExactInverses: isExact, seed: 7)
    let batches = batches(problem, 9)
    var optimizer = try Optimizer(.kfac(kfac), for: problem.parameters)
    var point = problem.parameters
    var saved: [(state: Data, point: FlatVector)] = []
    for batch in batches {
      saved.append((try JSONEncoder().encode(optimizer.state), point))
      try optimizer.step(&point, on: batch)
    }
    for start in [1, 2, 3, 4, 6] {
      var resumed = try Optimizer(.kfac(kfac), for: problem.parameters)
      resumed.state = try JSONDecoder().decode(
        OptimizerState<FlatVector>.self, from: saved[start].state)
      var other = saved[start].point
      for batch in batches[start...] { try resumed.step(&other, on: batch) }
      #expect(other.doubles == point.doubles)
    }
    // A copy of the state is not written to by later steps.
    let copy = optimizer.state
    let before = copy.direction.vectors.map(\.doubles)
    for batch in batches { try optimizer.step(&point, on: batch) }
    #expect(copy.direction.vectors.map(\.doubles) == before)
  }

  @Test("Equal states are equal in every element, even those that are not used")
  func equality() throws {
    let problem = SmallProblem(
      Sequential(Dense(4, 3, activation: .relu), Dense(3, 1)), SquaredError(), inputShape: [6, 4],
      outputs: 1, .float32)
    let kfac = KFAC(factorInterval: 2, inverseInterval: 3)
    let states = try (0..<2).map { _ in
      var point = problem.parameters
      var optimizer = try Optimizer(.kfac(kfac), for: point)
      // A copy of the state makes later steps write into new memory.
      var copies: [OptimizerState<FlatVector>] = []
      for batch in batches(problem, 7) {
        try optimizer.step(&point, on: batch)
        copies.append(optimizer.state)
      }
      return optimizer.state.direction.vectors.map(\.doubles)
    }
    #expect(states[0] == states[1])
  }

  @Test("The seed determines what is drawn")
  func seeds() throws {
    let problem = Problem.tanh.make(SoftmaxCrossEntropy())
    func run(_ seed: UInt64) throws -> [Double] {
      var point = problem.parameters
      var optimizer = try Optimizer(.kfac(KFAC(seed: seed)), for: point)
      for _ in 0..<3 { try optimizer.step(&point, on: problem.objective) }
      return point.doubles
    }
    #expect(try run(1) == run(1))
    #expect(try run(1) != run(2))
  }

  @Test("Each heuristic of K-FAC lowers the loss, in both precisions", arguments: [0, 1, 2])
  func training(_ index: Int) throws {
    let method: Method = [
      .kfac(), .kfacUnadaptive(), .kfac(KFAC(estimation: .empirical, inverseInterval: 5)),
    ][index]
    for type in [DataType.float32, .float64] {
      let problem = Problem.tanh.make(SoftmaxCrossEntropy(), type)
      var point = problem.parameters
      var optimizer = try Optimizer(method, for: point)
      let first = problem.objective.evaluate(at: point).loss
      for _ in 0..<40 { #expect(try optimizer.step(&point, on: problem.objective).isTaken) }
      #expect(problem.objective.evaluate(at: point).loss < (index == 1 ? 0.3 : 0.1) * first)
    }
  }

  @Test("Inverses are kept between their steps, and where nothing has changed")
  func inverseInterval() throws {
    let problem = Problem.tanh.make(SoftmaxCrossEntropy())
    var optimizer = try Optimizer(
      .kfac(KFAC(factorInterval: 2, inverseInterval: 3)), for: problem.parameters)
    var point = problem.parameters
    var inverses: [[Double]] = []
    var dampings: [Double] = []
    for _ in 0..<7 {
      let report = try optimizer.step(&point, on: problem.objective)
      inverses.append(optimizer.state.direction.vectors[2].doubles)
      dampings.append(optimizer.state.direction.scalars[1])
      if (report.step - 1).isMultiple(of: 3) { #expect(dampings.last == report.damping) }
    }
    for step in 1..<7 {
      #expect((inverses[step] == inverses[step - 1]) == !step.isMultiple(of: 3))
      #expect((dampings[step] == dampings[step - 1]) == !step.isMultiple(of: 3))
    }
  }

  @Test("What K-FAC cannot work on is an error that says so")
  func errors() throws {
    #expect(
      throws: OptimizerError.vectorUnsupported(
        "K-FAC", expected: "FlatVector", found: "Array<Double>")
    ) { try Optimizer(.kfac(), for: [1.0, 2]) }
    let line = ClosureObjective<FlatVector>(
      loss: { $0.doubles.reduce(0, +) }, gradient: { _ in FlatVector([1, 1]) })
    var point = FlatVector([1, 2])
    var optimizer = try Optimizer(.kfac(), for: point)
    let error = #expect(throws: KFACError.self) { try optimizer.step(&point, on: line) }
    #expect(error?.description.contains("NetworkObjective") == true)
    #expect(point.doubles == [1, 2])

    let problem = SmallProblem(Dense(4, 3), PlainLoss(), inputShape: [6, 4], outputs: 3)
    var parameters = problem.parameters
    for (estimation, name) in [
      (KFAC.Estimation.sampled, "sampledCotangent"), (.exact, "fisherFactors"),
    ] {
      var network = try Optimizer(.kfac(KFAC(estimation: estimation)), for: parameters)
      let error = #expect(throws: KFACError.self) {
        try network.step(&parameters, on: problem.objective)
      }
      #expect(error?.description.contains(name) == true)
    }
    var network = try Optimizer(.kfac(KFAC(estimation: .empirical)), for: parameters)
    #expect(try network.step(&parameters, on: problem.objective).isTaken)

    // The state of another model with as many parameters.
    let other = SmallProblem(Dense(2, 5), SquaredError(), inputShape: [6, 2], outputs: 5)
    var otherPoint = other.parameters
    var otherOptimizer = try Optimizer(.kfac(KFAC(estimation: .empirical)), for: otherPoint)
    otherOptimizer.state = network.state
    let mismatch = KFACError.stateMismatch(expected: [9, 25, 9, 25], found: [25, 9, 25, 9])
    #expect(throws: mismatch) { try otherOptimizer.step(&otherPoint, on: other.objective) }
    #expect(mismatch.description.contains("vector 0 has 25 elements, but 9 are expected"))
    let shorter = KFACError.stateMismatch(expected: [9, 25, 9, 25], found: [9, 25])
    #expect(shorter.description.contains("2 vectors, but 4 are expected"))
  }

  @Test("AdamQLR's refinements work with K-FAC's direction")
  func refinements() throws {
    let problem = Problem.tanh.make(SoftmaxCrossEntropy())
    func firstStep(_ change: (inout Method) -> Void) throws -> StepReport {
      var method = Method.kfac(KFAC(estimation: .exact))
      change(&method)
      var point = problem.parameters
      var optimizer = try Optimizer(method, for: point)
      return try optimizer.step(&point, on: problem.objective, independent: problem.objective)
    }
    let plain = try firstStep { _ in }
    let rate = plain.learningRate
    let clipped = try firstStep {
      $0.learningRate = QuadraticRate { $0.clipping = 0.1 }
    }
    #expect(clipped.learningRate == 0.1)
    let amplified = try firstStep {
      $0.learningRate = QuadraticRate { $0.amplification = 2 }
    }
    #expect(amplified.learningRate == 2 * rate)
    let remembering = try firstStep {
      $0.learningRate = QuadraticRate { $0.memory = CurvatureMemory(.decay(0.99)) }
    }
    #expect(deviation(remembering.learningRate, rate) < 1e-14)
    let independent = try firstStep {
      $0.model.batch = .independent
    }
    #expect(deviation(independent.learningRate, rate) < 1e-12)
    let short = try firstStep { $0.clipping.updateNorm = 0.01 }
    #expect(short.updateNorm == 0.01)
  }
}

/// The squared error without what K-FAC asks of a loss.
private struct PlainLoss: Loss {
  func evaluate(_ outputs: Tensor, targets: Tensor) -> Evaluation {
    SquaredError().evaluate(outputs, targets: targets)
  }

  func linearized(_ outputs: Tensor, targets: Tensor) -> LinearizedLoss {
    let full = SquaredError().linearized(outputs, targets: targets)
    return LinearizedLoss(
      value: DeferredNumber(full.value), cotangent: full.cotangent,
      fisherProduct: full.fisherProduct)
  }

  func plainValue(_ outputs: Tensor, targets: Tensor) -> Tensor {
    SquaredError().plainValue(outputs, targets: targets)
  }
}
