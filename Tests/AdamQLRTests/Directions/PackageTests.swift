import AdamQLR
import Testing

/// Whole runs against the packages that the field uses, on an ill-conditioned least squares in double
/// precision: see `Tests/Baselines`.
@Suite("Baselines against other packages")
struct PackageTests {
  private static let figures = BaselineFigures.vectors

  /// The methods by the names that the figures have for the same settings.
  private static let methods: [String: Method] = [
    "adam, defaults": .adam(),
    "adamw, defaults": .adamW(),
    "nadam, defaults": .nadam(),
    "rmsprop, defaults": .rmsprop(),
    "adagrad, defaults": .adaGrad(),
    "lion, defaults": .lion(),
    "prodigy, defaults": .prodigy(),
    "d-adaptation, defaults": .dAdaptation(),
    "schedule-free, defaults": .scheduleFreeAdamW(),

    "sgd": .sgd(learningRate: 0.1),
    "sgd, momentum": .sgd(learningRate: 0.05, momentum: 0.9),
    "sgd, Nesterov": Method(
      direction: StochasticGradientDescent(momentum: 0.9, isNesterov: true, l2: 0.01),
      learningRate: FixedRate(0.05)),
    "sgd, l2": .sgd(learningRate: 0.1, momentum: 0.5, l2: 0.05),
    "sgd, schedule": scheduled(0.1, StochasticGradientDescent(momentum: 0.8)),

    "adam": .adam(learningRate: 0.02),
    "adam, settings": .adam(
      learningRate: 0.05, Adam(beta1: 0.8, beta2: 0.95, epsilon: 1e-3)
    ).regularized(0.1),
    "adam, schedule": scheduled(0.05, Adam()),
    "adamw": decaying(0.01, .adam(learningRate: 0.02)),
    "adamw, settings": decaying(
      0.5, .adam(learningRate: 0.05, Adam(beta1: 0.7, beta2: 0.9, epsilon: 1e-4))),
    "adamw, schedule": decaying(0.3, scheduled(0.05, Adam())),
    "nadam": .nadam(learningRate: 0.02),
    "nadam, settings": .nadam(
      learningRate: 0.03, NAdam(beta1: 0.8, beta2: 0.95, epsilon: 1e-3, momentumDecay: 0.05)),
    "nadam, decay": decaying(0.2, scheduled(0.04, NAdam())),

    "rmsprop, settings": .rmsprop(
      learningRate: 0.02, RMSprop(decay: 0.9, epsilon: 1e-3)
    ).regularized(0.1),
    "rmsprop, centered": .rmsprop(RMSprop(decay: 0.95, isCentered: true)),
    "rmsprop, momentum": .rmsprop(learningRate: 0.003).repeating(0.8),
    "rmsprop, centered, momentum": .rmsprop(
      learningRate: 0.003, RMSprop(decay: 0.9, epsilon: 1e-4, isCentered: true)
    ).repeating(0.7),
    "rmsprop, schedule": scheduled(0.02, RMSprop()),
    "adagrad": .adaGrad(learningRate: 0.1),
    "adagrad, settings": .adaGrad(
      learningRate: 0.3, AdaGrad(epsilon: 1e-2, initialSum: 0.5)
    ).regularized(0.05),
    "adagrad, schedule": scheduled(0.5, AdaGrad()),
    "lion": .lion(learningRate: 0.01),
    "lion, settings": .lion(learningRate: 0.02, weightDecay: 0.5, Lion(beta1: 0.7, beta2: 0.9)),
    "lion, schedule": decaying(0.3, scheduled(0.02, Lion())),

    "prodigy, rate": .prodigy(learningRate: 0.25),
    "prodigy, schedule": scheduled(1, Prodigy()),
    "prodigy, safeguarded schedule": scheduled(1, Prodigy(safeguardsWarmUp: true)),
    "prodigy, bias correction": .prodigy(
      Prodigy(beta1: 0.8, beta2: 0.99, usesBiasCorrection: true)),
    "prodigy, bias correction, safeguarded schedule": decaying(
      0.02,
      scheduled(
        0.5, Prodigy(initialEstimate: 1e-2, usesBiasCorrection: true, safeguardsWarmUp: true))),
    "prodigy, beta3": .prodigy(Prodigy(beta3: 0.9, coefficient: 0.5)),
    "prodigy, growth rate": .prodigy(Prodigy(initialEstimate: 1e-3, growthRate: 1.1)),
    "prodigy, slice": .prodigy(Prodigy(sliceP: 4)),
    "prodigy, epsilon": .prodigy(
      weightDecay: 0.05, Prodigy(epsilon: 0.1, initialEstimate: 1e-2)),
    "prodigy, l2": .prodigy().regularized(0.05),
    "d-adaptation, rate": .dAdaptation(learningRate: 0.125),
    "d-adaptation, schedule": scheduled(0.5, DAdaptation()),
    "d-adaptation, bias correction": decaying(
      0.02, scheduled(0.5, DAdaptation(beta1: 0.8, beta2: 0.99, usesBiasCorrection: true))),
    "d-adaptation, growth rate": .dAdaptation(
      DAdaptation(initialEstimate: 1e-3, growthRate: 1.2)),
    "d-adaptation, epsilon": .dAdaptation(
      weightDecay: 0.05, DAdaptation(epsilon: 0.1, initialEstimate: 1e-2)),
    "d-adaptation, l2": .dAdaptation().regularized(0.05),

    "schedule-free, settings": .scheduleFreeAdamW(
      learningRate: 0.03,
      ScheduleFreeAdamW(beta1: 0.8, beta2: 0.95, epsilon: 1e-3, weightDecay: 0.3, warmUp: 20)),
    "schedule-free, weights": .scheduleFreeAdamW(
      learningRate: 0.03, ScheduleFreeAdamW(warmUp: 10, weightPower: 1, averagingPower: 1.5)),
    "schedule-free, schedule": scheduled(0.05, ScheduleFreeAdamW(weightDecay: 0.1)),
    "schedule-free, paper": .scheduleFreeAdamWPaper(learningRate: 0.03),
    "schedule-free, paper, settings": .scheduleFreeAdamW(
      learningRate: 0.05,
      ScheduleFreeAdamW(
        beta1: 0.7, beta2: 0.9, epsilon: 1e-2, weightDecay: 0.2, warmUp: 15, followsPaper: true)),
    "schedule-free, paper, weights": .scheduleFreeAdamW(
      learningRate: 0.03,
      ScheduleFreeAdamW(weightPower: 1, averagingPower: 1, followsPaper: true)),
  ]

  /// A direction under the schedule `warm_up_cosine` of the figures.
  private static func scheduled(_ peak: Double, _ direction: any Direction) -> Method {
    Method(
      direction: direction,
      learningRate: ScheduledRate(.cosine(peak: peak, warmUp: 10, total: 250, final: 0.1 * peak)))
  }

  private static func decaying(_ rate: Double, _ method: Method) -> Method {
    var method = method
    method.weightDecay = WeightDecay(rate: rate, isScaledByLearningRate: true)
    return method
  }

  @Test("Every figure has its method, and every method its figures")
  func completeness() {
    #expect(Set(Self.figures.cases.map(\.name)) == Set(Self.methods.keys))
    #expect(Self.figures.cases.count == 2 * Self.methods.count)
    #expect(Self.figures.problem.condition > 1000)
    #expect(Self.figures.packages.count == 6)
  }

  @Test("A run, on all rows and in a cycle of batches", arguments: methods.keys.sorted())
  func run(_ name: String) throws {
    let method = try #require(Self.methods[name])
    let cases = Self.figures.cases.filter { $0.name == name }
    #expect(Set(cases.map(\.cycles)) == [false, true])
    for figures in cases {
      #expect(figures.parameters.count >= 6 && figures.parameters.count == figures.spread.count)
      var parameters = Self.figures.problem.start
      var optimizer = try Optimizer(method, for: parameters)
      for (place, step) in Self.figures.steps.prefix(figures.parameters.count).enumerated() {
        while optimizer.state.step < step {
          let objective = Self.figures.problem.objective(
            cycles: figures.cycles, step: optimizer.state.step)
          #expect(try optimizer.step(&parameters, on: objective).isTaken)
        }
        // A start one ulp away has no more to say than this either.
        let tolerance = step <= 50 ? 1e-12 : max(1e-12, 1e3 * figures.spread[place])
        #expect(
          areClose(parameters, figures.parameters[place], tolerance),
          "step \(step), \(figures.cycles ? "batches" : "all rows")")
        if let average = figures.averages?[place] {
          let point = try #require(optimizer.evaluationPoint(for: parameters))
          #expect(areClose(point, average, tolerance), "average at step \(step)")
        }
        if let estimate = figures.estimates?[place] {
          let found = optimizer.state.direction.scalars[0]
          #expect(isClose(found, estimate, 1e-9), "d at step \(step): \(found), \(estimate)")
        }
      }
    }
  }
}

extension PackageTests {
  /// A run with the figures' gradients, whatever the parameters are.
  private func follow(_ method: Method, _ name: String) throws {
    let run = try #require(Self.figures.prescribed.first { $0.name == name })
    var parameters = run.start
    var optimizer = try Optimizer(method, for: parameters)
    for (gradient, expected) in zip(run.gradients, run.parameters) {
      try optimizer.step(
        &parameters,
        on: ClosureObjective<[Double]>(loss: { _ in 0 }, gradient: { _ in gradient }))
      #expect(areClose(parameters, expected, 1e-15))
    }
  }

  @Test("Momentum and weight decay go on where the gradient is zero")
  func zeroGradients() throws {
    try follow(.adamW(learningRate: 0.1, weightDecay: 0.5), "adamw")
    try follow(.sgd(learningRate: 0.1).repeating(0.9), "sgd, momentum")
    // Momentum that is the direction's has no zero direction.
    try follow(.sgd(learningRate: 0.1, momentum: 0.9), "sgd, momentum")
  }
}

extension Method {
  /// With ½w‖θ‖² added to the loss.
  fileprivate func regularized(_ weight: Double) -> Method {
    var method = self
    method.weightDecay.l2 = weight
    return method
  }

  /// With a fixed momentum of the step.
  fileprivate func repeating(_ momentum: Double) -> Method {
    var method = self
    method.momentum = FixedMomentum(momentum)
    return method
  }
}
