import AdamQLR
import Foundation
import Testing

/// Each optimizer against its algorithm written out in plain loops for three parameters.
@Suite("Baselines")
struct BaselineTests {
  /// Compares thirty steps of the method with θ as `reference` makes it from g, θ and the number of
  /// the step from 1, and hands the optimizer to `inspect`.
  private func check(
    _ method: Method, reference: ([Double], [Double], Int) -> [Double],
    inspect: (Optimizer<[Double]>, [Double], Int) -> Void = { _, _, _ in }
  ) throws {
    let fit = WavyFit()
    var (ours, theirs) = (WavyFit.start, WavyFit.start)
    var optimizer = try Optimizer(method, for: ours)
    for t in 1...30 {
      theirs = reference(fit.gradient(theirs), theirs, t)
      let report = try optimizer.step(&ours, on: fit.objective())
      #expect(report.isTaken)
      #expect(areClose(ours, theirs, 1e-12), "step \(t)")
      inspect(optimizer, ours, t)
    }
    #expect(fit.loss(ours) < fit.loss(WavyFit.start))
  }

  @Test(
    "RMSprop",
    arguments: [
      RMSprop(), .init(decay: 0.7, epsilon: 0.1), .init(isCentered: true),
      .init(decay: 0.8, epsilon: 0.01, isCentered: true),
    ])
  func rmsprop(_ direction: RMSprop) throws {
    var (v, mean) = ([0.0, 0, 0], [0.0, 0, 0])
    try check(.rmsprop(direction)) { g, p, _ in
      (0..<3).map { i in
        v[i] = direction.decay * v[i] + (1 - direction.decay) * g[i] * g[i]
        mean[i] = direction.decay * mean[i] + (1 - direction.decay) * g[i]
        let variance = direction.isCentered ? v[i] - mean[i] * mean[i] : v[i]
        return p[i] - 0.01 * g[i] / (variance.squareRoot() + direction.epsilon)
      }
    }
  }

  @Test("AdaGrad", arguments: [AdaGrad(), .init(epsilon: 0.1, initialSum: 0.5)])
  func adaGrad(_ direction: AdaGrad) throws {
    var sum = [Double](repeating: direction.initialSum, count: 3)
    try check(.adaGrad(learningRate: 0.1, direction)) { g, p, _ in
      (0..<3).map { i in
        sum[i] += g[i] * g[i]
        return p[i] - 0.1 * g[i] / (sum[i].squareRoot() + direction.epsilon)
      }
    }
  }

  @Test("Lion, whose direction is ±1", arguments: [Lion(), .init(beta1: 0.3, beta2: 0.6)])
  func lion(_ direction: Lion) throws {
    var m = [0.0, 0, 0]
    try check(.lion(learningRate: 0.01, weightDecay: 0.3, direction)) { g, p, _ in
      (0..<3).map { i in
        let c = direction.beta1 * m[i] + (1 - direction.beta1) * g[i]
        m[i] = direction.beta2 * m[i] + (1 - direction.beta2) * g[i]
        return p[i] - 0.01 * ((c > 0 ? 1 : -1) + 0.3 * p[i])
      }
    }
    var parameters = WavyFit.start
    var optimizer = try Optimizer(.lion(learningRate: 0.25, direction), for: parameters)
    for _ in 0..<10 {
      let before = parameters
      let report = try optimizer.step(&parameters, on: WavyFit().objective())
      #expect(report.directionNorm == 3.0.squareRoot())
      #expect((0..<3).allSatisfy { isClose(abs(parameters[$0] - before[$0]), 0.25, 1e-12) })
    }
  }

  @Test(
    "NAdam", arguments: [NAdam(), .init(beta1: 0.6, beta2: 0.9, epsilon: 0.1, momentumDecay: 1)])
  func nadam(_ direction: NAdam) throws {
    var (m, v, product) = ([0.0, 0, 0], [0.0, 0, 0], 1.0)
    func mu(_ t: Int) -> Double {
      direction.beta1 * (1 - 0.5 * pow(0.96, Double(t) * direction.momentumDecay))
    }
    try check(.nadam(learningRate: 0.02, direction)) { g, p, t in
      product *= mu(t)
      return (0..<3).map { i in
        m[i] = direction.beta1 * m[i] + (1 - direction.beta1) * g[i]
        v[i] = direction.beta2 * v[i] + (1 - direction.beta2) * g[i] * g[i]
        let mean =
          mu(t + 1) * m[i] / (1 - product * mu(t + 1)) + (1 - mu(t)) * g[i] / (1 - product)
        let vHat = v[i] / (1 - pow(direction.beta2, Double(t)))
        return p[i] - 0.02 * mean / (vHat.squareRoot() + direction.epsilon)
      }
    }
  }

  @Test(
    "Prodigy, whose estimate never falls",
    // Decay moves the parameters far more than a small estimate does, whose own part is then lost
    // in rounding.
    arguments: [
      (Prodigy(), 0.0), (Prodigy.coarse, 0.0), (Prodigy.coarse, 0.1),
    ] as [(Prodigy, Double)])
  func prodigy(_ direction: Prodigy, _ weightDecay: Double) throws {
    let (beta1, beta2) = (direction.beta1, direction.beta2)
    let root = beta2.squareRoot()
    var (m, v, s, r, d) = ([0.0, 0, 0], [0.0, 0, 0], [0.0, 0, 0], 0.0, direction.initialEstimate)
    var estimates = [d]
    try check(.prodigy(weightDecay: weightDecay, direction)) { g, p, _ in
      let distance = (0..<3).map { WavyFit.start[$0] - p[$0] }
      r = root * r + (1 - root) * d * d * inner(g, distance)
      var next = p
      for i in 0..<3 {
        m[i] = beta1 * m[i] + (1 - beta1) * d * g[i]
        v[i] = beta2 * v[i] + (1 - beta2) * d * d * g[i] * g[i]
        s[i] = root * s[i] + (1 - root) * d * d * g[i]
        next[i] -= d * m[i] / (v[i].squareRoot() + d * direction.epsilon)
        next[i] -= d * weightDecay * p[i]
      }
      d = max(d, r / s.reduce(0) { $0 + abs($1) })
      return next
    } inspect: { optimizer, _, _ in
      let estimate = optimizer.state.direction.scalars[0]
      #expect(isClose(estimate, d, 1e-9) && estimate >= estimates[estimates.count - 1])
      estimates.append(estimate)
    }
    #expect(Set(estimates).count > 5)
  }

  @Test(
    "D-Adaptation, whose estimate never falls",
    arguments: [
      DAdaptation(), .init(beta1: 0.8, beta2: 0.9, epsilon: 1e-3, initialEstimate: 1e-2),
    ],
    [0, 0.1])
  func dAdaptation(_ direction: DAdaptation, _ weightDecay: Double) throws {
    let (beta1, beta2) = (direction.beta1, direction.beta2)
    let root = beta2.squareRoot()
    var (m, v, s, r, d) = ([0.0, 0, 0], [0.0, 0, 0], [0.0, 0, 0], 0.0, direction.initialEstimate)
    var estimates = [d]
    try check(.dAdaptation(weightDecay: weightDecay, direction)) { g, p, _ in
      var (next, product) = (p, 0.0)
      for i in 0..<3 {
        m[i] = beta1 * m[i] + (1 - beta1) * d * g[i]
        v[i] = beta2 * v[i] + (1 - beta2) * g[i] * g[i]
        let a = v[i].squareRoot() + direction.epsilon
        next[i] -= m[i] / a + d * weightDecay * p[i]
        product += g[i] * s[i] / a
        s[i] = root * s[i] + (1 - root) * d * g[i]
      }
      r = root * r + (1 - root) * d * product
      d = max(d, r / ((1 - root) * s.reduce(0) { $0 + abs($1) }))
      return next
    } inspect: { optimizer, _, _ in
      let estimate = optimizer.state.direction.scalars[0]
      #expect(isClose(estimate, d, 1e-9) && estimate >= estimates[estimates.count - 1])
      estimates.append(estimate)
    }
    #expect(Set(estimates).count > 5)
  }

  @Test(
    "Schedule-Free AdamW: gradients at y, and x is the weighted average of z",
    arguments: [
      ScheduleFreeAdamW(), .init(weightDecay: 0.2), .init(warmUp: 8), .paper,
      .init(
        beta1: 0.5, beta2: 0.8, epsilon: 0.1, weightDecay: 0.1, warmUp: 3, weightPower: 1,
        averagingPower: 0.5),
      .init(
        beta1: 0.5, beta2: 0.8, epsilon: 0.1, weightDecay: 0.1, warmUp: 3, followsPaper: true),
    ])
  func scheduleFree(_ direction: ScheduleFreeAdamW) throws {
    let (beta1, beta2, rate) = (direction.beta1, direction.beta2, 0.03)
    var (v, z, x) = ([0.0, 0, 0], WavyFit.start, WavyFit.start)
    var (weights, points): ([Double], [[Double]]) = ([], [])
    try check(.scheduleFreeAdamW(learningRate: rate, direction)) { g, y, t in
      let rise = min(1, Double(t) / Double(max(direction.warmUp, 1)))
      let correction = (1 - pow(beta2, Double(t))).squareRoot()
      let gamma = rate * rise * (direction.followsPaper ? correction : 1)
      let vFactor = direction.followsPaper ? 1 : 1 / correction
      weights.append(
        pow(Double(t), direction.averagingPower) * pow(gamma, direction.weightPower))
      let c = weights[t - 1] / weights.reduce(0, +)
      for i in 0..<3 {
        v[i] = beta2 * v[i] + (1 - beta2) * g[i] * g[i]
        z[i] -=
          gamma
          * (g[i] / (vFactor * v[i].squareRoot() + direction.epsilon)
            + direction.weightDecay * y[i])
        x[i] = (1 - c) * x[i] + c * z[i]
      }
      points.append(z)
      return (0..<3).map { (1 - beta1) * z[$0] + beta1 * x[$0] }
    } inspect: { optimizer, y, _ in
      let point = optimizer.evaluationPoint(for: y)
      #expect(areClose(point ?? [], x, 1e-12))
      let total = weights.reduce(0, +)
      let average = (0..<3).map { i in
        zip(weights, points).reduce(0) { $0 + $1.0 * $1.1[i] } / total
      }
      #expect(areClose(point ?? [], average, 1e-12))
      #expect(point.map { $0 != y || beta1 == 1 || points.count == 1 } == true)
    }
  }

  @Test(
    "ScheduleFree+: gradients at y, x is the weighted average of z, and steps are Polyak's",
    arguments: [
      ScheduleFreePlus(), .init(annealing: 20, warmUp: 0), .init(annealing: 9, warmUp: 4),
      .init(annealing: 40, warmUp: 5, averagingStart: 3, weightDecay: 0.3),
      .init(
        interpolation: 0.5, finalInterpolation: 0.8, annealing: 30, beta1: 0.6, beta2: 0.8,
        epsilon: 0.05, normDecay: 0, warmUp: 0, averagingStart: 10),
    ], [1, 0.25])
  func scheduleFreePlus(_ direction: ScheduleFreePlus, _ rate: Double) throws {
    let (beta1, beta2) = (direction.beta1, direction.beta2)
    var (m, v, z, x) = ([0.0, 0, 0], [0.0, 0, 0], WavyFit.start, WavyFit.start)
    var (e, sum, greatest) = (0.0, 0.0, 0.0)
    let rise = direction.warmUp ?? 200
    let start = direction.averagingStart ?? 2 * rise
    try check(.scheduleFreePlus(learningRate: rate, direction)) { g, y, t in
      let share = min(1, Double(t) / Double(direction.annealing ?? .max))
      let beta =
        1
        - exp(
          (1 - share) * log(1 - direction.interpolation)
            + share * log(1 - direction.finalInterpolation))
      e =
        direction.normDecay * e
        + (1 - direction.normDecay) * sqrt(Double.pi / 2) * g.reduce(0) { $0 + abs($1) }
      let norm = e / (1 - pow(direction.normDecay, Double(t)))
      let offset = inner(g, (0..<3).map { z[$0] - x[$0] })
      let alpha =
        rate * min(1, Double(t) / Double(max(rise, 1)))
        * max(0, WavyFit().loss(y) + beta * offset) / norm
      greatest = max(greatest, alpha)
      var c = 1.0
      if t > start {
        let weight = greatest * greatest
        sum += weight
        c = weight / sum
      }
      for i in 0..<3 {
        z[i] -= alpha * alpha * direction.weightDecay * y[i]
        m[i] = beta1 * m[i] + (1 - beta1) * g[i]
        v[i] = beta2 * v[i] + (1 - beta2) * g[i] * g[i]
        let (mHat, vHat) = (m[i] / (1 - pow(beta1, Double(t))), v[i] / (1 - pow(beta2, Double(t))))
        z[i] -= alpha * mHat / (vHat.squareRoot() + direction.epsilon)
        x[i] = (1 - c) * x[i] + c * z[i]
      }
      return (0..<3).map { beta * x[$0] + (1 - beta) * z[$0] }
    } inspect: { optimizer, y, t in
      let point = optimizer.evaluationPoint(for: y)
      #expect(areClose(point ?? [], x, 1e-12))
      #expect(point.map { $0 != y || t <= start + 1 } == true)
    }
  }

  @Test("What ScheduleFree+ takes from the length of the run")
  func scheduleFreePlusOfARun() throws {
    let run = RunShape(batchesPerEpoch: 4, totalSteps: 199)
    #expect(
      ScheduleFreePlus().resolved(for: run)
        == ScheduleFreePlus(annealing: 199, warmUp: 99, averagingStart: 198))
    let long = RunShape(batchesPerEpoch: 4, totalSteps: 5000)
    #expect(
      ScheduleFreePlus().resolved(for: long)
        == ScheduleFreePlus(annealing: 5000, warmUp: 200, averagingStart: 400))
    let own = ScheduleFreePlus(annealing: 0, warmUp: 7, averagingStart: 1)
    #expect(own.resolved(for: run) == own)
    #expect(ScheduleFreePlus(warmUp: 7).resolved(for: run).averagingStart == 14)
    let endless = RunShape(batchesPerEpoch: nil)
    #expect(
      ScheduleFreePlus().resolved(for: endless)
        == ScheduleFreePlus(warmUp: 200, averagingStart: 400))
  }

  @Test("A schedule of ScheduleFree+'s learning rate is a factor on its step size")
  func scheduledScheduleFreePlus() throws {
    let fit = WavyFit()
    var method = Method.scheduleFreePlus(ScheduleFreePlus(warmUp: 0))
    let schedule = Schedule.cosine(peak: 0.6, warmUp: 4, total: 25, final: 0.1)
    method.learningRate = ScheduledRate(schedule)
    var parameters = WavyFit.start
    var optimizer = try Optimizer(method, for: parameters)
    var (m, v, z, x) = ([0.0, 0, 0], [0.0, 0, 0], WavyFit.start, WavyFit.start)
    var (y, e, sum, greatest) = (WavyFit.start, 0.0, 0.0, 0.0)
    for t in 1...30 {
      let g = fit.gradient(y)
      e = 0.9 * e + 0.1 * sqrt(Double.pi / 2) * g.reduce(0) { $0 + abs($1) }
      let numerator = fit.loss(y) + 0.9 * inner(g, (0..<3).map { z[$0] - x[$0] })
      let alpha =
        schedule.value(at: t - 1) * max(0, numerator) / (e / (1 - pow(0.9, Double(t))))
      greatest = max(greatest, alpha)
      sum += greatest * greatest
      let c = greatest * greatest / sum
      for i in 0..<3 {
        m[i] = 0.9 * m[i] + 0.1 * g[i]
        v[i] = 0.95 * v[i] + 0.05 * g[i] * g[i]
        let vHat = v[i] / (1 - pow(0.95, Double(t)))
        z[i] -= alpha * m[i] / (1 - pow(0.9, Double(t))) / (vHat.squareRoot() + 1e-8)
        x[i] = (1 - c) * x[i] + c * z[i]
        y[i] = 0.9 * x[i] + 0.1 * z[i]
      }
      try optimizer.step(&parameters, on: fit.objective())
      #expect(areClose(parameters, y, 1e-11), "step \(t)")
      #expect(areClose(optimizer.evaluationPoint(for: parameters) ?? [], x, 1e-11), "step \(t)")
    }
  }

  @Test("Where the rate has come to 0, what was learned is still an average")
  func averageAtZeroRate() throws {
    var parameters = WavyFit.start
    let method = Method(
      direction: ScheduleFreeAdamW(),
      learningRate: ScheduledRate(.piecewise(peak: 0.1, [5: 0])))
    var optimizer = try Optimizer(method, for: parameters)
    for _ in 0..<5 { try optimizer.step(&parameters, on: WavyFit().objective()) }
    let before = try #require(optimizer.evaluationPoint(for: parameters))
    let report = try optimizer.step(&parameters, on: WavyFit().objective())
    let after = try #require(optimizer.evaluationPoint(for: parameters))
    #expect(report.learningRate == 0 && after != parameters)
    #expect(deviation(after, before) < deviation(parameters, before))
  }

  @Test("Only Schedule-Free is evaluated elsewhere, and it not before its first step")
  func evaluationPoint() throws {
    for (name, direction) in Sample.directions {
      var parameters = WavyFit.start
      var optimizer = try Optimizer(
        Method(direction: direction, learningRate: FixedRate(0.01)), for: parameters)
      #expect(optimizer.evaluationPoint(for: parameters) == nil)
      for _ in 0..<3 { try optimizer.step(&parameters, on: WavyFit().objective()) }
      let isAverage = optimizer.evaluationPoint(for: parameters) != nil
      #expect(isAverage == ["Schedule-Free", "ScheduleFree+"].contains(name))
    }
  }

  @Test(
    "Every direction takes the learning rate of the quadratic model",
    arguments: Sample.directions.map(\.name))
  func quadraticModel(_ name: String) throws {
    let direction = try #require(Sample.directions.first { $0.name == name }?.direction)
    let fit = WavyFit()
    var parameters = WavyFit.start
    var optimizer = try Optimizer(
      Method(
        direction: direction, learningRate: QuadraticRate(),
        damping: LevenbergMarquardt()),
      for: parameters)
    for _ in 0..<25 {
      let before = parameters
      let damping = optimizer.damping
      let report = try optimizer.step(&parameters, on: fit.objective())
      #expect(report.isTaken)
      let d = (0..<3).map { (before[$0] - parameters[$0]) / report.learningRate }
      let curvature = form(fit.matrix(.fisher, before), d, damping: damping)
      // The difference of parameters has no digits of d left where α is tiny.
      guard abs(report.learningRate) > 1e-6 else { continue }
      #expect(isClose(report.learningRate, inner(fit.gradient(before), d) / curvature, 1e-6))
    }
    #expect(fit.loss(parameters) < 0.5 * fit.loss(WavyFit.start))
  }

  @Test("A gradient that is zero, in part or at first, makes no NaN in single precision")
  func zeroGradients() throws {
    for (name, direction) in Sample.directions {
      for scale in [0, 1, 1e-12, 1e-18] as [Float] {
        var parameters: [Float] = [1, 2]
        var optimizer = try Optimizer(
          Method(direction: direction, learningRate: FixedRate(0.01)), for: parameters)
        for t in 0..<6 {
          // Nothing at all in the first step.
          let g: [Float] = [t == 0 ? 0 : scale, 0]
          try optimizer.step(
            &parameters, on: ClosureObjective<[Float]>(loss: { _ in 1 }, gradient: { _ in g }))
        }
        let vectors = optimizer.state.direction.vectors.joined()
        #expect(
          parameters.allSatisfy { $0.isFinite } && vectors.allSatisfy { $0.isFinite }, "\(name)")
        #expect(optimizer.state.direction.scalars.allSatisfy { $0.isFinite }, "\(name)")
        #expect(parameters[1] == 2 && optimizer.state.direction.step == 6, "\(name)")
        #expect(scale < 1 || parameters[0] < 1, "\(name)")
      }
    }
  }

  @Test("A sign is −1, 0 or 1 for the smallest numbers too; NaN stays")
  func signs() {
    var double = [0.0, 0, 0, 0, 0, 0]
    double.formSign(of: [1e300, -.leastNonzeroMagnitude, 0, -0.0, -.infinity, .nan])
    #expect(double[..<5] == [1, -1, 0, 0, -1] && double[5].isNaN)
    var single: [Float] = [0, 0]
    single.formSign(of: [.leastNonzeroMagnitude, -3e38])
    #expect(single == [1, -1])
  }
}

extension Prodigy {
  fileprivate static let coarse = Prodigy(
    beta1: 0.8, beta2: 0.9, epsilon: 1e-3, initialEstimate: 1e-2)
}
