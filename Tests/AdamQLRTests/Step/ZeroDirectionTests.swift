import AdamQLR
import Testing

/// Where the gradient, and with it the direction, is 0, momentum and decay go on.
@Suite("Zero direction")
struct ZeroDirectionTests {
  /// Parameters after each step with these gradients; curvature 1.
  private func run(
    _ method: Method, from start: [Double], _ gradients: [[Double]]
  ) throws -> [(parameters: [Double], report: StepReport)] {
    var parameters = start
    var optimizer = try Optimizer(method, for: parameters)
    return try gradients.map { gradient in
      let report = try optimizer.step(
        &parameters,
        on: ClosureObjective<[Double]>(
          loss: { inner($0, gradient) + 5 }, gradient: { _ in gradient },
          curvatureVectorProduct: { $1 }))
      return (parameters, report)
    }
  }

  @Test("AdamW decays")
  func adamW() throws {
    let run = try run(
      .adamW(learningRate: 0.1, weightDecay: 0.5), from: [1, -2], [[0, 0], [0, 0]])
    #expect(areClose(run[0].parameters, [0.95, -1.9], 1e-15))
    #expect(areClose(run[1].parameters, [0.9025, -1.805], 1e-15))
    #expect(run.allSatisfy { $0.report.isTaken && $0.report.updateNorm == 0 })
  }

  @Test("Momentum repeats the update")
  func momentum() throws {
    var method = Method.sgd(learningRate: 0.1)
    method.momentum = FixedMomentum(0.9)
    let run = try run(method, from: [1], [[1], [0], [0], [1]])
    for (step, expected) in zip(run, [0.9, 0.81, 0.729, 0.5561]) {
      #expect(areClose(step.parameters, [expected], 1e-15))
    }
    #expect(run.map(\.report.isTaken) == [true, true, true, true])
    #expect(run.map(\.report.momentum) == [0.9, 0.9, 0.9, 0.9])
  }

  @Test("Momentum repeats the update where α comes from the model, which says nothing then")
  func quadraticRate() throws {
    var method = Method(
      direction: StochasticGradientDescent(),
      learningRate: QuadraticRate {
        $0.memory = CurvatureMemory(.decay(0.9), order: 2)
        $0.plausibility = Plausibility(decrease: 0.1)
        $0.averaging = 0.5
      }, damping: LevenbergMarquardt(initial: 1))
    method.momentum = FixedMomentum(0.5)
    var parameters = [1.0]
    var optimizer = try Optimizer(method, for: parameters)
    func step(_ gradient: Double) throws -> StepReport {
      try optimizer.step(
        &parameters,
        on: ClosureObjective<[Double]>(
          loss: { 3 + gradient * $0[0] + 0.5 * $0[0] * $0[0] }, gradient: { _ in [gradient] },
          curvatureVectorProduct: { $1 }))
    }
    // α is half of 1/(1 + 1), as an average from 0.
    #expect(try step(2).isTaken && parameters == [0.5])
    let learned = try #require(optimizer.state.learningRate as? QuadraticRate)
    let report = try step(0)
    #expect(parameters == [0.25] && report.learningRate == 0 && report.momentum == 0.5)
    // With λ = ½ or 2, 0.25² of which half is in the model.
    let damping = report.damping
    #expect(isClose(report.predictedChange, 0.5 * (1 + damping) * 0.0625))
    #expect(optimizer.state.learningRate as? QuadraticRate == learned)
    #expect(optimizer.state.velocity == [-0.25])
  }

  @Test("A μ from the model, which has no minimum along d = 0, is 0")
  func quadraticMomentum() throws {
    for rate in [QuadraticRate(), FixedRate(0.25)] as [any LearningRate] {
      var method = Method(
        direction: StochasticGradientDescent(), learningRate: rate, damping: ConstantDamping(1))
      method.momentum = QuadraticMomentum()
      method.weightDecay.rate = 0.5
      let run = try run(method, from: [1, 1], [[1, 0], [0, 0]])
      #expect(run[1].report.momentum == 0 && run[1].report.isTaken)
      // Decay alone.
      #expect(areClose(run[1].parameters, run[0].parameters.map { 0.5 * $0 }, 1e-15))
    }
  }

  @Test("Decay that is scaled by α needs an α that is known without a direction")
  func scaledDecay() throws {
    for (rate, factor) in [
      (FixedRate(0.25), 0.875), (ScheduledRate(Schedule(peak: 0.5, warmUp: 2)), 0.875),
      (QuadraticRate(), 1),
    ] as [(any LearningRate, Double)] {
      var method = Method(
        direction: Adam(), learningRate: rate, damping: LevenbergMarquardt())
      method.weightDecay = WeightDecay(rate: 0.5, isScaledByLearningRate: true)
      let run = try run(method, from: [1, -2], [[0, 0]])
      #expect(areClose(run[0].parameters, [factor, -2 * factor], 1e-15))
      #expect(run[0].report.events.contains(.zeroDirection) == (factor == 1))
    }
  }

  @Test("Without either, all stays as it is but what is counted")
  func nothing() throws {
    for (name, method) in Sample.presets where method.weightDecay.rate == 0 {
      var (parameters, zeros) = ([1.0, -2, 0.5], [0.0, 0, 0])
      // Schedule-Free's decay and SGD's L2 are part of the direction.
      zeros = method.direction.l2 == 0 ? zeros : parameters.map { -method.direction.l2 * $0 }
      let l2 = method.weightDecay.l2
      if l2 != 0 { zeros = parameters.map { -l2 * $0 } }
      let flat = ClosureObjective<[Double]>(
        loss: { _ in 3 }, gradient: { [zeros] _ in zeros }, curvatureVectorProduct: { $1 })
      var optimizer = try Optimizer(method, for: parameters)
      let before = optimizer.state
      let report = try optimizer.step(&parameters, on: flat, independent: flat)
      #expect(report.events == .zeroDirection && !report.isTaken, "\(name)")
      #expect(parameters == [1, -2, 0.5] && report.directionNorm == 0, "\(name)")
      #expect(report.nextDamping == report.damping && optimizer.state.step == 1, "\(name)")
      #expect(optimizer.state.direction.step == 1 && optimizer.state.lastRate == nil, "\(name)")
      for (old, new) in [
        (before.learningRate, optimizer.state.learningRate),
        (before.damping, optimizer.state.damping), (before.momentum, optimizer.state.momentum),
      ] as [(any Heuristic, any Heuristic)] {
        #expect(AnyHashable(old) == AnyHashable(new), "\(name)")
      }
    }
  }
}
