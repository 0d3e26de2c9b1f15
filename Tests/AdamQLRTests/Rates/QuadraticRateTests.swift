import AdamQLR
import Testing

@Suite("Learning rate of the quadratic model")
struct QuadraticRateTests {
  private let fit = WavyFit()

  /// A method along the gradient, so that d is known.
  private func method(
    damping: any Damping = ConstantDamping(0.25),
    _ refine: (inout QuadraticRate) -> Void = { _ in }
  ) -> Method {
    Method(
      direction: StochasticGradientDescent(), learningRate: QuadraticRate(refine),
      damping: damping)
  }

  private func compare<Element: ParameterScalar>(
    _ method: Method, _ plain: PlainMethod, steps: Int, _: Element.Type
  ) throws {
    var plain = plain
    var parameters: [Element] = elements(plain.p)
    var optimizer = try Optimizer(method, for: parameters)
    let tolerance = Element.self == Float.self ? 2e-3 : 1e-7
    for _ in 0..<steps {
      let report = try optimizer.step(&parameters, on: fit.objective(Element.self))
      let expected = plain.step(fit)
      #expect(isClose(report.loss, expected.loss, tolerance))
      #expect(isClose(report.slope, expected.slope, tolerance))
      #expect(isClose(report.curvature, expected.curvature, tolerance))
      #expect(isClose(report.learningRate, expected.rate, tolerance))
      #expect(isClose(report.predictedChange, expected.predicted, tolerance))
      #expect(isClose(report.trueChange, expected.change, 100 * tolerance))
      #expect(isClose(report.reductionRatio, expected.ratio, 100 * tolerance))
      #expect(isClose(report.nextDamping, expected.damping))
      #expect(areClose(parameters, plain.p, tolerance))
    }
  }

  @Test("Runs of AdamQLR and SGDQLR match the formulas written out", arguments: Curvature.allCases)
  func runs(_ curvature: Curvature) throws {
    let model: ModelCurvature = curvature == .fisher ? .fisher : .hessian
    let (adam, sgd) = (Method.paperAdamQLR(curvature: model), Method.sgdQLR(curvature: model))
    try compare(adam, PlainMethod(curvature: curvature), steps: 12, Double.self)
    try compare(sgd, PlainMethod(usesAdam: false, curvature: curvature), steps: 12, Double.self)
    try compare(adam, PlainMethod(curvature: curvature), steps: 5, Float.self)
    try compare(sgd, PlainMethod(usesAdam: false, curvature: curvature), steps: 4, Float.self)
  }

  @Test("α = gᵀd/(dᵀ(C+λI)d) with the explicit matrix, and the predicted change")
  func explicit() throws {
    let g = fit.gradient(WavyFit.start)
    for curvature in Curvature.allCases {
      for damping in [NoDamping(), ConstantDamping(0.25), LevenbergMarquardt(initial: 4)]
        as [any Damping]
      {
        var parameters = WavyFit.start
        var method = method(damping: damping)
        method.model.curvature = curvature == .fisher ? .fisher : .hessian
        var optimizer = try Optimizer(method, for: parameters)
        let report = try optimizer.step(&parameters, on: fit.objective())
        let c = form(fit.matrix(curvature, WavyFit.start), g, damping: damping.damping(at: 0))
        #expect(c > 0)
        let alpha = inner(g, g) / c
        #expect(isClose(report.curvature, c) && isClose(report.learningRate, alpha))
        #expect(areClose(parameters, (0..<3).map { WavyFit.start[$0] - alpha * g[$0] }))
        #expect(report.damping == damping.damping(at: 0))
        guard damping is LevenbergMarquardt else {
          // Nothing asks for the loss at the new point.
          #expect(report.newLoss == nil && report.predictedChange == nil)
          #expect(report.nextDamping == damping.damping(at: 0))
          continue
        }
        let change = fit.loss(parameters) - report.loss
        let predicted = -alpha * inner(g, g) + 0.5 * alpha * alpha * c
        #expect(isClose(report.newLoss, fit.loss(parameters)))
        #expect(isClose(report.predictedChange, predicted) && isClose(report.trueChange, change))
        #expect(isClose(report.reductionRatio, change / predicted))
      }
    }
  }

  @Test("Clipping, amplification and averaging come in this order")
  func refinements() throws {
    // α exceeds the limit at some steps and not at others.
    for (limit, factor, r) in [
      (0.6, 1.0, 0.0), (.infinity, 1.5, 0), (.infinity, 1, 0.7), (0.6, 1.5, 0.7),
    ] {
      let method = method {
        $0.clipping = limit.isFinite ? limit : nil
        $0.amplification = factor
        $0.averaging = r == 0 ? nil : r
      }
      var (parameters, p, average) = (WavyFit.start, WavyFit.start, 0.0)
      var optimizer = try Optimizer(method, for: parameters)
      var wasClipped: Set<Bool> = []
      for _ in 0..<6 {
        let g = fit.gradient(p)
        let raw = inner(g, g) / form(fit.matrix(.fisher, p), g, damping: 0.25)
        wasClipped.insert(raw > limit)
        average = r * average + (1 - r) * min(raw, limit) * factor
        p = (0..<3).map { p[$0] - average * g[$0] }
        let report = try optimizer.step(&parameters, on: fit.objective())
        #expect(isClose(report.learningRate, average))
        #expect(areClose(parameters, p))
      }
      if limit.isFinite { #expect(wasClipped == [true, false]) }
    }
  }

  @Test("A negative α is clipped at the negative limit, and flagged")
  func ascent() throws {
    var parameters = WavyFit.start
    let g = fit.gradient(parameters)
    var ascent = method(damping: LevenbergMarquardt()) { $0.clipping = 0.125 }
    ascent.direction = Uphill()
    var optimizer = try Optimizer(ascent, for: parameters)
    let report = try optimizer.step(&parameters, on: fit.objective())
    #expect(report.learningRate == -0.125 && report.events == .ascentDirection)
    #expect(isClose(report.slope, -inner(g, g)))
    // −α·d with α < 0 and d = −g: the step descends all the same.
    #expect(areClose(parameters, (0..<3).map { WavyFit.start[$0] - 0.125 * g[$0] }))
    let c = form(fit.matrix(.fisher, WavyFit.start), g, damping: 1e-3)
    #expect(isClose(report.predictedChange, -0.125 * inner(g, g) + 0.5 * 0.125 * 0.125 * c))
  }

  @Test("The averaged curvature starts at its initial value and serves α and ρ")
  func curvatureAveraging() throws {
    let method = method(damping: LevenbergMarquardt(initial: 0.5)) {
      $0.curvatureAverage = CurvatureAverage(decay: 0.6, initial: 30)
    }
    var (parameters, p, average) = (WavyFit.start, WavyFit.start, 30.0)
    var optimizer = try Optimizer(method, for: parameters)
    for _ in 0..<6 {
      let g = fit.gradient(p)
      let damping = optimizer.damping
      average = 0.6 * average + 0.4 * form(fit.matrix(.fisher, p), g, damping: damping)
      let alpha = inner(g, g) / average
      p = (0..<3).map { p[$0] - alpha * g[$0] }
      let report = try optimizer.step(&parameters, on: fit.objective())
      #expect(isClose(report.curvature, average) && isClose(report.learningRate, alpha))
      #expect(
        isClose(report.predictedChange, -alpha * inner(g, g) + 0.5 * alpha * alpha * average))
      #expect(areClose(parameters, p))
    }
    #expect(CurvatureAverage(decay: 0.6).initial == 1e7)
  }

  /// ½(x² − 3y²): indefinite.
  private let saddle = ClosureObjective<[Double]>(
    loss: { 0.5 * ($0[0] * $0[0] - 3 * $0[1] * $0[1]) }, gradient: { [$0[0], -3 * $0[1]] },
    curvatureVectorProduct: { _, d in [d[0], -3 * d[1]] })

  @Test("Negative curvature is divided by in magnitude, flagged unless saddle-free is meant")
  func negativeCurvature() throws {
    let g = [0.1, -3]
    let squared = inner(g, g)
    let c = 0.1 * 0.1 - 27 + 1e-3 * squared
    for isSaddleFree in [false, true] {
      var parameters = [0.1, 1.0]
      var method = method(damping: LevenbergMarquardt())
      method.model.curvature = isSaddleFree ? .saddleFreeHessian : .hessian
      var optimizer = try Optimizer(method, for: parameters)
      let report = try optimizer.step(&parameters, on: saddle)
      let alpha = squared / -c
      #expect(isClose(report.curvature, c) && isClose(report.learningRate, alpha))
      #expect(report.events == (isSaddleFree ? [] : .negativeCurvature))
      // The model keeps its sign: it predicts a steeper descent than a straight line does.
      let predicted = -alpha * squared + 0.5 * alpha * alpha * c
      #expect(isClose(report.predictedChange, predicted) && predicted < -alpha * squared)
      #expect(areClose(parameters, [0.1 - alpha * g[0], 1 - alpha * g[1]]))
      // The model is exact but for λ, so ρ is near 1 and λ falls.
      #expect(isClose(report.reductionRatio, 1, 2e-3) && report.nextDamping == 5e-4)
    }
  }

  @Test("Curvature that is zero leaves no step to take; λ is raised where it adapts")
  func zeroCurvature() throws {
    let flat = ClosureObjective<[Double]>(
      loss: { $0[0] }, gradient: { _ in [1] }, curvatureVectorProduct: { _, _ in [0] })
    var parameters = [2.0]
    var optimizer = try Optimizer(method(damping: NoDamping()), for: parameters)
    var report = try optimizer.step(&parameters, on: flat)
    #expect(report.events == [.negativeCurvature, .nonFiniteUpdate] && parameters == [2])
    // λ alone, or a limit, makes it finite.
    optimizer = try Optimizer(method(damping: ConstantDamping(0.5)), for: parameters)
    report = try optimizer.step(&parameters, on: flat)
    #expect(report.events == [] && report.learningRate == 2 && parameters == [0])
    optimizer = try Optimizer(method(damping: NoDamping()) { $0.clipping = 3 }, for: parameters)
    report = try optimizer.step(&parameters, on: flat)
    #expect(report.events == .negativeCurvature && parameters == [-3])
  }

  @Test("The envelope scales the step, and the prediction with it")
  func envelope() throws {
    var method = method(damping: LevenbergMarquardt())
    method.envelope = Envelope(peak: 2, total: 6)
    var parameters = WavyFit.start
    var optimizer = try Optimizer(method, for: parameters)
    for (step, factor) in [0, 0.5, 1, 0.5 + 0.5 * 0.5.squareRoot(), 0.5].enumerated() {
      let (before, g) = (parameters, fit.gradient(parameters))
      let c = form(fit.matrix(.fisher, before), g, damping: optimizer.damping)
      let (alpha, s) = (inner(g, g) / c, factor * inner(g, g) / c)
      let report = try optimizer.step(&parameters, on: fit.objective())
      #expect(isClose(report.envelope, factor) && isClose(report.learningRate, alpha))
      #expect(isClose(report.updateNorm, alpha * inner(g, g).squareRoot()))
      #expect(areClose(parameters, (0..<3).map { before[$0] - s * g[$0] }))
      #expect(isClose(report.predictedChange, -s * inner(g, g) + 0.5 * s * s * c))
      if step == 0 {
        #expect(parameters == WavyFit.start && report.events == .predictionBelowRounding)
        #expect(report.nextDamping == 1e-3)
      }
    }
  }

  @Test("Curvature memory: κ ← max(γκ, dᵀCd/dᵀd), in α and in the predicted change")
  func memory() throws {
    let batches = [WavyFit(rows: [1, 3]), WavyFit(rows: [0, 4]), WavyFit(rows: [2, 5])]
    let method = method(damping: LevenbergMarquardt(initial: 0.1)) {
      $0.memory = CurvatureMemory(.decay(0.9))
    }
    var (parameters, p, kappa) = (WavyFit.start, WavyFit.start, 0.0)
    var optimizer = try Optimizer(method, for: parameters)
    var isRemembered: Set<Bool> = []
    for step in 0..<9 {
      let fit = batches[step % 3]
      let (g, damping) = (fit.gradient(p), optimizer.damping)
      let squared = inner(g, g)
      let now = form(fit.matrix(.fisher, p), g, damping: 0) / squared
      isRemembered.insert(0.9 * kappa > now)
      kappa = max(0.9 * kappa, now)
      let alpha = 1 / (kappa + damping)
      let report = try optimizer.step(&parameters, on: fit.objective())
      #expect(isClose(report.learningRate, alpha))
      #expect(isClose(report.curvature, (kappa + damping) * squared))
      #expect(
        isClose(
          report.predictedChange,
          -alpha * squared + 0.5 * alpha * alpha * (kappa + damping) * squared))
      p = (0..<3).map { p[$0] - alpha * g[$0] }
      #expect(areClose(parameters, p))
      let rate = try #require(optimizer.state.learningRate as? QuadraticRate)
      #expect(isClose(rate.memory.remembered, kappa))
    }
    #expect(isRemembered == [true, false])
  }

  @Test("An independent batch gives gᵀd, curvature and both losses of ρ")
  func independentBatch() throws {
    let (first, second) = (WavyFit(rows: [0, 1, 2]), WavyFit(rows: [3, 4, 5]))
    var method = method(damping: LevenbergMarquardt(initial: 0.1))
    method.model.batch = .independent
    var parameters = WavyFit.start
    var optimizer = try Optimizer(method, for: parameters)
    var signs: Set<Bool> = []
    for _ in 0..<8 {
      let (before, damping) = (parameters, optimizer.damping)
      let (g, g2) = (first.gradient(before), second.gradient(before))
      let c = form(second.matrix(.fisher, before), g, damping: damping)
      let alpha = max(inner(g2, g) / c, 0)
      signs.insert(inner(g2, g) > 0)
      let report = try optimizer.step(
        &parameters, on: first.objective(), independent: second.objective())
      #expect(isClose(report.loss, first.loss(before)))
      #expect(isClose(report.slope, inner(g2, g)) && isClose(report.curvature, c))
      #expect(isClose(report.gradientNorm, inner(g, g).squareRoot()))
      #expect(isClose(report.learningRate, alpha))
      #expect(areClose(parameters, (0..<3).map { before[$0] - alpha * g[$0] }))
      #expect(isClose(report.newLoss, second.loss(parameters)))
      #expect(isClose(report.trueChange, second.loss(parameters) - second.loss(before), 1e-8))
      #expect(
        isClose(report.predictedChange, -alpha * inner(g2, g) + 0.5 * alpha * alpha * c))
      if alpha == 0 {
        #expect(report.events == [.ascentDirection, .predictionBelowRounding])
        #expect(parameters == before && report.nextDamping == damping)
      }
    }
    #expect(signs == [true, false])
  }

  @Test("Without the independent batch there is no step")
  func missingBatch() throws {
    var parameters = WavyFit.start
    var method = method()
    method.model.batch = .independent
    var optimizer = try Optimizer(method, for: parameters)
    let error = #expect(throws: OptimizerError.self) {
      try optimizer.step(&parameters, on: fit.objective())
    }
    #expect(error == .independentBatchMissing)
    #expect(error?.description.contains("step(_:on:independent:)") == true)
    #expect(parameters == WavyFit.start && optimizer.state.step == 0)
  }

  @Test("An independent batch that rises is what rejection looks at")
  func independentRejection() throws {
    let (first, second) = (WavyFit(rows: [0, 1, 2]), WavyFit(rows: [3, 4, 5]))
    var method = method(damping: LevenbergMarquardt()) { $0.amplification = 8 }
    method.model.batch = .independent
    method.acceptance = OnlyDecreases()
    var parameters = WavyFit.start
    var optimizer = try Optimizer(method, for: parameters)
    let report = try optimizer.step(
      &parameters, on: first.objective(), independent: second.objective())
    let (g, before) = (first.gradient(WavyFit.start), second.loss(WavyFit.start))
    let candidate = (0..<3).map { WavyFit.start[$0] - report.learningRate * g[$0] }
    #expect(isClose(report.trueChange, second.loss(candidate) - before, 1e-9))
    #expect(second.loss(candidate) > before)
    #expect(report.events.contains(.rejected) && parameters == WavyFit.start)
    #expect(report.nextDamping == 2e-3)
  }
}
