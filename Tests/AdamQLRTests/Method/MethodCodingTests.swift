import AdamQLR
import Foundation
import Testing

/// A rate of one's own that learns, registered: α grows by a factor at each step.
private struct GrowingRate: LearningRate, Codable {
  var factor = 1.5
  private var value = 1e-3
  static let settings = [Setting<GrowingRate>("factor", \.factor, .fromOne, "Its growth.")]

  init(factor: Double = 1.5) { self.factor = factor }
  mutating func rate(_ model: inout QuadraticModel) -> Double {
    value *= factor
    return value
  }
}

/// A direction of one's own, registered: the sum of all gradients.
private struct SumOfGradients: Direction, Codable {
  var weight = 1.0
  static let settings = [Setting<SumOfGradients>("weight", \.weight, .positive, "Of each.")]

  func makeState<V: ParameterVector>(
    for parameters: V, layout: ParameterLayout?
  ) -> DirectionState<V> {
    DirectionState(vectors: [parameters.zeros()])
  }
  func advance<V: ParameterVector>(
    _ input: DirectionInput<V>, from state: DirectionState<V>, to next: inout DirectionState<V>,
    direction: inout V
  ) -> DirectionProducts {
    direction.formLinearCombination(1, state.vectors[0], weight, input.gradient)
    return input.gradient.products(withDirection: direction)
  }
  func commit<V: ParameterVector>(
    _ input: DirectionInput<V>, _ next: inout DirectionState<V>, to state: inout DirectionState<V>
  ) {
    state.vectors[0].formLinearCombination(selfTimes: 1, weight, input.gradient)
  }
}

@Suite("Methods and states that are saved")
struct MethodCodingTests {
  private static let registration: Void = {
    HeuristicRegistry.register(.learningRate("growing", GrowingRate()))
    HeuristicRegistry.register(.direction("sum-of-gradients", SumOfGradients(), usualRate: 0.5))
  }()

  private func decoded(_ method: Method) throws -> Method {
    try JSONDecoder().decode(Method.self, from: encoded(method))
  }

  @Test("Every preset comes back equal, with the same hash", arguments: Sample.presets.map(\.name))
  func presets(_ name: String) throws {
    let method = try #require(Sample.preset(name))
    let back = try decoded(method)
    #expect(back == method && back.hashValue == method.hashValue)
    #expect(try encoded(back) == encoded(method))
  }

  @Test("Presets differ from each other")
  func differences() {
    let methods = Sample.presets.map(\.method)
    for (i, method) in methods.enumerated() {
      for other in methods[..<i] where method == other {
        // The same under two names.
        #expect(method.hashValue == other.hashValue)
      }
    }
    #expect(Set(methods).count >= methods.count - 3)
    #expect(Method.adam() != .adam(learningRate: 2e-3) && Method.adam() != .adamW())
    var method = Method.adam()
    method.envelope = Envelope(peak: 0, total: 1)
    #expect(method != .adam())
  }

  @Test("Everything that a method has is saved")
  func everything() throws {
    var method = Method(
      direction: Adam(beta1: 0.5, relativeEpsilon: BatchDependent(full: 0.25, small: 0.5)),
      learningRate: QuadraticRate {
        $0.memory = CurvatureMemory(
          .epochs(3), order: BatchDependent(full: 2, small: 6), cap: 5, relief: .steps(7))
        $0.curvatureAverage = CurvatureAverage(decay: 0.5, initial: 3)
        $0.plausibility = Plausibility(decrease: 0.1, averaging: 0.2)
        $0.previousSlope = PreviousSlope(weight: .unseen(0.4))
        ($0.clipping, $0.amplification, $0.averaging) = (2, 3, 0.125)
      },
      damping: LevenbergMarquardt(
        initial: 2, decreaseFactor: 0.9, increaseFactor: 3, floor: 0.5, ceiling: 9,
        ratioCurvature: .undamped, interval: 4))
    method.momentum = ScheduledMomentum(.piecewise(peak: 0.5, warmUp: 1, [3: 0.5, 9: 0.25]))
    method.acceptance = OnlyDecreases(restoring: .everything)
    method.model = ModelSource(.saddleFreeHessian, batch: .independent)
    method.envelope = Envelope(peak: 3)
    method.clipping = Clipping(
      gradientNorm: 1, directionElement: 2, updateNorm: 3, normConstraint: 4)
    method.weightDecay = WeightDecay(
      rate: 0.1, isScaledByLearningRate: true, excludedRoles: [.bias, .weight],
      excludedNames: ["a", "b"])
    method.weightDecay.isJudged = true
    method.weightDecay.l2 = 0.5
    #expect(try decoded(method) == method)
    // Each in turn makes a difference.
    let changes: [(inout Method) -> Void] = [
      { $0.direction = Adam() }, { $0.learningRate = QuadraticRate() },
      { $0.damping = LevenbergMarquardt() }, { $0.momentum = FixedMomentum(0.5) },
      { $0.acceptance = OnlyDecreases() }, { $0.averaging = IterateAveraging(share: 0.1) },
      { $0.model.curvature = .hessian },
      { $0.model.batch = .own },
      { $0.envelope?.total = 5 }, { $0.clipping.normConstraint = nil },
      { $0.weightDecay.isJudged = false }, { $0.weightDecay.l2 = 0 },
      { $0.weightDecay.excludedNames = ["a"] },
    ]
    for change in changes {
      var other = method
      change(&other)
      #expect(other != method)
      #expect(try decoded(other) == other)
    }
  }

  @Test("Every combination of registered heuristics comes back equal")
  func combinations() throws {
    _ = Self.registration
    func entries(_ axis: HeuristicAxis) -> [RegisteredHeuristic] { HeuristicRegistry.entries(axis) }
    let settings = Method.allSettings
    var count = 0
    for direction in entries(.direction) {
      for rate in entries(.learningRate) {
        for momentum in entries(.momentum) {
          for damping in entries(.damping) {
            for acceptance in entries(.acceptance) {
              var method = Method.sgd()
              let names = [direction, rate, momentum, damping, acceptance]
              for entry in names {
                let kind = "\(entry.axis.rawValue).kind"
                _ = settings.first { $0.name == kind }?.assign(&method, .text(entry.name))
              }
              #expect(method.kinds.map(\.name) == names.map(\.name))
              #expect(try decoded(method) == method)
              count += 1
            }
          }
        }
      }
    }
    #expect(count >= 9 * 4 * 4 * 5 * 2)
  }

  @Test("What is registered comes back, and a run goes on from the middle to the same bits")
  func registered() throws {
    _ = Self.registration
    var method = Method(
      direction: SumOfGradients(weight: 0.25), learningRate: GrowingRate(factor: 1.25),
      damping: LevenbergMarquardt())
    method.acceptance = OnlyDecreases()
    let back = try decoded(method)
    #expect(back == method && (back.learningRate as? GrowingRate)?.factor == 1.25)
    #expect(method.kinds.prefix(2).map(\.name) == ["sum-of-gradients", "growing"])
    #expect(method.value("learning-rate.factor") == .number(1.25))
    #expect(method.value("sum-of-gradients.weight") == .number(0.25))
    try goOn(method, back)
  }

  @Test("A run goes on from the middle to the same bits", arguments: Sample.presets.map(\.name))
  func state(_ name: String) throws {
    let method = try #require(Sample.preset(name))
    try goOn(method, try decoded(method))
  }

  private func goOn(_ method: Method, _ back: Method) throws {
    let (fit, other) = (WavyFit(), WavyFit(rows: [0, 2, 3]))
    var parameters = WavyFit.start
    var optimizer = try Optimizer(method, for: parameters)
    func step(_ optimizer: inout Optimizer<[Double]>, _ p: inout [Double]) throws -> StepReport {
      try optimizer.step(&p, on: fit.objective(), independent: other.objective())
    }
    for _ in 0..<7 { _ = try step(&optimizer, &parameters) }
    var (resumed, theirs) = (try Optimizer(back, for: parameters), parameters)
    resumed.state = try JSONDecoder().decode(
      OptimizerState<[Double]>.self, from: encoded(optimizer.state))
    #expect(try encoded(resumed.state) == encoded(optimizer.state))
    for _ in 0..<7 {
      #expect(try step(&resumed, &theirs) == step(&optimizer, &parameters))
      #expect(theirs == parameters)
    }
    #expect(try encoded(resumed.state) == encoded(optimizer.state))
  }

  @Test("A name that nothing is registered under, or another axis, is an error that says so")
  func unknown() throws {
    let text = String(decoding: try encoded(Method.adam()), as: UTF8.self)
    func message(_ text: String) -> String {
      let error = #expect(throws: DecodingError.self) {
        try JSONDecoder().decode(Method.self, from: Data(text.utf8))
      }
      return "\(error as Any)"
    }
    let unknown = text.replacingOccurrences(of: "\"kind\":\"adam\"", with: "\"kind\":\"madam\"")
    #expect(unknown != text)
    #expect(message(unknown).contains("no heuristic of direction is registered as 'madam'"))
    let swapped = text.replacingOccurrences(
      of: "\"axis\":\"momentum\"", with: "\"axis\":\"acceptance\""
    ).replacingOccurrences(of: "\"kind\":\"none\"", with: "\"kind\":\"all\"")
    #expect(message(swapped).contains("acceptance"))
  }
}
