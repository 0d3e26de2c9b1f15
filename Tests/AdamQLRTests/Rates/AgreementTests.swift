import AdamQLR
import Testing

@Suite("The agreement of batches, and over-relaxation by it")
struct AgreementTests {
  /// The rate's factor after steps whose next batch finds σS − καK, at lengths that vary.
  private func rate(
    sigma: Double, kappa: Double, count: Int
  ) throws -> (rule: Agreement, quadratic: QuadraticRate) {
    var rate = QuadraticRate { $0.agreement = Agreement(overRelaxation: 0.8) }
    var generator = SplitMix64(seed: 3)
    var before: (slope: Double, curvature: Double, rate: Double)?
    for _ in 0..<count {
      let curvature = 1 + Double(generator.next() % 1000) / 250
      var model = QuadraticModel(loss: 1, slope: 3, squaredNorm: 2, curvature: curvature)
      model.previous = before.map {
        QuadraticModel.PreviousDirection(
          slope: sigma * $0.slope - kappa * $0.rate * $0.curvature, squaredNorm: 2, rate: $0.rate)
      }
      _ = rate.rate(&model)
      // The step that is applied is another than the rule's, as with an envelope.
      before = (3, curvature, 0.5)
    }
    return (try #require(rate.agreement), rate)
  }

  @Test(
    "σ is what least squares find",
    arguments: [(1.0, 1.0), (0.5, 0.8), (0.1, 0.3), (0, 0.5), (-0.4, 0.2), (1.3, 1)])
  func agreement(_ sigma: Double, _ kappa: Double) throws {
    let (rule, _) = try rate(sigma: sigma, kappa: kappa, count: 400)
    let expected = min(max(sigma, 0), 1)
    #expect(abs(rule.sigma - expected) < 0.03)
    #expect(isClose(rule.factor, 1 + 0.8 * rule.sigma, 1e-15))
  }

  @Test("What steps do not show counts as disagreement")
  func undecided() throws {
    #expect(Agreement(overRelaxation: 0.5).sigma == 0)
    // Each to the lowest point along its direction, where the next slope is 0 for any σ = κ.
    var rate = QuadraticRate { $0.agreement = Agreement(overRelaxation: 0) }
    for step in 0..<100 {
      var model = QuadraticModel(loss: 1, slope: 3, squaredNorm: 2, curvature: 4)
      if step > 0 { model.previous = .init(slope: 0, squaredNorm: 2, rate: 0.75) }
      _ = rate.rate(&model)
    }
    #expect(try #require(rate.agreement).sigma < 0.01)
  }

  @Test("α is multiplied by the factor")
  func factor() throws {
    var (_, relaxed) = try rate(sigma: 0.8, kappa: 0.9, count: 50)
    var plain = QuadraticRate()
    var model = QuadraticModel(loss: 1, slope: 3, squaredNorm: 2, curvature: 4)
    var other = model
    #expect(plain.rate(&model) == 0.75)
    let alpha = relaxed.rate(&other)
    let factor = try #require(relaxed.agreement).factor
    #expect(isClose(alpha, 0.75 * factor, 1e-15) && factor > 1.3)
  }

  @Test("With one batch σ is 1 − rᵗ, and the direction before is not remembered")
  func whole() throws {
    let rule = QuadraticRate { $0.agreement = Agreement(overRelaxation: 0.5) }
    #expect(rule.needs == [.curvature, .previousDirection])
    let whole = rule.resolved(for: RunShape(batchesPerEpoch: 1))
    #expect(whole.needs == .curvature)
    var rate = whole
    for step in 1...50 {
      var model = QuadraticModel(loss: 1, slope: 3, squaredNorm: 2, curvature: 4)
      let alpha = rate.rate(&model)
      let sigma = 1 - (0..<step).reduce(1.0) { power, _ in power * 0.95 }
      #expect(isClose(try #require(rate.agreement).sigma, sigma, 1e-13))
      #expect(isClose(alpha, 0.75 * (1 + 0.5 * sigma), 1e-13))
    }
    let state = try Optimizer(
      Method(direction: Adam(), learningRate: whole), for: WavyFit.start
    ).state
    #expect(state.previousDirection == nil)
  }

  @Test("A step that was not taken moved nowhere")
  func rejected() throws {
    // Steps that are far too long: all are rejected, and the slope stays what it was.
    var method = Method(
      direction: StochasticGradientDescent(),
      learningRate: QuadraticRate {
        $0.amplification = 30
        $0.agreement = Agreement(overRelaxation: 0.5)
      })
    method.acceptance = OnlyDecreases()
    let bowl = ClosureObjective<[Double]>(
      loss: { 0.5 * $0[0] * $0[0] }, gradient: { $0 }, curvatureVectorProduct: { $1 })
    var parameters = [1.0]
    var optimizer = try Optimizer(method, for: parameters)
    for _ in 0..<100 {
      #expect(try !optimizer.step(&parameters, on: bowl).isTaken)
      #expect(optimizer.state.previousRate == 0)
    }
    let rate = try #require(optimizer.state.learningRate as? QuadraticRate)
    // g₊ᵀd is S again, after no move.
    #expect(try #require(rate.agreement).sigma > 0.98)
  }

  @Test("Gradients that have nothing in common end it, those of one function keep it")
  func batches() throws {
    func agreement(_ gradient: @escaping (Int, [Double]) -> [Double]) throws -> Double {
      var parameters = [1.0, -2, 0.5]
      let method = Method(
        direction: Adam(),
        learningRate: QuadraticRate {
          $0.memory = CurvatureMemory(.steps(30), order: 5)
          $0.agreement = Agreement(overRelaxation: 0.8)
        })
      var optimizer = try Optimizer(method, for: parameters)
      for step in 0..<300 {
        let objective = ClosureObjective<[Double]>(
          loss: { _ in 1 }, gradient: { gradient(step, $0) },
          curvatureVectorProduct: { _, d in zip([1.0, 3, 10], d).map(*) })
        try optimizer.step(&parameters, on: objective)
      }
      let rate = try #require(optimizer.state.learningRate as? QuadraticRate)
      return try #require(rate.agreement?.sigma)
    }
    // A memory makes steps of different lengths, by which σ and κ can be told apart.
    #expect(try agreement { _, p in zip([1.0, 3, 10], p).map(*) } > 0.5)
    #expect(
      try agreement { step, _ in
        var generator = SplitMix64(seed: UInt64(step))
        return (0..<3).map { _ in Double(generator.next() % 2001) / 1000 - 1 }
      } < 0.3)
  }
}
