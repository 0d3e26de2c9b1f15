import AdamQLR
import Testing

@Suite("Clipping and weight decay")
struct LimitTests {
  private let fit = WavyFit()

  @Test("The gradient is rescaled to the limit before anything sees it")
  func gradientNorm() throws {
    let g = fit.gradient(WavyFit.start)
    let norm = inner(g, g).squareRoot()
    for limit in [norm / 3, norm * 3] {
      var parameters = WavyFit.start
      var method = Method.sgd(learningRate: 0.25, momentum: 0.5)
      method.clipping.gradientNorm = limit
      var optimizer = try Optimizer(method, for: parameters)
      let report = try optimizer.step(&parameters, on: fit.objective())
      let factor = min(1, limit / norm)
      #expect(isClose(report.gradientNorm, min(limit, norm)))
      #expect(isClose(report.slope, factor * factor * norm * norm))
      #expect(areClose(optimizer.state.direction.vectors[0], g.map { factor * $0 }))
      #expect(areClose(parameters, (0..<3).map { WavyFit.start[$0] - 0.25 * factor * g[$0] }))
    }
  }

  @Test("A gradient whose norm overflows is not clipped to zero")
  func overflowingNorm() throws {
    let steep = ClosureObjective<[Double]>(
      loss: { 1e200 * $0[0] }, gradient: { _ in [1e200, 1e200] })
    var method = Method.sgd(momentum: 0.9)
    method.clipping.gradientNorm = 1
    var parameters = [1.0, 2]
    var optimizer = try Optimizer(method, for: parameters)
    let report = try optimizer.step(&parameters, on: steep)
    #expect(report.events == .nonFiniteGradient && parameters == [1, 2])
  }

  @Test("Each element of the direction is limited, and α follows from what is left")
  func directionElement() throws {
    var parameters = WavyFit.start
    let g = fit.gradient(parameters)
    let limit = g.map(abs).sorted()[1]
    let d = g.map { min(max($0, -limit), limit) }
    #expect(d != g)
    var method = Method.sgdQLR()
    method.clipping.directionElement = limit
    var optimizer = try Optimizer(method, for: parameters)
    let report = try optimizer.step(&parameters, on: fit.objective())
    #expect(isClose(report.directionNorm, inner(d, d).squareRoot()))
    #expect(isClose(report.slope, inner(g, d)))
    let c = form(fit.matrix(.fisher, WavyFit.start), d, damping: 1e-3)
    #expect(isClose(report.learningRate, inner(g, d) / c))
    #expect(
      areClose(parameters, (0..<3).map { WavyFit.start[$0] - inner(g, d) / c * d[$0] }))
  }

  @Test("The update is rescaled to the limit; the prediction is that of what remains of it")
  func updateNorm() throws {
    let g = fit.gradient(WavyFit.start)
    let c = form(fit.matrix(.fisher, WavyFit.start), g, damping: 1e-3)
    let (alpha, norm) = (inner(g, g) / c, inner(g, g).squareRoot())
    for limit in [0.2 * alpha * norm, 2 * alpha * norm] {
      var parameters = WavyFit.start
      var method = Method.sgdQLR()
      method.clipping.updateNorm = limit
      var optimizer = try Optimizer(method, for: parameters)
      let report = try optimizer.step(&parameters, on: fit.objective())
      let u = g.map { -min(alpha, limit / norm) * $0 }
      #expect(isClose(report.learningRate, alpha))
      #expect(isClose(report.updateNorm, inner(u, u).squareRoot()))
      #expect(areClose(parameters, (0..<3).map { WavyFit.start[$0] + u[$0] }))
      let predicted =
        inner(g, u) + 0.5 * form(fit.matrix(.fisher, WavyFit.start), u, damping: 1e-3)
      #expect(isClose(report.predictedChange, predicted))
      #expect(
        isClose(report.reductionRatio, (fit.loss(parameters) - report.loss) / predicted, 1e-9))
    }
  }

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

  @Test("Settings that cannot be meant are errors in words")
  func errors() throws {
    func problem(_ method: Method, _ layout: ParameterLayout? = nil) -> String {
      let error = #expect(throws: OptimizerError.self) {
        try Optimizer(method, for: [1.0, 2], layout: layout)
      }
      return error?.description ?? ""
    }
    var layout = ParameterLayout()
    layout.append(name: "weight", shape: [2], role: .weight)
    var method = Method.adamW()
    method.weightDecay.excludedRoles = [.bias]
    #expect(problem(method).contains("needs the layout"))
    method.weightDecay.excludedNames = ["wieght"]
    #expect(problem(method, layout).contains("'wieght'"))
    method = .paperAdamQLR()
    method.clipping.directionElement = -1
    #expect(problem(method).contains("clipping.direction-element is -1.0"))
    method = Method(
      direction: Adam(), learningRate: QuadraticRate { $0.memory = CurvatureMemory(.decay(1.5)) })
    #expect(problem(method).contains("memory is 1.5"))
    layout = ParameterLayout()
    layout.append(name: "weight", shape: [3], role: .weight)
    #expect(problem(.paperAdamQLR(), layout).contains("3 elements, the parameters 2"))
  }
}
