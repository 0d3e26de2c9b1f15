import AdamQLR
import Foundation
import Testing

@Suite("AdamQLR for batches of any size")
struct AnyBatchSizeTests {
  private let fit = WavyFit()

  /// A quadratic model along the gradient, without damping.
  private func undamped(_ refine: (inout QuadraticRate) -> Void) -> Method {
    Method(direction: StochasticGradientDescent(), learningRate: QuadraticRate(refine))
  }

  @Test("A run matches the formulas written out", arguments: [2, 5, 1000])
  func formulas(_ batches: Int) throws {
    let (decay, unseen) = (1 - 1 / (3 * Double(batches)), 1 - 1 / Double(batches))
    let (r, order) = (0.1 * unseen, 2 + 3 * unseen)
    var (p, m, v, remembered) = (WavyFit.start, [0.0, 0, 0], [0.0, 0, 0], 0.0)
    var previous: (direction: [Double], meanSquare: Double)?
    var promise: (decrease: Double, loss: Double)?
    var agreement = AgreementWrittenOut()
    var average = p
    var parameters = p
    // κ, and how often it was measured.
    var (relieved, measurements) = (0.0, 0)
    var optimizer = try Optimizer(.adamQLR(batchesPerEpoch: batches), for: parameters)
    for t in 1...12 {
      let g = fit.gradient(p)
      let meanSquare =
        previous.map { $0.meanSquare / (1 - pow(0.95, Double(t - 1))) } ?? inner(g, g) / 3
      let epsilon = 1e-8 + r * meanSquare.squareRoot()
      var d = g
      for i in 0..<3 {
        m[i] = 0.9 * m[i] + 0.1 * g[i]
        v[i] = 0.95 * v[i] + 0.05 * g[i] * g[i]
        d[i] =
          m[i] / (1 - pow(0.9, Double(t)))
          / ((v[i] / (1 - pow(0.95, Double(t)))).squareRoot() + epsilon)
      }
      let isMeasured = batches < 20 || t % 2 == 1
      var current = form(fit.matrix(.fisher, p), d, damping: 0) / inner(d, d)
      if isMeasured {
        measurements += 1
        let weight = max(1 - decay, 1 / Double(measurements))
        remembered = pow(
          (1 - weight) * pow(remembered, order) + weight * pow(current, order), 1 / order)
      }
      var share = 1.0
      if let x = promise.map({ $0.decrease / $0.loss }) {
        let y = 1 / (1 + pow(0.08 / x, 2))
        let z = 1 / (1 + 1 / pow(Double(batches) * x, 2))
        share = 1 - (1 - y) * (1 - z)
      }
      if isMeasured {
        relieved = current * pow(max(remembered / current, 1), share)
      } else {
        relieved = max(remembered, relieved)
        current = relieved
      }
      let c = relieved * inner(d, d)
      let (decrease, loss) = (inner(g, d) * inner(g, d) / (2 * c), fit.loss(p))
      promise =
        promise.map { (0.9 * $0.decrease + 0.1 * decrease, 0.9 * $0.loss + 0.1 * loss) }
        ?? (decrease, loss)
      agreement.note(g, previous?.direction, t)
      let sigma = agreement.sigma(t)
      var rate = inner(g, d) / c
      if let before = previous?.direction {
        let slope = inner(g, before) * sqrt(inner(d, d) / inner(before, before))
        let x = promise.map { $0.decrease / $0.loss } ?? .nan
        let w = 0.85 * unseen / (1 + pow(0.08 / x, 2)) * (1 - sigma)
        rate = max((1 - w) * rate + w * max(slope, 0) / c, 0)
      }
      rate *= 1 + 0.8 * sigma
      agreement.last = (inner(g, d), current * inner(d, d), rate)

      let report = try optimizer.step(&parameters, on: fit.objective())
      #expect(isClose(report.curvature, c, 1e-9) && isClose(report.learningRate, rate, 1e-8))
      #expect(report.predictedChange == nil)
      p = (0..<3).map { p[$0] - rate * d[$0] }
      #expect(areClose(parameters, p, 1e-8))
      let last = 1 / (1 + 0.05 * Double(t - 1))
      average = (0..<3).map { (1 - last) * average[$0] + last * p[$0] }
      #expect(areClose(try #require(optimizer.state.average), average, 1e-8))
      previous = (d, v.reduce(0, +) / 3)
    }
  }

  /// σ of ``Agreement``, by solving the normal equations of all steps anew.
  private struct AgreementWrittenOut {
    /// Of the step before: gᵀd, dᵀCd and α.
    var last: (slope: Double, curvature: Double, rate: Double)?
    private var rows: [(s: Double, k: Double, p: Double, step: Int)] = []

    mutating func note(_ g: [Double], _ before: [Double]?, _ step: Int) {
      guard let before, let last, last.slope > 0 else { return }
      let norm = sqrt(inner(before, before))
      rows.append(
        (last.slope / norm, last.rate * last.curvature / norm, inner(g, before) / norm, step))
    }

    func sigma(_ step: Int) -> Double {
      // A step that says nothing, after one that went uphill, does not make the others count less.
      let weights = rows.indices.map { 0.05 * pow(0.95, Double(rows.count - 1 - $0)) }
      func sum(_ term: (Int) -> Double) -> Double {
        rows.indices.reduce(0) { $0 + weights[$1] * term($1) }
      }
      let (ss, kk) = (sum { rows[$0].s * rows[$0].s }, sum { rows[$0].k * rows[$0].k })
      let ridge = 1e-3 * max(ss, kk)
      guard ridge > 0 else { return 0 }
      let sk = sum { rows[$0].s * rows[$0].k }
      let (sp, kp) = (sum { rows[$0].s * rows[$0].p }, sum { rows[$0].k * rows[$0].p })
      let sigma = (sp * (kk + ridge) - kp * sk) / ((ss + ridge) * (kk + ridge) - sk * sk)
      return min(max(sigma, 0), 1) * (1 - pow(0.95, Double(step)))
    }
  }

  @Test("Where a batch has all examples, the memory and longer steps are left")
  func wholeBatch() throws {
    var paper = Method.paperAdamQLR(Adam(beta2: 0.95), damping: nil)
    paper.learningRate = QuadraticRate {
      $0.memory = CurvatureMemory(.steps(3), order: 2, relief: .steps(1))
      $0.plausibility = Plausibility(decrease: 0.08, averaging: 0.9)
      $0.agreement = Agreement(overRelaxation: 0.8)
    }
    paper = paper.resolved(for: RunShape(batchesPerEpoch: 1))
    var (a, b) = (WavyFit.start, WavyFit.start)
    var whole = try Optimizer(.adamQLR(batchesPerEpoch: 1), for: a)
    var expected = try Optimizer(paper, for: b)
    for _ in 0..<10 {
      #expect(
        try whole.step(&a, on: fit.objective()) == expected.step(&b, on: fit.objective()))
    }
    #expect(a == b && whole.state.previousDirection == nil)
  }

  @Test("A relative ε makes the direction independent of the loss's scale", arguments: [1e-3, 1e4])
  func scale(_ factor: Double) throws {
    let adam = Adam(epsilon: 0, relativeEpsilon: 0.5)
    let method = Method(direction: adam, learningRate: FixedRate(0.01))
    let scaled = ClosureObjective<[Double]>(
      loss: { factor * fit.loss($0) }, gradient: { fit.gradient($0).map { factor * $0 } })
    var (a, b) = (WavyFit.start, WavyFit.start)
    var (plain, other) = (try Optimizer(method, for: a), try Optimizer(method, for: b))
    for _ in 0..<8 {
      try plain.step(&a, on: fit.objective())
      try other.step(&b, on: scaled)
      #expect(areClose(a, b, 1e-12))
    }
  }

  @Test("One step of extraordinary curvature is forgotten by the power mean, not by the maximum")
  func spike() throws {
    /// Half a unit of curvature, but on the third step a thousand times as much.
    func rates(_ order: Double?, cap: Double? = nil) throws -> [Double] {
      let method = undamped {
        $0.memory = CurvatureMemory(
          .decay(0.999), order: order.map(BatchDependent.constant), cap: cap)
      }
      var parameters = [1.0]
      var optimizer = try Optimizer(method, for: parameters)
      return try (1...40).map { step in
        let curvature = step == 3 ? 500.0 : 0.5
        return try optimizer.step(
          &parameters,
          on: ClosureObjective<[Double]>(
            loss: { 0.5 * curvature * $0[0] * $0[0] }, gradient: { _ in [1e-3] },
            curvatureVectorProduct: { _, d in d.map { curvature * $0 } })
        ).learningRate
      }
    }
    let (maximum, mean) = (try rates(nil), try rates(4))
    #expect(isClose(maximum[1], 2) && isClose(mean[1], 2, 1e-9))
    // A step never trusts a curvature below its own.
    #expect(isClose(maximum[2], 1 / 500) && isClose(mean[2], 1 / 500))
    #expect(isClose(maximum[39], 1 / (500 * pow(0.999, 37)), 1e-9))
    #expect(isClose(mean[39], 1 / (500 * pow(1 / 40, 0.25)), 1e-3))
    // With a cap it counts as twice the mean before: 39 times ½ and once 1.
    let capped = try rates(4, cap: 2)
    #expect(isClose(capped[1], 2, 1e-9) && isClose(capped[2], 1 / 500))
    #expect(isClose(capped[39], 2 / pow((39 + 16) / 40, 0.25), 1e-9))
  }

  @Test(
    "The batch's own slope is believed where it promises little of the loss",
    arguments: [
      // The loss; the weight that is left of ½, with the promise ½ of every step and c = 0.1.
      (0.5, 0.5 / 1.01), (5, 0.25), (5e6, 0), (0, 0.5), (-3, 0.5),
    ])
  func plausibleDecrease(_ loss: Double, _ weight: Double) throws {
    let method = undamped {
      $0.previousSlope = PreviousSlope(weight: 0.5)
      $0.plausibility = Plausibility(decrease: 0.1)
    }
    var (parameters, isFirst) = ([0.0, 0], true)
    var optimizer = try Optimizer(method, for: parameters)
    var rate = 0.0
    // The second gradient says nothing of the first, so that α is (1 − w)·gᵀd/dᵀd.
    for gradient in [[1.0, 0], [0, 1]] {
      rate = try optimizer.step(
        &parameters,
        on: ClosureObjective<[Double]>(
          loss: { _ in loss }, gradient: { _ in gradient }, curvatureVectorProduct: { _, d in d })
      ).learningRate
      if isFirst { #expect(rate == 1) }
      isFirst = false
    }
    #expect(isClose(rate, 1 - weight, 1e-9))
  }

  @Test("A promise is averaged over steps, from the first one's")
  func promiseAveraging() throws {
    let method = undamped { $0.plausibility = Plausibility(decrease: 0.1, averaging: 0.75) }
    var parameters = [0.0]
    var optimizer = try Optimizer(method, for: parameters)
    func promise() -> Plausibility.Average? {
      (optimizer.state.learningRate as? QuadraticRate)?.plausibility?.average
    }
    #expect(promise() == nil)
    // Half of g² is promised.
    for (gradient, loss, decrease, averagedLoss) in [
      (2.0, 8.0, 2.0, 8.0), (4, 16, 0.75 * 2 + 0.25 * 8, 10), (0.5, 0, 0.75 * 3.5 + 0.03125, 7.5),
    ] {
      try optimizer.step(
        &parameters,
        on: ClosureObjective<[Double]>(
          loss: { _ in loss }, gradient: { _ in [gradient] }, curvatureVectorProduct: { _, d in d })
      )
      #expect(promise()?.decrease == decrease && promise()?.loss == averagedLoss)
    }
    // A step that breaks down leaves it alone.
    let before = promise()
    try optimizer.step(
      &parameters,
      on: ClosureObjective<[Double]>(
        loss: { _ in 1 }, gradient: { _ in [1] }, curvatureVectorProduct: { _, _ in [.infinity] }))
    #expect(promise() == before)
  }

  @Test(
    "The memory counts less where both a step and the steps of an epoch promise little",
    arguments: [
      // The loss; N; what is left of the power: x is 2/loss and c is 0.1.
      (200.0, 10.0, 0.019703950593079), (200, 1e6, 1), (20, 1, 0.504950495049505),
      (2, 1, 0.995049504950495), (2e6, 10, 0), (-1, 10, 1),
    ])
  func memoryRelief(_ loss: Double, _ steps: Double, _ share: Double) throws {
    let method = undamped {
      $0.memory = CurvatureMemory(.decay(0.5), order: 2, relief: .steps(steps))
      $0.plausibility = Plausibility(decrease: 0.1)
    }
    var parameters = [0.0]
    var optimizer = try Optimizer(method, for: parameters)
    // Twice as steep and of four times the curvature at first, so that the first step promises 2.
    var curvatures = [Double]()
    for curvature in [4.0, 1] {
      let report = try optimizer.step(
        &parameters,
        on: ClosureObjective<[Double]>(
          loss: { _ in loss }, gradient: { _ in [2 * curvature.squareRoot()] },
          curvatureVectorProduct: { _, d in d.map { curvature * $0 } }))
      let squaredNorm = report.directionNorm * report.directionNorm
      curvatures.append((report.curvature ?? .nan) / squaredNorm)
    }
    #expect(isClose(curvatures[0], 4))
    #expect(isClose(curvatures[1], pow(8.5, 0.5 * share), 1e-6))
    // The mean itself is not relieved.
    let rate = try #require(optimizer.state.learningRate as? QuadraticRate)
    #expect(isClose(rate.memory.remembered, 8.5.squareRoot(), 1e-12))
  }

  @Test("The slope along the direction before has nothing of the batch's noise")
  func noise() throws {
    // A loss without slope: each batch sees noise alone, whose own direction follows it.
    var generator = SplitMix64(seed: 1)
    var method = Method.adamQLR(batchesPerEpoch: nil)
    method.damping = NoDamping()
    var parameters = Array(repeating: 0.0, count: 50)
    var optimizer = try Optimizer(method, for: parameters)
    var (own, before) = (0.0, [Double]())
    for _ in 0..<400 {
      let g = parameters.map { _ in Double.random(in: -1...1, using: &generator) }
      let report = try optimizer.step(
        &parameters,
        on: ClosureObjective<[Double]>(
          loss: { inner($0, g) }, gradient: { _ in g }, curvatureVectorProduct: { _, d in d }))
      own += report.slope
      if let slope = report.previousSlope { before.append(slope) }
    }
    let mean = before.reduce(0, +) / Double(before.count)
    let deviation =
      (before.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      / Double(before.count * (before.count - 1))).squareRoot()
    #expect(before.count == 399)
    #expect(abs(mean) < 6 * deviation)
    #expect(own / 400 > 20 * deviation)
  }

  @Test("The Hessian's negative curvature is remembered by its magnitude, and reported")
  func negativeCurvature() throws {
    var method = Method.adamQLR(batchesPerEpoch: 10, damping: nil, curvature: .hessian)
    method.clipping.updateNorm = 1
    var parameters = [1.0]
    var optimizer = try Optimizer(method, for: parameters)
    let hill = ClosureObjective<[Double]>(
      loss: { -$0[0] * $0[0] }, gradient: { [-2 * $0[0]] },
      curvatureVectorProduct: { _, d in d.map { -2 * $0 } })
    for _ in 0..<3 {
      let report = try optimizer.step(&parameters, on: hill)
      #expect(report.events == .negativeCurvature && report.isTaken)
      #expect(isClose(report.curvature, 2 * report.directionNorm * report.directionNorm, 1e-9))
    }
  }

  @Test("After a step that was not taken, its direction says something about the slope still")
  func rejection() throws {
    var method = Method.adamQLR(batchesPerEpoch: 10)
    method.acceptance = OnlyDecreases()
    var parameters = [1.0]
    var optimizer = try Optimizer(method, for: parameters)
    // Flat for the model, steep on the way.
    let cliff = ClosureObjective<[Double]>(
      loss: { $0[0] < 1 ? 100 : 1 }, gradient: { _ in [1] },
      curvatureVectorProduct: { _, d in d.map { 1e-3 * $0 } })
    var before: Double?
    for _ in 0..<3 {
      let report = try optimizer.step(&parameters, on: cliff)
      #expect(report.events.contains(.rejected))
      // g is 1, so that gᵀd′ is d′.
      #expect(report.previousSlope == before)
      before = optimizer.state.previousDirection?[0]
    }
    #expect(parameters == [1])
  }

  @Test("How much a batch shows", arguments: [1, 4, 100])
  func share(_ batches: Int) {
    let share = RunShape(batchesPerEpoch: batches)
    func decay(_ horizon: Horizon, _ share: RunShape) -> Double? {
      horizon.resolved(for: share).decay
    }
    #expect(share.unseenShare == 1 - 1 / Double(batches))
    #expect(decay(.epochs(10), share) == 1 - 1 / (10 * Double(batches)))
    #expect(decay(.epochs(0.001), share) == 0)
    let endless = RunShape(batchesPerEpoch: nil)
    #expect(endless.unseenShare == 1 && decay(.epochs(10), endless) == 1 - 1.0 / 10000)
    let rate = QuadraticRate {
      $0.memory = CurvatureMemory(
        .epochs(2), order: BatchDependent(full: 2, small: 6), relief: .epochs(3))
      $0.previousSlope = PreviousSlope(weight: .unseen(0.5))
    }.resolved(for: share)
    #expect(rate.memory.order?.value == 2 + 4 * share.unseenShare)
    // Where a batch has all examples nothing is left to mix in.
    #expect(rate.previousSlope?.weight.value == (batches == 1 ? nil : 0.5 * share.unseenShare))
    #expect(rate.memory.horizon?.decay == decay(.epochs(2), share))
    #expect(rate.memory.relief?.steps == 3 * Double(batches))
    #expect(QuadraticRate().resolved(for: share) == QuadraticRate())
  }
}
