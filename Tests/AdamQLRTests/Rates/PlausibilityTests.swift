import AdamQLR
import Testing

@Suite("Plausibility of steps, and the slope before")
struct PlausibilityTests {
  @Test("doubt = x²/(x² + c²), x the predicted relative decrease", arguments: [0.01, 0.5, 30])
  func doubt(_ x: Double) {
    var plausibility = Plausibility(decrease: 0.25)
    #expect(plausibility.doubt == nil && plausibility.doubt(ofSteps: 2) == nil)
    plausibility.note(decrease: 8 * x, of: 8)
    #expect(isClose(plausibility.doubt, x * x / (x * x + 0.0625), 1e-14))
    // Of 4 steps, against the whole loss.
    #expect(isClose(plausibility.doubt(ofSteps: 4), 16 * x * x / (16 * x * x + 1), 1e-14))
  }

  @Test("Numerator and denominator are averaged, from the first step's")
  func averages() {
    var plausibility = Plausibility(decrease: 1, averaging: 0.75)
    plausibility.note(decrease: 2, of: 8)
    plausibility.note(decrease: 6, of: 0)
    #expect(plausibility.average?.decrease == 3 && plausibility.average?.loss == 6)
    #expect(isClose(plausibility.doubt, 0.25 / 1.25, 1e-15))
  }

  @Test("Where the loss or the decrease is not positive, the doubt is whole")
  func whole() {
    for (decrease, loss) in [(1.0, 0.0), (1, -2), (0, 1), (-1, 1), (-1, -1)] {
      var plausibility = Plausibility(decrease: 0.1)
      plausibility.note(decrease: decrease, of: loss)
      #expect(plausibility.doubt == 1 && plausibility.doubt(ofSteps: 3) == 1)
    }
  }

  @Test("What is not finite is not learned")
  func infinite() {
    var plausibility = Plausibility(decrease: 0.1, averaging: 0.9)
    for (decrease, loss) in [(Double.infinity, 1.0), (.nan, 1), (1, .infinity)] {
      plausibility.note(decrease: decrease, of: loss)
      #expect(plausibility.average == nil)
    }
    plausibility.note(decrease: 1, of: 2)
    let before = plausibility
    plausibility.note(decrease: .infinity, of: 2)
    #expect(plausibility == before)
  }

  @Test("A step without curvature, held by a limit, leaves a state that can be saved")
  func flat() throws {
    var method = Method.adamQLR(batchesPerEpoch: 10, damping: nil)
    var rate = try #require(method.learningRate as? QuadraticRate)
    rate.clipping = 0.5
    method.learningRate = rate
    let flat = ClosureObjective<[Double]>(
      loss: { 10 + $0[0] }, gradient: { _ in [1] }, curvatureVectorProduct: { _, _ in [0] })
    var parameters = [2.0]
    var optimizer = try Optimizer(method, for: parameters)
    for _ in 0..<3 { #expect(try optimizer.step(&parameters, on: flat).isTaken) }
    #expect(try !encoded(optimizer.state).isEmpty)
  }

  @Test("The promise of a step is divided by the loss of the batch that promises")
  func independentBatch() throws {
    let (first, second) = (WavyFit(rows: [0, 1, 2]), WavyFit(rows: [3, 4, 5]))
    var method = Method(
      direction: StochasticGradientDescent(),
      learningRate: QuadraticRate { $0.plausibility = Plausibility(decrease: 0.1) },
      damping: ConstantDamping(0.5))
    method.model.batch = .independent
    var parameters = WavyFit.start
    var optimizer = try Optimizer(method, for: parameters)
    try optimizer.step(&parameters, on: first.objective(), independent: second.objective())
    let (p, rate) = (WavyFit.start, try #require(optimizer.state.learningRate as? QuadraticRate))
    let (g, slope) = (first.gradient(p), inner(first.gradient(p), second.gradient(p)))
    let c = form(second.matrix(.fisher, p), g, damping: 0.5)
    #expect(isClose(rate.plausibility?.average?.decrease, slope * slope / (2 * c)))
    #expect(isClose(rate.plausibility?.average?.loss, second.loss(p)))
    #expect(abs(first.loss(p) - second.loss(p)) > 0.1 * second.loss(p))
  }

  /// gᵀd 6, dᵀd 4; gᵀd′ 3, d′ᵀd′ 8.
  private var model: QuadraticModel {
    var model = QuadraticModel(loss: 1, slope: 6, squaredNorm: 4)
    model.previous = .init(slope: 3, squaredNorm: 8)
    return model
  }

  @Test(
    "A slope that has not changed gives the same step, however long d is",
    arguments: [1e-3, 1, 400])
  func length(_ c: Double) {
    // d = cd′, and gᵀd = c·gᵀd′.
    var model = QuadraticModel(loss: 1, slope: 3 * c, squaredNorm: 8 * c * c)
    model.previous = .init(slope: 3, squaredNorm: 8)
    let (rate, curvature) = (3 * c / (12 * c * c), 12 * c * c)
    let mixed = PreviousSlope(weight: 0.7).mix(into: rate, model, curvature, weightedBy: 1)
    #expect(isClose(mixed, rate, 1e-14))
  }

  @Test("The untuned default survives directions whose length leaps")
  func leaps() throws {
    // One parameter that learns, an average of noise, and nothing else to take: what is left of a
    // network whose rectifiers have all fallen silent.
    for seed in 0..<5 as Range<UInt64> {
      var generator = SplitMix64(seed: seed)
      var parameters = [0.0, 1, -1]
      var optimizer = try Optimizer(.adamQLR(batchesPerEpoch: 20), for: parameters)
      for _ in 0..<2000 {
        let target =
          (0..<20).reduce(0.0) { sum, _ in
            sum + Double(generator.next() % 2001) / 1000 - 1
          } / 20
        try optimizer.step(
          &parameters,
          on: LeastSquaresObjective<[Double]>(
            residuals: { [$0[0] - target, 1] }, jacobianVectorProduct: { [$1[0], 0] },
            vectorJacobianProduct: { [$1[0], 0, 0] }))
        #expect(abs(parameters[0]) < 2)
      }
    }
  }

  @Test("α = (1 − w)·gᵀd/dᵀBd + w·max(gᵀd′, 0)/dᵀBd · ‖d‖/‖d′‖")
  func previousSlope() {
    let rule = PreviousSlope(weight: 0.25)
    let ratio = 0.5.squareRoot()
    func mix(into rate: Double, _ model: QuadraticModel, weightedBy factor: Double = 1) -> Double {
      rule.mix(into: rate, model, 12, weightedBy: factor)
    }
    #expect(isClose(mix(into: 6 / 12, model), 0.75 * 6 / 12 + 0.25 * 3 / 12 * ratio, 1e-15))
    var other = model
    other.previous?.slope = -3
    #expect(mix(into: 6 / 12, other) == 0.75 * 6 / 12)
    // A negative α is taken as 0, but not where there was no step before.
    #expect(mix(into: -6 / 12, model) == 0)
    other.previous = nil
    #expect(mix(into: -6 / 12, other) == -0.5)
    let w = 0.25 * 0.8
    #expect(
      isClose(
        mix(into: 6 / 12, model, weightedBy: 0.8), (1 - w) * 6 / 12 + w * 3 / 12 * ratio, 1e-15))
  }

  @Test("The doubt multiplies w, and so does what batches disagree on")
  func weights() throws {
    func rate(batches: Int = 10, _ refine: (inout QuadraticRate) -> Void) -> Double {
      var rule = QuadraticRate {
        $0.previousSlope = PreviousSlope(weight: 0.5)
        refine(&$0)
      }.resolved(for: RunShape(batchesPerEpoch: batches))
      var model = QuadraticModel(loss: 1, slope: 6, squaredNorm: 8, curvature: 12)
      model.previous = .init(slope: 3, squaredNorm: 8, rate: 0.5)
      return rule.rate(&model)
    }
    func mixed(_ w: Double) -> Double { (1 - w) * 6 / 12 + w * 3 / 12 }
    #expect(isClose(rate { _ in }, mixed(0.5), 1e-15))
    // x = 6²/(2·12·1) = 1.5.
    let doubt = 2.25 / (2.25 + 0.25)
    #expect(
      isClose(rate { $0.plausibility = Plausibility(decrease: 0.5) }, mixed(0.5 * doubt), 1e-15))
    // Nothing is agreed on at the first step.
    #expect(isClose(rate { $0.agreement = Agreement(overRelaxation: 0) }, mixed(0.5), 1e-15))
    let whole = rate(batches: 1) {
      $0.agreement = Agreement(overRelaxation: 0, averaging: 0.25)
    }
    #expect(isClose(whole, mixed(0.5 * (1 - 0.75)), 1e-15))
  }
}
