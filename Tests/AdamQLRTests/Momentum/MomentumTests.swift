import AdamQLR
import Testing

@Suite("Momentum of the step")
struct MomentumTests {
  static let directions: [any Direction] = [StochasticGradientDescent(), Adam()]

  /// A step's d, v, u and report.
  private struct Recorded {
    var gradient: [Double]
    var direction: [Double]
    var velocity: [Double]
    var update: [Double]
    var report: StepReport
  }

  private func run(
    _ method: Method, steps: Int = 6, _ objective: ClosureObjective<[Double]> = Bowl.objective
  ) throws -> [Recorded] {
    var point = [1.0, 1, 1]
    var optimizer = try Optimizer(method, for: point)
    // The same direction on its own, to know d.
    var shadow = try Optimizer(
      Method(direction: method.direction, learningRate: FixedRate(1)), for: point)
    var records: [Recorded] = []
    for _ in 0..<steps {
      var target = point
      shadow.state.direction = optimizer.state.direction
      try shadow.step(&target, on: objective)
      let (before, velocity) = (point, optimizer.state.velocity ?? [])
      let report = try optimizer.step(&point, on: objective)
      records.append(
        Recorded(
          gradient: Bowl.gradient(before), direction: zip(before, target).map { $0 - $1 },
          velocity: velocity, update: zip(point, before).map { $0 - $1 }, report: report))
    }
    return records
  }

  private func damped(_ a: [Double], _ b: [Double], _ damping: Double) -> Double {
    inner(a, product(Bowl.matrix, b)) + damping * inner(a, b)
  }

  @Test("α and μ together minimize the quadratic model", arguments: [0, 1])
  func joint(_ index: Int) throws {
    var method = Method(
      direction: Self.directions[index], learningRate: QuadraticRate(),
      damping: ConstantDamping(0.3))
    method.momentum = QuadraticMomentum()
    let records = try run(method)
    #expect(records[0].report.momentum == 0)
    for (number, record) in records.enumerated() {
      let (d, v) = (record.direction, record.velocity)
      let (alpha, mu) = (record.report.learningRate, try #require(record.report.momentum))
      #expect(deviation(record.update, zip(d, v).map { -alpha * $0 + mu * $1 }) < 1e-10)
      // The model's gradient has no part along d and v.
      let scale = abs(inner(record.gradient, d)) + 1e-300
      #expect(abs(inner(record.gradient, d) + damped(d, record.update, 0.3)) < 1e-10 * scale)
      if number > 0 {
        #expect(mu != 0)
        #expect(abs(inner(record.gradient, v) + damped(v, record.update, 0.3)) < 1e-9 * scale)
        #expect(deviation(record.velocity, records[number - 1].update) < 1e-12)
      }
    }
  }

  @Test("With the gradient's direction and no damping, it is the method of conjugate gradients")
  func conjugateGradients() throws {
    var method = Method(
      direction: StochasticGradientDescent(), learningRate: QuadraticRate())
    method.momentum = QuadraticMomentum()
    let plain = Method(
      direction: StochasticGradientDescent(), learningRate: QuadraticRate())
    var (point, other) = ([1.0, 1, 1], [1.0, 1, 1])
    var (optimizer, slow) = (try Optimizer(method, for: point), try Optimizer(plain, for: other))
    for _ in 0..<3 {
      try optimizer.step(&point, on: Bowl.objective)
      try slow.step(&other, on: Bowl.objective)
    }
    // As many steps as parameters.
    #expect(deviation(point, Bowl.solution) < 1e-9)
    #expect(Bowl.loss(other) - Bowl.least > 1e-3)
  }

  @Test("A given μ changes α, a given α changes μ", arguments: [0, 1])
  func oneGiven(_ index: Int) throws {
    let schedule = Schedule(peak: 0.6, warmUp: 3)
    for momentum in [FixedMomentum(0.5), ScheduledMomentum(schedule)] as [any Momentum] {
      var method = Method(
        direction: Self.directions[index], learningRate: QuadraticRate(),
        damping: ConstantDamping(0.2))
      method.momentum = momentum
      for (step, record) in try run(method).enumerated() {
        let (d, v) = (record.direction, record.velocity)
        let mu = momentum is FixedMomentum ? 0.5 : schedule.value(at: step)
        #expect(record.report.momentum == mu)
        let expected =
          (inner(record.gradient, d) + mu * damped(d, v, 0.2)) / damped(d, d, 0.2)
        #expect(deviation(record.report.learningRate, expected) < 1e-10)
        #expect(
          deviation(record.update, zip(d, v).map { -expected * $0 + mu * $1 }) < 1e-9)
      }
    }
    var method = Method(
      direction: Self.directions[index], learningRate: FixedRate(0.05),
      damping: ConstantDamping(0.2))
    method.momentum = QuadraticMomentum()
    for record in try run(method).dropFirst() {
      let (d, v) = (record.direction, record.velocity)
      let expected = (0.05 * damped(d, v, 0.2) - inner(record.gradient, v)) / damped(v, v, 0.2)
      #expect(deviation(try #require(record.report.momentum), expected) < 1e-10)
    }
    method.momentum = FixedMomentum(0.9)
    for record in try run(method) {
      let expected = zip(record.direction, record.velocity).map { -0.05 * $0 + 0.9 * $1 }
      #expect(deviation(record.update, expected) < 1e-12)
      // Nothing here needs the curvature.
      #expect(record.report.curvature == nil)
    }
  }

  @Test("Where d and v are parallel, α alone is chosen")
  func singular() throws {
    let line = ClosureObjective<[Double]>(
      loss: { 0.5 * 3 * $0[0] * $0[0] + 0.1 * $0[0] * $0[0] * $0[0] },
      gradient: { [3 * $0[0] + 0.3 * $0[0] * $0[0]] },
      curvatureVectorProduct: { _, d in [3 * d[0]] })
    var method = Method(
      direction: StochasticGradientDescent(), learningRate: QuadraticRate(),
      damping: ConstantDamping(0.5))
    method.momentum = QuadraticMomentum()
    var point = [1.0]
    var optimizer = try Optimizer(method, for: point)
    for _ in 0..<5 {
      let report = try optimizer.step(&point, on: line)
      #expect(report.momentum == 0)
      #expect(deviation(report.learningRate, 1 / 3.5) < 1e-14)
    }
  }

  @Test("The predicted change is that of the whole update, with λ or without")
  func prediction() throws {
    for isUndamped in [false, true] {
      var rule = LevenbergMarquardt(initial: 0.4)
      rule.ratioCurvature = isUndamped ? .undamped : .model
      var method = Method(
        direction: Adam(), learningRate: QuadraticRate(),
        damping: rule)
      method.momentum = QuadraticMomentum()
      method.clipping.updateNorm = 0.2
      for record in try run(method) {
        let u = record.update
        let expected =
          inner(record.gradient, u) + 0.5 * damped(u, u, isUndamped ? 0 : record.report.damping)
        #expect(deviation(try #require(record.report.predictedChange), expected) < 1e-9)
        #expect(deviation(record.report.updateNorm, inner(u, u).squareRoot()) < 1e-9)
        // Of a quadratic function the undamped model is exact.
        if isUndamped { #expect(abs(try #require(record.report.reductionRatio) - 1) < 1e-6) }
      }
    }
  }

  @Test("λ adapts after every T steps, by the T-th power, and losses are evaluated then only")
  func interval() throws {
    var rule = LevenbergMarquardt(initial: 1, decreaseFactor: 0.9, increaseFactor: 1 / 0.9)
    rule.ratioCurvature = .undamped
    rule.interval = 3
    let method = Method(
      direction: StochasticGradientDescent(), learningRate: QuadraticRate(),
      damping: rule)
    for record in try run(method, steps: 7) {
      let report = record.report
      let isDue = report.step.isMultiple(of: 3)
      #expect((report.newLoss != nil) == isDue)
      #expect((report.reductionRatio != nil) == isDue)
      #expect(report.predictedChange != nil)
      // ρ is 1 on a quadratic function.
      let expected = isDue ? report.damping * 0.9 * 0.9 * 0.9 : report.damping
      #expect(deviation(report.nextDamping, expected) < 1e-14)
    }
  }

  @Test("λ follows a schedule")
  func dampingSchedule() throws {
    let schedule = Schedule.piecewise(peak: 2, [2: 0.5])
    let method = Method(
      direction: StochasticGradientDescent(), learningRate: QuadraticRate(),
      damping: ScheduledDamping(schedule))
    let reports = try run(method, steps: 4).map(\.report)
    #expect(reports.map(\.damping) == [2, 2, 1, 1])
    #expect(reports.map(\.nextDamping) == [2, 1, 1, 1])
    for record in try run(method, steps: 4) {
      let (g, d) = (record.gradient, record.direction)
      #expect(
        deviation(record.report.learningRate, inner(g, d) / damped(d, d, record.report.damping))
          < 1e-12)
    }
  }

  @Test("The norm constraint shortens the direction to α²gᵀd ≤ c")
  func normConstraint() throws {
    var method = Method(direction: Adam(), learningRate: FixedRate(0.1))
    method.clipping.normConstraint = 1e-3
    for record in try run(method) {
      let norm = 0.01 * inner(record.gradient, record.direction)
      #expect(deviation(try #require(record.report.scaledGradientSquaredNorm), norm) < 1e-10)
      let factor = norm > 1e-3 ? (1e-3 / norm).squareRoot() : 1
      #expect(deviation(record.update, record.direction.map { -0.1 * factor * $0 }) < 1e-9)
    }
  }

  @Test("Regularization is the same as a term in the loss")
  func regularization() throws {
    let weight = 0.7
    let explicit = ClosureObjective<[Double]>(
      loss: { Bowl.loss($0) + 0.5 * weight * inner($0, $0) },
      gradient: { zip(Bowl.gradient($0), $0).map { $0 + weight * $1 } },
      curvatureVectorProduct: { _, d in
        zip(product(Bowl.matrix, d), d).map { $0 + weight * $1 }
      })
    for usesIndependentBatch in [false, true] {
      var method = Method.paperAdamQLR()
      method.momentum = QuadraticMomentum()
      method.model.batch = usesIndependentBatch ? .independent : .own
      var (point, other) = ([1.0, 1, 1], [1.0, 1, 1])
      var expected = try Optimizer(method, for: other)
      method.weightDecay.l2 = weight
      var optimizer = try Optimizer(method, for: point)
      for _ in 0..<6 {
        let ours = try optimizer.step(
          &point, on: Bowl.objective, independent: Bowl.objective)
        let theirs = try expected.step(&other, on: explicit, independent: explicit)
        #expect(deviation(point, other) < 1e-10)
        #expect(deviation(ours.loss, theirs.loss) < 1e-12)
        #expect(ours.nextDamping == theirs.nextDamping)
      }
    }
  }

  @Test("A rejected step leaves v as it was")
  func rejection() throws {
    var method = Method(direction: StochasticGradientDescent(), learningRate: FixedRate(0.05))
    method.momentum = FixedMomentum(0.9)
    method.acceptance = OnlyDecreases()
    var point = [1.0, 1, 1]
    var optimizer = try Optimizer(method, for: point)
    try optimizer.step(&point, on: Bowl.objective)
    let velocity = try #require(optimizer.state.velocity)
    #expect(velocity.contains { $0 != 0 })
    // From the minimum every step goes up.
    point = Bowl.solution.map { $0 + 1e-9 }
    let before = point
    let report = try optimizer.step(&point, on: Bowl.objective)
    #expect(report.events.contains(.rejected))
    #expect(point == before)
    #expect(optimizer.state.velocity == velocity)
  }
}
