import AdamQLR
import Foundation
import Testing

@Suite("Directions")
struct DirectionTests {
  /// Compares fifteen steps of learning rate 0.05 with those along what `reference` makes of the
  /// gradient, the parameters, and the step's number from 1.
  private func check<Element: ParameterScalar>(
    _ direction: some Direction, _: Element.Type,
    reference: ([Double], [Double], Int) -> [Double]
  ) throws {
    let fit = WavyFit()
    var (ours, theirs): ([Element], [Double]) = (elements(WavyFit.start), WavyFit.start)
    var optimizer = try Optimizer(
      Method(direction: direction, learningRate: FixedRate(0.05)), for: ours)
    for t in 1...15 {
      let g = fit.gradient(theirs)
      let d = reference(g, theirs, t)
      let report = try optimizer.step(&ours, on: fit.objective(Element.self))
      let tolerance = tolerance(Element.self)
      #expect(isClose(report.gradientNorm, inner(g, g).squareRoot(), tolerance))
      #expect(isClose(report.directionNorm, inner(d, d).squareRoot(), tolerance))
      #expect(isClose(report.slope, inner(g, d), 10 * tolerance))
      #expect(isClose(report.updateNorm, 0.05 * inner(d, d).squareRoot(), tolerance))
      #expect(report.isTaken && report.step == t && report.learningRate == 0.05)
      #expect(report.curvature == nil && report.newLoss == nil && report.reductionRatio == nil)
      for i in 0..<3 { theirs[i] -= 0.05 * d[i] }
      #expect(areClose(ours, theirs, tolerance))
    }
  }

  @Test(
    "SGD with momentum, Nesterov's and L2",
    arguments: [
      StochasticGradientDescent(), .init(l2: 0.3), .init(momentum: 0.8),
      .init(momentum: 0.8, l2: 0.3), .init(momentum: 0.6, isNesterov: true),
      .init(momentum: 0.6, isNesterov: true, l2: 0.2), .init(isNesterov: true, l2: 0.2),
    ])
  func sgd(_ direction: StochasticGradientDescent) throws {
    func reference() -> ([Double], [Double], Int) -> [Double] {
      var b = [0.0, 0, 0]
      return { g, p, _ in
        (0..<3).map { i in
          let g = g[i] + direction.l2 * p[i]
          b[i] = direction.momentum * b[i] + g
          return direction.isNesterov ? g + direction.momentum * b[i] : b[i]
        }
      }
    }
    // The slope is that of the loss itself, so `check` compares gᵀd with the raw gradient.
    try check(direction, Double.self, reference: reference())
    try check(direction, Float.self, reference: reference())
  }

  @Test(
    "Adam",
    arguments: [
      Adam(), .init(beta1: 0.5, beta2: 0.7), .init(epsilon: 0.3), .init(epsilonRoot: 0.05),
      .init(beta1: 0, beta2: 0, epsilon: 0.01), .init(epsilon: 0.1, epsilonRoot: 0.2),
    ])
  func adam(_ direction: Adam) throws {
    // Swift 6.3.1 lets go of captured variables without releasing them here, which LeakSanitizer sees.
    final class Moments { var (m, v) = ([0.0, 0, 0], [0.0, 0, 0]) }
    func reference() -> ([Double], [Double], Int) -> [Double] {
      let own = Moments()
      return { g, _, t in
        (0..<3).map { i in
          own.m[i] = direction.beta1 * own.m[i] + (1 - direction.beta1) * g[i]
          own.v[i] = direction.beta2 * own.v[i] + (1 - direction.beta2) * g[i] * g[i]
          let mHat = own.m[i] / (1 - pow(direction.beta1, Double(t)))
          let vHat = own.v[i] / (1 - pow(direction.beta2, Double(t)))
          return mHat / ((vHat + direction.epsilonRoot).squareRoot() + direction.epsilon)
        }
      }
    }
    try check(direction, Double.self, reference: reference())
    try check(direction, Float.self, reference: reference())
  }

  @Test("Adam's bias corrections at any step", arguments: [1, 2, 3, 17, 1000, 123_456])
  func corrections(_ step: Int) {
    let k = AdamCoefficients(beta1: 0.9, beta2: 0.999, epsilon: 0, epsilonRoot: 0, step: step)
    #expect(isClose(k.firstCorrection, 1 / (1 - pow(0.9, Double(step))), 1e-12))
    #expect(isClose(k.secondCorrection, 1 / (1 - pow(0.999, Double(step))), 1e-11))
  }

  @Test("AdamW decays by learning rate × weight decay × θ")
  func adamW() throws {
    let fit = WavyFit()
    var (plain, decayed) = (WavyFit.start, WavyFit.start)
    var first = try Optimizer(.adam(learningRate: 0.05), for: plain)
    var second = try Optimizer(.adamW(learningRate: 0.05, weightDecay: 0.2), for: decayed)
    for _ in 0..<10 {
      // From the same point with the same moments, the two differ by the decay alone.
      let before = decayed
      (plain, first.state) = (decayed, second.state)
      try first.step(&plain, on: fit.objective())
      try second.step(&decayed, on: fit.objective())
      #expect(areClose(decayed, (0..<3).map { plain[$0] - 0.05 * 0.2 * before[$0] }))
    }
  }

  /// The sign of the gradient: as a user would write it.
  private struct SignDescent: Direction {
    func advance<V: ParameterVector>(
      _ input: DirectionInput<V>, from state: DirectionState<V>, to next: inout DirectionState<V>,
      direction: inout V
    ) -> DirectionProducts {
      var magnitude = input.gradient
      magnitude.formProduct(input.gradient, input.gradient)
      magnitude.formSquareRoot(of: magnitude, plus: 1e-30)
      direction.formQuotient(input.gradient, magnitude, plus: 0)
      return input.gradient.products(withDirection: direction)
    }
  }

  @Test("A user's own direction works with every learning rate")
  func ownDirection() throws {
    let fit = WavyFit()
    let signs = fit.gradient(WavyFit.start).map { $0 < 0 ? -1.0 : 1 }
    var parameters = WavyFit.start
    var optimizer = try Optimizer(
      Method(direction: SignDescent(), learningRate: FixedRate(0.125)), for: parameters)
    try optimizer.step(&parameters, on: fit.objective())
    #expect(areClose(parameters, (0..<3).map { WavyFit.start[$0] - 0.125 * signs[$0] }))

    parameters = WavyFit.start
    optimizer = try Optimizer(
      Method(
        direction: SignDescent(), learningRate: QuadraticRate(), damping: ConstantDamping(0.5)),
      for: parameters)
    let report = try optimizer.step(&parameters, on: fit.objective())
    let curvature = form(fit.matrix(.fisher, WavyFit.start), signs, damping: 0.5)
    #expect(isClose(report.learningRate, inner(fit.gradient(WavyFit.start), signs) / curvature))
  }

  /// The gradient over |θ| + λ, and the mean of all gradients so far, which it counts itself.
  private struct DampedMean: Direction {
    func makeState<V: ParameterVector>(
      for parameters: V, layout: ParameterLayout?
    ) -> DirectionState<V> {
      DirectionState(vectors: [parameters.zeros()])
    }
    func advance<V: ParameterVector>(
      _ input: DirectionInput<V>, from state: DirectionState<V>, to next: inout DirectionState<V>,
      direction: inout V
    ) throws -> DirectionProducts {
      let rest = 1 / Double(next.step)
      next.makeRoom(for: 1, like: direction)
      next.vectors[0].formLinearCombination(1 - rest, state.vectors[0], rest, input.gradient)
      direction.formLinearCombination(
        1 / (1 + input.damping), next.vectors[0], try input.linearization.loss, input.parameters)
      return input.gradient.products(withDirection: direction)
    }
  }

  @Test("A direction may look at λ, the loss, the parameters and its own step number")
  func informedDirection() throws {
    let fit = WavyFit()
    var (parameters, theirs, mean) = (WavyFit.start, WavyFit.start, [0.0, 0, 0])
    var method = Method(direction: DampedMean(), learningRate: FixedRate(0.1))
    method.damping = LevenbergMarquardt(initial: 2)
    var optimizer = try Optimizer(method, for: parameters)
    for t in 1...8 {
      let (g, loss) = (fit.gradient(theirs), fit.loss(theirs))
      let damping = optimizer.damping
      mean = (0..<3).map { mean[$0] + (g[$0] - mean[$0]) / Double(t) }
      theirs = (0..<3).map { theirs[$0] - 0.1 * (mean[$0] / (1 + damping) + loss * theirs[$0]) }
      let report = try optimizer.step(&parameters, on: fit.objective())
      #expect(report.damping == damping)
      #expect(areClose(parameters, theirs))
    }
    #expect(optimizer.damping != 2)
  }
}
