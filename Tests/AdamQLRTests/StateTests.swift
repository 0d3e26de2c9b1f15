import AdamQLR
import Foundation
import Testing

@Suite("State and reports")
struct StateTests {
  @Test(
    "A run goes on from encoded state to the last bit", arguments: EventTests.methods.map(\.name))
  func roundTrip(_ name: String) throws {
    let method = try #require(EventTests.methods.first { $0.name == name }?.method)
    try roundTrip(method, Double.self)
    try roundTrip(method, Float.self)
  }

  private func roundTrip<Element: ParameterScalar>(_ method: Method, _: Element.Type) throws {
    let objective = WavyFit().objective(Element.self)
    var parameters: [Element] = elements(WavyFit.start)
    var optimizer = try Optimizer(method, for: parameters)
    for _ in 0..<6 { try optimizer.step(&parameters, on: objective) }

    let saved = try JSONEncoder().encode(optimizer.state)
    var theirs = try JSONDecoder().decode(
      [Element].self, from: JSONEncoder().encode(parameters))
    var other = try Optimizer(method, for: theirs)
    other.state = try JSONDecoder().decode(OptimizerState<[Element]>.self, from: saved)
    for _ in 0..<6 {
      let ours = try optimizer.step(&parameters, on: objective)
      let report = try other.step(&theirs, on: objective)
      #expect(ours == report && parameters == theirs)
    }
    #expect(other.state.step == 12)
    #expect(try encoded(optimizer.state) == encoded(other.state))
  }

  @Test("A copy of the state is not touched by later steps")
  func snapshots() throws {
    var parameters = WavyFit.start
    var optimizer = try Optimizer(.paperAdamQLR(), for: parameters)
    try optimizer.step(&parameters, on: WavyFit().objective())
    let (state, theta) = (optimizer.state, parameters)
    let vectors = state.direction.vectors
    for _ in 0..<3 { try optimizer.step(&parameters, on: WavyFit().objective()) }
    #expect(state.direction.vectors == vectors && state.step == 1)
    // Going back to it repeats the run.
    let end = parameters
    (parameters, optimizer.state) = (theta, state)
    for _ in 0..<3 { try optimizer.step(&parameters, on: WavyFit().objective()) }
    #expect(parameters == end)
  }

  @Test("The same run gives the same bits; copies of an optimizer are independent")
  func determinism() throws {
    for (_, method) in EventTests.methods {
      var (first, second) = (WavyFit.start, WavyFit.start)
      var a = try Optimizer(method, for: first)
      var b = a
      for _ in 0..<10 {
        let ours = try a.step(&first, on: WavyFit().objective())
        let theirs = try b.step(&second, on: WavyFit().objective())
        #expect(ours == theirs && first == second)
      }
    }
  }

  @Test("A report with numbers that are not finite is null there, in JSON and back")
  func reportCoding() throws {
    var parameters = WavyFit.start
    var optimizer = try Optimizer(.paperAdamQLR(), for: parameters)
    let fine = try optimizer.step(&parameters, on: WavyFit().objective())
    let decoded = try JSONDecoder().decode(StepReport.self, from: JSONEncoder().encode(fine))
    #expect(decoded == fine && decoded.reductionRatio != nil)

    for breakage in Breakage.allCases {
      let report = try optimizer.step(&parameters, on: breakage.objective(at: parameters))
      let data = try JSONEncoder().encode(report)
      let object = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
      let back = try JSONDecoder().decode(StepReport.self, from: data)
      #expect(back.events == report.events && back.step == report.step)
      #expect(back.loss.isFinite == report.loss.isFinite)
      #expect(back.gradientNorm.isFinite == report.gradientNorm.isFinite)
      #expect(back.learningRate.isFinite == report.learningRate.isFinite)
      #expect((back.newLoss == nil) == (report.newLoss == nil))
      #expect(back.newLoss?.isFinite == report.newLoss?.isFinite)
      #expect((object["loss"] is NSNull) == !report.loss.isFinite)
      #expect((object["gradientNorm"] is NSNull) == !report.gradientNorm.isFinite)
      #expect(object["reductionRatio"] == nil)
      #expect(back.damping == report.damping && back.nextDamping == report.nextDamping)
    }
  }

  @Test("The untuned defaults of the presets")
  func presets() {
    let adam = Adam()
    #expect(adam == Adam(beta1: 0.9, beta2: 0.999, epsilon: 1e-8, epsilonRoot: 0))
    let rule = LevenbergMarquardt(
      initial: 1e-3, decreaseFactor: 0.5, increaseFactor: 2, floor: 1e-8, ceiling: nil,
      ratioCurvature: .model)
    for (method, isAdam) in [(Method.paperAdamQLR(), true), (.sgdQLR(), false)] {
      #expect((method.direction as? Adam == adam) == isAdam)
      #expect((method.direction as? StochasticGradientDescent == .init()) == !isAdam)
      #expect(method.damping as? LevenbergMarquardt == rule)
      #expect(method.learningRate as? QuadraticRate == QuadraticRate())
      #expect(method.momentum is NoMomentum && method.acceptance is AcceptsAll)
      #expect(method.clipping == Clipping() && method.weightDecay == WeightDecay())
      #expect(method.curvature == .fisher && method.measuredOn == .own && method.envelope == nil)
    }
    let rate = QuadraticRate()
    #expect(rate.memory == nil && rate.plausibility == nil && rate.previousSlope == nil)
    #expect(rate.clipping == nil && rate.amplification == 1 && rate.averaging == nil)
    #expect(rate.curvatureAverage == nil)
    let undamped = Method.paperAdamQLR(damping: nil, curvature: .hessian)
    #expect(undamped.damping is NoDamping && undamped.curvature == .hessian)
    #expect(Method.sgdQLR(curvature: .hessian).curvature == .hessian)
    #expect(Method.adam() == Method(direction: adam, learningRate: FixedRate(1e-3)))
    #expect(Method.adamW().weightDecay == .init(rate: 0.01, isScaledByLearningRate: true))
    #expect(Method.adamW().learningRate as? FixedRate == FixedRate(1e-3))
    #expect(Method.sgd().learningRate as? FixedRate == FixedRate(0.1))
    #expect(
      Method.sgd(momentum: 0.5, isNesterov: true, l2: 0.25).direction as? StochasticGradientDescent
        == .init(momentum: 0.5, isNesterov: true, l2: 0.25))
  }
}
