import AdamQLR
import Testing

@Suite("Convergence and invariance")
struct ConvergenceTests {
  /// ½Σ cᵢ(Qx − 1)ᵢ² with condition number 10⁴, Q a chain of rotations, so that no coordinate is an
  /// eigenvector.
  private struct Valley {
    let scales = [1.0, 10, 100, 1000, 10_000]

    func rotate(_ x: [Double], backward: Bool = false) -> [Double] {
      var x = x
      let (c, s) = (0.8, backward ? -0.6 : 0.6)
      let pairs = [(0, 1), (1, 2), (2, 3), (3, 4), (4, 0)]
      for (i, j) in backward ? pairs.reversed() : pairs {
        (x[i], x[j]) = (c * x[i] - s * x[j], s * x[i] + c * x[j])
      }
      return x
    }

    func loss(_ x: [Double]) -> Double {
      let offsets = rotate(x).map { $0 - 1 }
      return 0.5 * (0..<5).reduce(0) { $0 + scales[$1] * offsets[$1] * offsets[$1] }
    }

    func objective<Element: ParameterScalar>() -> ClosureObjective<[Element]> {
      ClosureObjective(
        loss: { loss(doubles($0)) },
        gradient: { x in
          let z = rotate(doubles(x))
          return elements(rotate((0..<5).map { scales[$0] * (z[$0] - 1) }, backward: true))
        },
        curvatureVectorProduct: { _, d in
          let z = rotate(doubles(d))
          return elements(rotate((0..<5).map { scales[$0] * z[$0] }, backward: true))
        })
    }
  }

  private func finalLoss<Element: ParameterScalar>(
    _ method: Method, steps: Int, _: Element.Type = Double.self
  ) throws -> Double {
    let valley = Valley()
    var parameters: [Element] = [0, 0, 0, 0, 0]
    var optimizer = try Optimizer(method, for: parameters)
    for _ in 0..<steps { try optimizer.step(&parameters, on: valley.objective()) }
    return valley.loss(doubles(parameters))
  }

  @Test("Untuned AdamQLR and SGDQLR descend an ill-conditioned valley")
  func valley() throws {
    let start = Valley().loss([0, 0, 0, 0, 0])
    let adam = try finalLoss(.paperAdamQLR(), steps: 500)
    let sgd = try finalLoss(.sgdQLR(), steps: 500)
    let fixed = try finalLoss(.sgd(learningRate: 1e-4), steps: 500)
    #expect(adam < 1e-5 * start && sgd < 1e-3 * start)
    // The best that a fixed learning rate without momentum can do is stay below 2/10⁴.
    #expect(adam < 0.1 * fixed && sgd < fixed)
    #expect(try finalLoss(.paperAdamQLR(), steps: 2000) < 1e-12 * start)
    #expect(try finalLoss(.paperAdamQLR(), steps: 500, Float.self) < 1e-5 * start)
  }

  @Test("The other presets converge too with a fitting learning rate")
  func presets() throws {
    let results = [
      try finalLoss(.adam(learningRate: 0.1), steps: 2000),
      try finalLoss(.adamW(learningRate: 0.1, weightDecay: 0), steps: 2000),
      try finalLoss(.sgd(learningRate: 1.5e-4, momentum: 0.97), steps: 2000),
      try finalLoss(.sgd(learningRate: 1e-4, momentum: 0.95, isNesterov: true), steps: 2000),
    ]
    let start = Valley().loss([0, 0, 0, 0, 0])
    for loss in results { #expect(loss < 1e-4 * start) }
    #expect(results[0] == results[1])
  }

  @Test("SGDQLR without damping never raises a quadratic's loss, nor does it by Fisher or Hessian")
  func monotony() throws {
    let valley = Valley()
    for curvature in [ModelCurvature.fisher, .hessian] {
      var parameters = [2.0, -1, 0, 3, 1]
      var optimizer = try Optimizer(.sgdQLR(damping: nil, curvature: curvature), for: parameters)
      var last = Double.infinity
      for _ in 0..<100 {
        let report = try optimizer.step(&parameters, on: valley.objective())
        #expect(report.loss <= last)
        last = report.loss
      }
    }
  }

  @Test("On a quadratic with the Hessian and no damping, ρ is 1 and gᵀd vanishes at the new point")
  func exactLineSearch() throws {
    let valley = Valley()
    var parameters = [2.0, -1, 0, 3, 1]
    // λ = 0 throughout, with ρ all the same.
    let rule = LevenbergMarquardt(initial: 0, floor: 0)
    var optimizer = try Optimizer(.sgdQLR(damping: rule), for: parameters)
    for _ in 0..<20 {
      let before = valley.objective() as ClosureObjective<[Double]>
      var (g, after) = ([0.0, 0, 0, 0, 0], [0.0, 0, 0, 0, 0])
      before.linearize(at: parameters).formGradient(&g)
      let report = try optimizer.step(&parameters, on: before)
      before.linearize(at: parameters).formGradient(&after)
      #expect(isClose(report.reductionRatio, 1, 1e-6))
      #expect(abs(inner(g, after)) < 1e-9 * inner(g, g))
      #expect(report.nextDamping == 0)
    }
  }

  @Test("Scaling the loss and λ by a power of two changes no bit of a step", arguments: [-7, 5])
  func scaling(_ exponent: Int) throws {
    let factor = exponent < 0 ? 1 / Double(1 << -exponent) : Double(1 << exponent)
    let fit = WavyFit()
    func run(_ c: Double) throws -> [[Double]] {
      var method = Method.paperAdamQLR(
        Adam(epsilon: 1e-8 * c), damping: .init(initial: 1e-3 * c, floor: 1e-8 * c))
      method.learningRate = QuadraticRate { $0.memory = CurvatureMemory(.decay(0.9)) }
      var parameters = WavyFit.start
      var optimizer = try Optimizer(method, for: parameters)
      let objective = ClosureObjective<[Double]>(
        loss: { c * fit.loss($0) }, gradient: { fit.gradient($0).map { c * $0 } },
        curvatureVectorProduct: { p, d in product(fit.matrix(.fisher, p), d).map { c * $0 } })
      return try (0..<25).map { _ in
        let report = try optimizer.step(&parameters, on: objective)
        return parameters + [report.learningRate, report.reductionRatio ?? -1]
      }
    }
    #expect(try run(1) == run(factor))
  }

  @Test("Steps do not depend on the order of the parameters")
  func permutation() throws {
    let (fit, order) = (WavyFit(), [2, 0, 1])
    func permuted(_ x: [Double]) -> [Double] { order.map { x[$0] } }
    func restored(_ x: [Double]) -> [Double] {
      var y = x
      for (i, j) in order.enumerated() { y[j] = x[i] }
      return y
    }
    for method in [
      Method.paperAdamQLR(), .sgdQLR(), .adamW(learningRate: 0.1), .sgd(momentum: 0.9),
    ] {
      var (x, y) = (WavyFit.start, permuted(WavyFit.start))
      var (a, b) = (try Optimizer(method, for: x), try Optimizer(method, for: y))
      let objective = ClosureObjective<[Double]>(
        loss: { fit.loss(restored($0)) }, gradient: { permuted(fit.gradient(restored($0))) },
        curvatureVectorProduct: { p, d in
          permuted(product(fit.matrix(.fisher, restored(p)), restored(d)))
        })
      for _ in 0..<10 {
        try a.step(&x, on: fit.objective())
        try b.step(&y, on: objective)
        #expect(areClose(restored(y), x, 1e-8))
      }
    }
  }
}
