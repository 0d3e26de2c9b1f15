import AdamQLR
import Testing

@Suite("Hypergradient")
struct HypergradientTests {
  @Test("A hypergradient learns from gᵀd of neighboring steps", arguments: [0.0, 0.7])
  func hypergradient(_ momentum: Double) throws {
    let fit = WavyFit()
    var (p, ours) = (WavyFit.start, WavyFit.start)
    var optimizer = try Optimizer(
      Method(
        direction: StochasticGradientDescent(momentum: momentum),
        learningRate: Hypergradient(initial: 0.02, rate: 0.01)), for: ours)
    var (alpha, previous) = (0.02, [0.0, 0, 0])
    for _ in 0..<20 {
      let g = fit.gradient(p)
      alpha += 0.01 * inner(g, previous)
      previous = (0..<3).map { momentum * previous[$0] + g[$0] }
      p = (0..<3).map { p[$0] - alpha * previous[$0] }
      let report = try optimizer.step(&ours, on: fit.objective())
      #expect(isClose(report.learningRate, alpha))
      #expect(areClose(ours, p))
    }
    #expect(alpha > 0.021)
  }

  @Test("A step that was not taken teaches a hypergradient nothing")
  func rejectedHypergradient() throws {
    // ½·4·x²: with α > ½ a step overshoots.
    let bowl = ClosureObjective<[Double]>(
      loss: { 2 * $0[0] * $0[0] }, gradient: { [4 * $0[0]] })
    var method = Method(
      direction: StochasticGradientDescent(),
      learningRate: Hypergradient(initial: 0.6, rate: 0.01))
    method.acceptance = OnlyDecreases()
    var parameters = [1.0]
    var optimizer = try Optimizer(method, for: parameters)
    for _ in 0..<3 {
      let report = try optimizer.step(&parameters, on: bowl)
      #expect(report.events == .rejected && parameters == [1])
      // θ did not move along d, so the loss there does not depend on α.
      #expect(report.learningRate == 0.6)
    }
  }

  @Test("With L2 in the direction it follows the gradient of what the direction descends")
  func regularized() throws {
    var parameters = [1.0]
    var optimizer = try Optimizer(
      Method(
        direction: StochasticGradientDescent(l2: 0.1),
        learningRate: Hypergradient(initial: 0.01, rate: 0.001)), for: parameters)
    let slope = ClosureObjective<[Double]>(loss: { $0[0] }, gradient: { _ in [1] })
    #expect(try optimizer.step(&parameters, on: slope).learningRate == 0.01)
    // d is 1.1 and θ then 0.989, so that the slope along d before is (1 + 0.0989)·1.1.
    let report = try optimizer.step(&parameters, on: slope)
    #expect(isClose(report.learningRate, 0.01120879, 1e-12))
    // The same as with the regularization in the loss.
    var (theirs, method) = ([1.0], optimizer.method)
    method.direction = StochasticGradientDescent()
    method.weightDecay.l2 = 0.1
    var other = try Optimizer(method, for: theirs)
    for _ in 0..<2 { try other.step(&theirs, on: slope) }
    #expect(areClose(theirs, parameters, 1e-14))
  }
}
