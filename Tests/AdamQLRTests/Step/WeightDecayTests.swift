import AdamQLR
import Testing

@Suite("Weight decay")
struct WeightDecayTests {
  private let fit = WavyFit()

  private static let layout = {
    var layout = ParameterLayout()
    layout.append(name: "weight", shape: [1, 1], role: .weight)
    layout.append(name: "bias", shape: [1], role: .bias)
    layout.append(name: "scale", shape: [1], role: .normalization)
    return layout
  }()

  @Test(
    "Weight decay spares roles and names, and comes after ρ",
    arguments: [
      (WeightDecay(rate: 0.2), [true, true, true]),
      (WeightDecay(rate: 0.2, excludedRoles: [.bias, .normalization]), [true, false, false]),
      (WeightDecay(rate: 0.2, excludedNames: ["weight"]), [false, true, true]),
      (
        WeightDecay(rate: 0.2, excludedRoles: [.weight], excludedNames: ["scale"]),
        [false, true, false]
      ),
      (
        WeightDecay(rate: 0.2, isScaledByLearningRate: true, excludedRoles: [.bias]),
        [true, false, true]
      ),
      (WeightDecay(rate: 0.2, excludedRoles: Set(ParameterRole.allCases)), [false, false, false]),
    ])
  func weightDecay(_ decay: WeightDecay, _ decays: [Bool]) throws {
    let g = fit.gradient(WavyFit.start)
    for base in [Method.sgdQLR(), .sgd(learningRate: 0.3)] {
      var method = base
      method.weightDecay = decay
      var parameters = WavyFit.start
      var optimizer = try Optimizer(method, for: parameters, layout: Self.layout)
      let report = try optimizer.step(&parameters, on: fit.objective())
      let rate = decay.isScaledByLearningRate ? 0.2 * report.learningRate : 0.2
      let moved = (0..<3).map { WavyFit.start[$0] - report.learningRate * g[$0] }
      #expect(
        areClose(
          parameters,
          (0..<3).map { moved[$0] - (decays[$0] ? rate * WavyFit.start[$0] : 0) }))
      if let newLoss = report.newLoss { #expect(isClose(newLoss, fit.loss(moved))) }
      if method.learningRate is QuadraticRate { #expect(report.newLoss != nil) }
      #expect(isClose(report.updateNorm, report.learningRate * inner(g, g).squareRoot()))
    }
  }

  @Test("A rejected step does not decay either")
  func rejectedDecay() throws {
    var method = Method.sgd(learningRate: 1e3)
    method.acceptance = OnlyDecreases()
    method.weightDecay.rate = 0.5
    var parameters = WavyFit.start
    var optimizer = try Optimizer(method, for: parameters)
    #expect(try optimizer.step(&parameters, on: fit.objective()).events == .rejected)
    #expect(parameters == WavyFit.start)
  }

  @Test("A decay that would overflow is taken back")
  func overflowingDecay() throws {
    let flat = ClosureObjective<[Double]>(
      loss: { 1 - 1e-290 * $0[0] }, gradient: { _ in [1, 1] }, curvatureVectorProduct: { $1 })
    var decay = WeightDecay(rate: 1e10)
    for names: Set<String> in [[], ["b"]] {
      decay.excludedNames = names
      var layout = ParameterLayout()
      layout.append(name: "a", shape: [1], role: .weight)
      layout.append(name: "b", shape: [1], role: .weight)
      for base in [Method.sgdQLR(), .sgd()] {
        var method = base
        method.weightDecay = decay
        var parameters = [1e300, 1]
        var optimizer = try Optimizer(method, for: parameters, layout: layout)
        let report = try optimizer.step(&parameters, on: flat)
        #expect(report.events.contains(.nonFiniteUpdate) && parameters == [1e300, 1])
        #expect(optimizer.state.direction.step == 0)
      }
    }
  }

  /// Where a step without decay and one with decay lead, from the start, and the report.
  private func step(
    _ method: Method, decaying rate: Double
  ) throws -> (plain: [Double], decayed: [Double], report: StepReport) {
    func step(_ method: Method) throws -> ([Double], StepReport) {
      var parameters = WavyFit.start
      var optimizer = try Optimizer(method, for: parameters)
      // The envelope is 0 at its first step.
      optimizer.state.step = 1
      let report = try optimizer.step(&parameters, on: fit.objective())
      return (parameters, report)
    }
    var decaying = method
    decaying.weightDecay = WeightDecay(rate: rate, isScaledByLearningRate: true)
    let ((plain, _), (decayed, report)) = (try step(method), try step(decaying))
    return (plain, decayed, report)
  }

  @Test("Decay that is scaled by α never lets weights grow, not with α < 0 either")
  func negativeRate() throws {
    for damping in [NoDamping(), LevenbergMarquardt()] as [any Damping] {
      var method = Method(direction: Uphill(), learningRate: QuadraticRate(), damping: damping)
      method.model.curvature = .fisher
      let (plain, decayed, report) = try step(method, decaying: 0.3)
      #expect(report.learningRate < 0)
      let w = 0.3 * abs(report.learningRate)
      #expect(
        areClose(decayed, (0..<3).map { plain[$0] - w * WavyFit.start[$0] }, 1e-13))
    }
  }

  @Test("Decay that is scaled by α shrinks with what clipping and the envelope leave of the step")
  func limitedStep() throws {
    for base in [Method.sgd(learningRate: 0.3), .sgdQLR()] {
      var method = base
      method.clipping.updateNorm = 0.01
      method.envelope = Envelope(peak: 4, total: 9)
      let (plain, decayed, report) = try step(method, decaying: 0.3)
      let whole = try step(base, decaying: 0.3).report
      #expect(report.learningRate == whole.learningRate && whole.updateNorm > 0.1)
      let scale = 0.01 / whole.updateNorm * 0.25
      let w = 0.3 * report.learningRate * scale
      #expect(
        areClose(decayed, (0..<3).map { plain[$0] - w * WavyFit.start[$0] }, 1e-13))
      // The step itself is a four-hundredth of one.
      let moved = (0..<3).map { plain[$0] - WavyFit.start[$0] }
      #expect(isClose(inner(moved, moved).squareRoot(), 0.0025, 1e-10))
    }
  }

  @Test(
    "Judged, the decay is in the loss after the step; else it follows", arguments: [true, false])
  func judged(_ isJudged: Bool) throws {
    var method = Method.sgdQLR()
    method.weightDecay.rate = 0.2
    method.weightDecay.isJudged = isJudged
    var parameters = WavyFit.start
    var optimizer = try Optimizer(method, for: parameters)
    let report = try optimizer.step(&parameters, on: fit.objective())
    let g = fit.gradient(WavyFit.start)
    let moved = (0..<3).map { WavyFit.start[$0] - report.learningRate * g[$0] }
    let decayed = (0..<3).map { moved[$0] - 0.2 * WavyFit.start[$0] }
    #expect(areClose(parameters, decayed))
    #expect(isClose(report.newLoss, fit.loss(isJudged ? decayed : moved)))
  }
}
