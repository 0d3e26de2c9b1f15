import AdamQLR
import Foundation
import Testing

@Suite("State and reports")
struct StateTests {
  @Test(
    "A run goes on from encoded state to the last bit", arguments: Sample.methods.map(\.name))
  func roundTrip(_ name: String) throws {
    let method = try #require(Sample.methods.first { $0.name == name }?.method)
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
    for (_, method) in Sample.methods {
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

  @Test("A run goes on with other settings and all that was learned")
  func adopting() throws {
    let first = RunShape(batchesPerEpoch: 10, totalSteps: 20)
    let second = RunShape(batchesPerEpoch: 25, totalSteps: 60)
    for (before, after) in [
      (Method.adamQLR().resolved(for: first), Method.adamQLR().resolved(for: second)),
      (.baydinSGD(), .baydinSGD(rate: 0.5)),
      (
        .sgdQLR(damping: LevenbergMarquardt(initial: 3)),
        .sgdQLR(
          damping: LevenbergMarquardt(initial: 1, decreaseFactor: 0.9, ceiling: 8, interval: 2))
      ),
    ] {
      var parameters = WavyFit.start
      var optimizer = try Optimizer(before, for: parameters)
      for _ in 0..<5 { try optimizer.step(&parameters, on: WavyFit().objective()) }
      let learned = optimizer.state
      let adopted = try #require(learned.adopting(after))
      #expect(try encoded(learned.adopting(before)) == encoded(learned))
      #expect(adopted.damping.damping(at: 5) == learned.damping.damping(at: 5))
      #expect(adopted.direction.vectors == learned.direction.vectors && adopted.step == 5)
      // By the settings of the other method: what a fresh state of it would adopt from this one.
      let fresh = try OptimizerState(after, for: parameters)
      for (own, other) in [
        (adopted.learningRate, fresh.learningRate), (adopted.damping, fresh.damping),
      ] as [(any Heuristic, any Heuristic)] {
        #expect(values(own) == values(other))
      }
      if let rate = adopted.learningRate as? QuadraticRate,
        let old = learned.learningRate as? QuadraticRate,
        let new = after.learningRate as? QuadraticRate
      {
        #expect(rate.memory.horizon == new.memory.horizon)
        #expect(rate.memory.remembered == old.memory.remembered)
        #expect(rate.memory.relief == new.memory.relief)
        #expect(rate.previousSlope == new.previousSlope)
        #expect(rate.plausibility?.average == old.plausibility?.average)
      }
      var resumed = try Optimizer(after, for: parameters)
      resumed.state = adopted
      #expect(try resumed.step(&parameters, on: WavyFit().objective()).isTaken)
    }
    #expect(try OptimizerState(.adam(), for: [1.0]).adopting(.sgdQLR()) == nil)
  }

  /// The values of a heuristic's settings.
  private func values<H: Heuristic>(_ heuristic: H) -> [SettingValue?] {
    H.settings.map { $0.value(heuristic) }
  }
}
