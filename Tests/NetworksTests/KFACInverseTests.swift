import AdamQLR
import Foundation
import AdamQLRNetworks
import Testing
import AdamQLRTorch

@Suite("K-FAC's inverses")
struct KFACInverseTests {
  static let losses: [any Loss] = [SquaredError(), SoftmaxCrossEntropy()]

  /// (Ĉ + λI)·d for the damped factors that a block's formula asks for.
  private func factoredProduct(
    _ a: [[Double]], _ g: [[Double]], _ damping: Double, locations: Double, _ d: [Double]
  ) -> [Double] {
    func trace(_ m: [[Double]]) -> Double {
      m.indices.map { m[$0][$0] }.reduce(0, +) / Double(m.count)
    }
    func shifted(_ m: [[Double]], _ shift: Double) -> [[Double]] {
      m.indices.map { i in m.indices.map { m[i][$0] + (i == $0 ? shift : 0) } }
    }
    let pi = (trace(a) / trace(g)).squareRoot()
    let root = (damping / locations).squareRoot()
    let (left, right) = (shifted(a, pi * root), shifted(g, root / pi))
    return times(kronecker(left, right), d).map { locations * $0 }
  }

  @Test(
    "The direction solves the factored system", arguments: [0, 1],
    [Problem.tanh, .noBias, .sequence])
  func factored(_ loss: Int, _ problem: Problem) throws {
    let problem = problem.make(Self.losses[loss])
    let (state, direction) = try problem.afterOneStep(KFAC(estimation: .exact), damping: 0.3)
    let gradient = problem.gradient(at: problem.parameters)
    var start = 0
    for block in 0..<2 {
      let a = upperTriangle(state.vectors[4 * block])
      let g = upperTriangle(state.vectors[4 * block + 1])
      let range = start..<(start + a.count * g.count)
      let locations = block == 0 && problem.inputs.rank == 3 ? 4.0 : 1
      let product = factoredProduct(a, g, 0.3, locations: locations, Array(direction[range]))
      #expect(deviation(product, Array(gradient[range])) < 1e-11)
      start = range.upperBound
    }
    #expect(start == problem.parameters.count)
  }

  @Test("A block apart in memory is solved as any other")
  func apart() throws {
    let apart = SmallProblem(
      ApartInMemory(), SoftmaxCrossEntropy(), inputShape: [6, 4], outputs: 3)
    let (state, direction) = try apart.afterOneStep(KFAC(estimation: .exact), damping: 0.1)
    // By name, the biases come first: b₀, b₁, W₀, W₁.
    let entries = apart.model.layout.entries
    let places = Dictionary(uniqueKeysWithValues: entries.map { ($0.shape, $0.range) })
    let order = [[4, 5], [5]].flatMap { Array(places[$0] ?? 0..<0) }
    let gradient = apart.gradient(at: apart.parameters)
    let index = try #require(
      stride(from: 0, to: 8, by: 4).first {
        state.vectors[$0].count == 25 && state.vectors[$0 + 1].count == 25
      })
    let product = factoredProduct(
      upperTriangle(state.vectors[index]), upperTriangle(state.vectors[index + 1]), 0.1,
      locations: 1, order.map { direction[$0] })
    #expect(deviation(product, order.map { gradient[$0] }) < 1e-11)
  }

  @Test(
    "Exact inverses, and blocks with a factor 1×1, solve (Ĉ + λI)d = g",
    arguments: [DataType.float64, .float32])
  func exact(_ type: DataType) throws {
    let tolerance = type == .float64 ? 1e-11 : 2e-4
    let problems: [(SmallProblem, KFAC)] = [
      (Problem.tanh.make(SoftmaxCrossEntropy(), type), KFAC(usesExactInverses: true)),
      (Problem.sequence.make(SquaredError(), type), KFAC(usesExactInverses: true)),
      (Problem.tied.make(SquaredError(), type), KFAC(usesExactInverses: true)),
      // One output; one input without a bias; both.
      (SmallProblem(Dense(4, 1), SquaredError(), inputShape: [6, 4], outputs: 1, type), KFAC()),
      (
        SmallProblem(
          Dense(1, 3, hasBias: false), SoftmaxCrossEntropy(), inputShape: [6, 1], outputs: 3, type),
        KFAC()
      ),
      (
        SmallProblem(
          Dense(1, 1, hasBias: false), SquaredError(), inputShape: [6, 1], outputs: 1, type), KFAC()
      ),
    ]
    for (problem, kfac) in problems {
      let (state, direction) = try problem.afterOneStep(kfac, damping: 0.25, l2: 0.05)
      let parameters = problem.parameters.doubles
      let gradient = zip(problem.gradient(at: problem.parameters), parameters)
        .map { $0 + 0.05 * $1 }
      // The weight of the regularization is damping as well.
      let product = zip(times(try problem.approximation(kfac, state), direction), direction)
        .map { $0 + 0.3 * $1 }
      #expect(deviation(product, gradient) < tolerance)
    }
  }

  @Test("Where a trace is zero, the block is λI", arguments: [false, true])
  func zeroTrace(_ isExact: Bool) throws {
    // Zero inputs: A of a layer without bias is 0; a dead layer: G is 0.
    var problem = SmallProblem(
      Sequential(Dense(4, 3, activation: .relu, hasBias: false), Dense(3, 2)), SquaredError(),
      inputShape: [5, 4], outputs: 2)
    problem.inputs.overwrite(with: .zeros([5, 4], .float64))
    let kfac = KFAC(estimation: .exact, usesExactInverses: isExact)
    var direction = try problem.afterOneStep(kfac, damping: 0.5).direction
    #expect(direction[..<12].allSatisfy { $0 == 0 })
    #expect(direction[12...].contains { $0 != 0 })

    problem = Problem.tanh.make(SquaredError())
    let regularized = try problem.afterOneStep(
      KFAC(usesExactInverses: isExact), damping: 0.5, l2: 0.1)
    #expect(regularized.state.scalars[1] == 0.6)
    // With output weights of zero nothing comes back to the first layer but the regularization.
    var elements = problem.parameters.doubles
    for place in 25..<40 { elements[place] = 0 }
    var method = Method(direction: kfac, learningRate: FixedRate(1), damping: ConstantDamping(0.5))
    method.weightDecay.l2 = 0.1
    var point = FlatVector(elements)
    var optimizer = try Optimizer(method, for: point)
    try optimizer.step(&point, on: problem.objective)
    direction = zip(elements, point.doubles).map { $0 - $1 }
    #expect(deviation(Array(direction[..<25]), elements[..<25].map { 0.1 * $0 / 0.6 }) < 1e-13)
  }

  @Test("Singular factors never put NaN into the parameters", arguments: [1e-8, 0], [false, true])
  func singular(_ damping: Double, _ isExact: Bool) throws {
    // A dead unit, a constant input, an input that is a copy, and one that is always zero.
    let layers = Sequential(Dense(6, 5, activation: .relu), Dense(5, 3))
    for examples in [1, 8] {
      for loss in Self.losses {
        let problem = SmallProblem(
          layers, loss, inputShape: [examples, 6], outputs: 3, .float32)
        var x = problem.inputs.doubles
        for row in 0..<examples {
          x[6 * row] = 1
          x[6 * row + 1] = x[6 * row + 2]
          x[6 * row + 3] = 0
          x[6 * row + 4] *= 1e4
        }
        let inputs = Tensor(x, shape: [examples, 6]).to(.float32)
        var elements = problem.parameters.doubles
        for input in 0..<6 { elements[5 * input] = 0 }
        elements[30] = -1
        let objective = NetworkObjective(
          problem.model, loss, inputs: inputs, targets: problem.targets)
        for learningRate in [FixedRate(0.1), QuadraticRate()] as [any LearningRate] {
          var method = Method.kfac(
            KFAC(usesExactInverses: isExact),
            damping: LevenbergMarquardt(initial: damping, floor: damping))
          method.learningRate = learningRate
          method.acceptance = OnlyDecreases()
          var point = FlatVector(elements, .float32)
          var optimizer = try Optimizer(method, for: point)
          let first = objective.evaluate(at: point).loss
          for _ in 0..<20 {
            try optimizer.step(&point, on: objective)
            #expect(point.doubles.allSatisfy { $0.isFinite })
          }
          #expect(objective.evaluate(at: point).loss <= first)
        }
      }
    }
  }

  @Test("A factor that is not positive definite in float32 is damped more, and reported")
  func fallback() throws {
    // Inputs in a plane: twenty of the factor's eigenvalues are rounding's.
    var generator = SeededGenerator(seed: 5)
    let basis = (0..<2).map { _ in (0..<20).map { _ in 100 * generator.normal() } }
    let x = (0..<30).flatMap { _ in
      let (a, b) = (generator.normal(), generator.normal())
      return zip(basis[0], basis[1]).map { a * $0 + b * $1 }
    }
    let model = Model(Dense(20, 3))
    var point = model.initialParameters(using: &generator)
    let start = point.doubles
    let targets = Tensor((0..<30).map { Int64($0 % 3) })
    let objective = NetworkObjective(
      model, SoftmaxCrossEntropy(), inputs: Tensor(x, shape: [30, 20]).to(.float32),
      targets: targets)
    let rule = LevenbergMarquardt(initial: 1e-12, floor: 1e-12, ratioCurvature: .undamped)
    var optimizer = try Optimizer(.kfac(damping: rule), for: point)
    let report = try optimizer.step(&point, on: objective)
    #expect(report.events.contains(.factorDampingRaised))
    #expect(report.isTaken)
    #expect(report.slope > 0)
    #expect(point.doubles.allSatisfy { $0.isFinite })
    #expect(point.doubles != start)
    #expect(report.events.names.contains("factor damping raised"))
  }

  @Test("A loss or gradient that is not finite takes the step back", arguments: [false, true])
  func notFinite(_ isExact: Bool) throws {
    let problem = Problem.relu.make(SquaredError())
    let x = problem.inputs.doubles
    var optimizer = try Optimizer(
      .kfac(KFAC(usesExactInverses: isExact)), for: problem.parameters)
    var point = problem.parameters
    try optimizer.step(&point, on: problem.objective)
    let (before, state) = (point.doubles, optimizer.state)
    for value in [Double.infinity, .nan, 1e200] {
      let inputs = Tensor([value] + x.dropFirst(), shape: [6, 4])
      let report = try optimizer.step(
        &point,
        on: NetworkObjective(
          problem.model, problem.loss, inputs: inputs, targets: problem.targets))
      #expect(!report.isTaken)
      #expect(point.doubles == before)
      #expect(
        optimizer.state.direction.vectors.map(\.doubles) == state.direction.vectors.map(\.doubles))
      #expect(optimizer.state.direction.scalars == state.direction.scalars)
      #expect(optimizer.state.velocity?.doubles == state.velocity?.doubles)
    }
    #expect(optimizer.state.damping.damping(at: 0) > state.damping.damping(at: 0))
    #expect(try optimizer.step(&point, on: problem.objective).isTaken)
  }
}
