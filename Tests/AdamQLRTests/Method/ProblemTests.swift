import AdamQLR
import Testing

@Suite("Methods that cannot be meant")
struct ProblemTests {
  private func problem(_ method: Method, _ layout: ParameterLayout? = nil) -> String {
    let error = #expect(throws: OptimizerError.self) {
      try Optimizer(method, for: [1.0, 2], layout: layout)
    }
    return error?.description ?? ""
  }

  private func layout(_ count: Int) -> ParameterLayout {
    var layout = ParameterLayout()
    layout.append(name: "weight", shape: [count], role: .weight)
    return layout
  }

  @Test("A property out of its range names the setting and the range")
  func ranges() {
    var adam = Adam()
    adam.beta1 = 1.5
    #expect(
      problem(.adam(adam)) == "direction.beta1 is 1.5, but must be a number in 0..<1")
    #expect(problem(.rmsprop(RMSprop(decay: 1))).hasPrefix("rmsprop.decay is 1.0"))
    var method = Method.paperAdamQLR()
    method.clipping.directionElement = -1
    #expect(problem(method).contains("clipping.direction-element is -1.0"))
    method = Method(
      direction: Adam(), learningRate: QuadraticRate { $0.memory = CurvatureMemory(.decay(1.5)) })
    #expect(problem(method).contains("learning-rate.memory is 1.5"))
    for rate in [-1e308, .nan, .infinity] {
      #expect(problem(.sgd(learningRate: rate)).contains("learning-rate.value is \(rate)"))
    }
  }

  @Test("Horizons that came out of range when they were resolved")
  func horizons() {
    for epochs in [-1, 0, .nan, .infinity] as [Double] {
      var method = Method.adamQLR()
      let run = RunShape(batchesPerEpoch: 10)
      method.learningRate = QuadraticRate { $0.memory = CurvatureMemory(.epochs(epochs)) }
      #expect(problem(method.resolved(for: run)).contains("memory-epochs"))
      method.learningRate = QuadraticRate {
        $0.memory = CurvatureMemory(.steps(3), order: 2, relief: .epochs(epochs))
        $0.plausibility = Plausibility(decrease: 0.1)
      }
      #expect(problem(method.resolved(for: run)).contains("memory-relief"))
    }
  }

  @Test("Settings that do not go together")
  func combinations() {
    #expect(
      problem(.paperAdamQLR(damping: LevenbergMarquardt(floor: 2, ceiling: 1)))
        == "damping.ceiling (1.0) is below floor (2.0)")
    var method = Method.adam()
    method.envelope = Envelope(peak: 5, total: 5)
    #expect(problem(method).contains("learning-rate.envelope-peak (5)"))
    method = .adam()
    method.learningRate = ScheduledRate(.cosine(peak: 1, warmUp: 9, total: 4))
    #expect(problem(method).contains("warm-up (9)"))
    var schedule = Schedule.piecewise(peak: 1, [2: 0.5])
    schedule.factors = []
    method.learningRate = ScheduledRate(schedule)
    #expect(problem(method).contains("boundaries has 1 steps, but factors 0 numbers"))
  }

  @Test(
    "A direction without a curvature cannot stand for one, however seldom", arguments: [1, 2, 5])
  func directionCurvature(_ interval: Int) {
    let rule = LevenbergMarquardt(ratioCurvature: .direction, interval: interval)
    #expect(problem(.paperAdamQLR(damping: rule)).hasPrefix("damping.ratio-curvature"))
  }

  @Test("A norm constraint needs a learning rate that is known in advance")
  func normConstraint() throws {
    for (rate, isKnown) in [
      (FixedRate(0.1), true), (ScheduledRate(Schedule(peak: 0.1)), true),
      (Hypergradient(initial: 0.1), false), (QuadraticRate(), false),
    ] as [(any LearningRate, Bool)] {
      var method = Method(direction: Adam(), learningRate: rate)
      method.clipping.normConstraint = 1e-3
      if isKnown {
        _ = try Optimizer(method, for: [1.0, 2])
      } else {
        #expect(problem(method).contains("clipping.norm-constraint needs a learning rate that is"))
        #expect(problem(method).contains("'fixed' or 'schedule'"))
      }
    }
  }

  @Test("Layouts that are missing or another's")
  func layouts() {
    var method = Method.adamW()
    method.weightDecay.excludedRoles = [.bias]
    #expect(problem(method).contains("needs the layout"))
    method.weightDecay.excludedNames = ["wieght"]
    #expect(problem(method, layout(2)).contains("'wieght'"))
    #expect(problem(.paperAdamQLR(), layout(3)).contains("3 elements, the parameters 2"))
  }
}
