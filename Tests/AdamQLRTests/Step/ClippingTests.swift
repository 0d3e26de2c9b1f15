import AdamQLR
import Testing

@Suite("Clipping")
struct ClippingTests {
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

  @Test("A square that overflows in Adam's moment is seen through clipping of the direction")
  func overflowingSquare() throws {
    let steep = ClosureObjective<[Float]>(loss: { _ in 1 }, gradient: { _ in [3e19, 1] })
    for limit in [nil, 1.0] {
      var method = Method.adam()
      method.clipping.directionElement = limit
      var parameters: [Float] = [1, 2]
      var optimizer = try Optimizer(method, for: parameters)
      let report = try optimizer.step(&parameters, on: steep)
      #expect(report.events == .nonFiniteGradient && parameters == [1, 2])
    }
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
}
