import AdamQLR
import Foundation
import Testing

/// Any α, without a range.
private struct AnyRate: LearningRate {
  var value: Double
  init(_ value: Double) { self.value = value }
  func rate(_ model: inout QuadraticModel) -> Double { value }
}

@Suite("Out of the ordinary")
struct EventTests {
  @Test(
    "A broken step leaves everything but λ", arguments: Sample.methods.map(\.name),
    Breakage.allCases)
  func broken(_ name: String, _ breakage: Breakage) throws {
    let method = try #require(Sample.methods.first { $0.name == name }?.method)
    try broken(method, breakage, Double.self)
    try broken(method, breakage, Float.self)
  }

  private func broken<Element: ParameterScalar>(
    _ method: Method, _ breakage: Breakage, _: Element.Type
  ) throws {
    let objective = WavyFit().objective(Element.self)
    var parameters: [Element] = elements(WavyFit.start)
    var optimizer = try Optimizer(method, for: parameters)
    for _ in 0..<4 { try optimizer.step(&parameters, on: objective) }
    let before = (parameters: parameters, state: optimizer.state)

    let report = try optimizer.step(&parameters, on: breakage.objective(at: parameters))
    #expect(report.events.contains(breakage.event) && !report.isTaken)
    #expect(report.step == 5 && parameters == before.parameters)
    let raised = before.state.damping.damping(at: 4) * 2
    #expect(report.nextDamping == raised && optimizer.damping == raised)
    // With λ put back, all is as it was, and the run goes on as if nothing had happened.
    optimizer.state.damping = before.state.damping
    optimizer.state.step = before.state.step
    #expect(try encoded(optimizer.state) == encoded(before.state))
    var other = try Optimizer(method, for: parameters)
    other.state = before.state
    var theirs = parameters
    for _ in 0..<4 {
      try optimizer.step(&parameters, on: objective)
      try other.step(&theirs, on: objective)
      #expect(parameters == theirs)
    }
  }

  @Test("Methods without λ take broken steps back too", arguments: [Breakage.loss, .gradient])
  func undamped(_ breakage: Breakage) throws {
    for method in [Method.adam(), .sgd(), .adamW(), .paperAdamQLR(damping: nil)] {
      var parameters = WavyFit.start
      var optimizer = try Optimizer(method, for: parameters)
      let report = try optimizer.step(&parameters, on: breakage.objective(at: parameters))
      #expect(report.events == breakage.event && parameters == WavyFit.start)
      #expect(optimizer.state.direction.step == 0 && report.nextDamping == 0)
    }
  }

  @Test("A step into infinity is not made")
  func nonFiniteUpdate() throws {
    let steep = ClosureObjective<[Double]>(loss: { 100 * $0[0] }, gradient: { _ in [100, 0] })
    for rate in [1e308, -1e308, .nan, .infinity] {
      var parameters = [1.0, 2]
      let method = Method(direction: StochasticGradientDescent(), learningRate: AnyRate(rate))
      var optimizer = try Optimizer(method, for: parameters)
      let report = try optimizer.step(&parameters, on: steep)
      #expect(report.events == .nonFiniteUpdate && parameters == [1, 2])
    }
    // 1e30 fits a double, but not 100 times 1e37 a float.
    let single = ClosureObjective<[Float]>(loss: { Double($0[0]) }, gradient: { _ in [100, 0] })
    var parameters: [Float] = [1, 2]
    var optimizer = try Optimizer(.sgd(learningRate: 1e37), for: parameters)
    #expect(try optimizer.step(&parameters, on: single).events == .nonFiniteUpdate)
    #expect(parameters == [1, 2])
    var amplified = Method.paperAdamQLR()
    amplified.learningRate = QuadraticRate { $0.amplification = 1e308 }
    let fit = WavyFit()
    var theta = WavyFit.start.map { $0 * 1e-3 }
    let start = theta
    var other = try Optimizer(amplified, for: theta)
    let small = ClosureObjective<[Double]>(
      loss: fit.loss, gradient: { _ in [1e3, 1, 1] },
      curvatureVectorProduct: { _, d in d.map { 1e-9 * $0 } })
    let report = try other.step(&theta, on: small)
    #expect(report.events.contains(.nonFiniteUpdate) && theta == start)
    #expect(report.nextDamping == 2e-3)
  }

  @Test("A gradient whose square overflows single precision does not poison Adam's moments")
  func overflowingSquare() throws {
    let steep = ClosureObjective<[Float]>(
      loss: { Double($0[0]) }, gradient: { _ in [1e20, 1] }, curvatureVectorProduct: { $1 })
    for method in [Method.adam(), .paperAdamQLR()] {
      var parameters: [Float] = [1, 2]
      var optimizer = try Optimizer(method, for: parameters)
      let report = try optimizer.step(&parameters, on: steep)
      #expect(report.events == .nonFiniteGradient && parameters == [1, 2])
      #expect(optimizer.state.direction.vectors == [[0, 0], [0, 0]])
    }
    // Moments of 1e18 are fine.
    let large = ClosureObjective<[Float]>(
      loss: { Double($0[0]) }, gradient: { _ in [1e18, -1e18] })
    var parameters: [Float] = [1, 2]
    var optimizer = try Optimizer(.adam(learningRate: 0.5), for: parameters)
    #expect(try optimizer.step(&parameters, on: large).events == [])
    #expect(areClose(parameters, [0.5, 2.5], 1e-5))
  }

  @Test("A model whose curvature overflows through λ is taken back")
  func overflowingModel() throws {
    let objective = WavyFit().objective()
    var parameters = WavyFit.start
    var method = Method.sgdQLR(damping: .init(initial: 1e308))
    method.learningRate = QuadraticRate { $0.curvatureAverage = CurvatureAverage(decay: 0.5) }
    var optimizer = try Optimizer(method, for: parameters)
    let scaled = ClosureObjective<[Double]>(
      loss: { objective.linearize(at: $0).loss }, gradient: { _ in [10, 0, 0] },
      curvatureVectorProduct: { $1 })
    let report = try optimizer.step(&parameters, on: scaled)
    #expect(report.events == .nonFiniteCurvature && parameters == WavyFit.start)
    let rate = try #require(optimizer.state.learningRate as? QuadraticRate)
    #expect(rate.curvatureAverage == CurvatureAverage(decay: 0.5))
  }

  @Test("A broken independent batch is as bad as a broken batch", arguments: Breakage.allCases)
  func brokenIndependentBatch(_ breakage: Breakage) throws {
    var method = Method.paperAdamQLR()
    method.model.batch = .independent
    var parameters = WavyFit.start
    var optimizer = try Optimizer(method, for: parameters)
    let fine = ClosureObjective<[Double]>(
      loss: WavyFit().loss, gradient: WavyFit().gradient)
    let report = try optimizer.step(
      &parameters, on: fine, independent: breakage.objective(at: parameters))
    #expect(report.events == breakage.event)
    #expect(parameters == WavyFit.start && report.nextDamping == 2e-3)
    #expect(optimizer.state.direction.step == 0)
  }

  @Test("gᵀd ≤ 0 is flagged, and α has its sign")
  func ascent() throws {
    let fit = WavyFit()
    var parameters = WavyFit.start
    var method = Method.sgdQLR(damping: nil)
    method.direction = Uphill()
    var optimizer = try Optimizer(method, for: parameters)
    let report = try optimizer.step(&parameters, on: fit.objective())
    #expect(report.events == .ascentDirection && report.learningRate < 0 && report.isTaken)
    #expect(fit.loss(parameters) < fit.loss(WavyFit.start))
    method.learningRate = FixedRate(0.01)
    optimizer = try Optimizer(method, for: parameters)
    let before = fit.loss(parameters)
    #expect(try optimizer.step(&parameters, on: fit.objective()).events == .ascentDirection)
    #expect(fit.loss(parameters) > before)
  }

  @Test("A zero direction changes nothing but the step count")
  func zeroDirection() throws {
    let flat = ClosureObjective<[Double]>(
      loss: { _ in 3 }, gradient: { $0.zeros() }, curvatureVectorProduct: { _, d in d })
    for method in [Method.paperAdamQLR(), .sgdQLR(), .adam(), .sgd(momentum: 0.9)] {
      var parameters = [1.0, -2]
      var optimizer = try Optimizer(method, for: parameters)
      let report = try optimizer.step(&parameters, on: flat)
      #expect(report.events == .zeroDirection && !report.isTaken && parameters == [1, -2])
      #expect(report.nextDamping == method.damping.damping(at: 0) && report.directionNorm == 0)
      #expect(optimizer.state.step == 1)
    }
    // Momentum that is left moves on over a flat place, which is no descent.
    var method = Method.sgd(learningRate: 0.5, momentum: 0.5)
    method.acceptance = OnlyDecreases()
    var parameters = [1.0]
    var optimizer = try Optimizer(method, for: parameters)
    optimizer.state.direction.vectors = [[4]]
    let plain = ClosureObjective<[Double]>(loss: { _ in 3 }, gradient: { $0.zeros() })
    #expect(try optimizer.step(&parameters, on: plain).events == .ascentDirection)
    #expect(parameters == [0])
  }

  @Test("Events are told in words")
  func words() {
    #expect(StepEvents().description == "" && StepEvents().names == [])
    let all = (0..<10).map { StepEvents(rawValue: 1 << $0) }
    #expect(Set(all.map(\.description)).count == 10 && all.allSatisfy { $0.names.count == 1 })
    let two: StepEvents = [.rejected, .ascentDirection]
    #expect(two.description == "step rejected, gᵀd ≤ 0")
    #expect(StepEvents.preventing.isSuperset(of: .nonFinite))
    #expect(StepEvents.preventing.isDisjoint(with: [.negativeCurvature, .predictedIncrease]))
  }
}
