import AdamQLR
import Testing

/// A user's own objective: ½xᵀx over both halves of what it is, with everything noted that a step asks.
private struct Watched: Objective {
  final class Notes {
    var calls: [String] = []
    var failsAt: String?

    func note(_ call: String) throws {
      calls.append(call)
      if call == failsAt { throw Failure(call: call) }
    }
  }
  struct Failure: Error, Equatable { var call: String }

  let notes = Notes()

  final class Linearized: Linearization {
    let (point, notes): ([Double], Notes)

    init(_ point: [Double], _ notes: Notes) { (self.point, self.notes) = (point, notes) }

    var loss: Double { get throws { try notes.note("loss"); return 0.5 * inner(point, point) } }
    func formGradient(_ gradient: inout [Double]) throws {
      try notes.note("gradient")
      gradient = point
    }
    func curvatureProducts(
      of directions: [[Double]], _ curvature: Curvature
    ) throws -> [[Double]] {
      try notes.note("curvature")
      return directions.map { d in directions.map { inner(d, $0) } }
    }
    func loss(at point: [Double], displacement: Displacement<[Double]>?) throws -> Double {
      try notes.note(
        displacement == nil ? "loss elsewhere" : "loss along \(displacement?.directions.count ?? 0)"
      )
      if let s = displacement?.coefficients.first {
        // Along d = the gradient = the point itself.
        #expect(areClose(point, self.point.map { $0 + s * $0 }))
      }
      return 0.5 * inner(point, point)
    }
  }

  func linearize(at parameters: [Double]) throws -> Linearized {
    try notes.note("linearize")
    return Linearized(parameters, notes)
  }
}

@Suite("Objectives")
struct ObjectiveTests {
  @Test("A step asks a user's own objective for what it needs, once")
  func calls() throws {
    func calls(_ method: Method) throws -> [String] {
      let objective = Watched()
      var parameters = [1.0, -2]
      var optimizer = try Optimizer(method, for: parameters)
      try optimizer.step(&parameters, on: objective)
      return objective.notes.calls
    }
    #expect(
      try calls(.sgdQLR()) == ["linearize", "gradient", "loss", "curvature", "loss along 1"])
    #expect(
      try calls(.sgdQLR(damping: nil)) == ["linearize", "gradient", "loss", "curvature"])
    #expect(try calls(.sgd()) == ["linearize", "gradient", "loss"])
    // An offset refers to directions of which the curvature was asked; here it never was.
    var rejecting = Method.sgd()
    rejecting.acceptance = OnlyDecreases()
    #expect(try calls(rejecting) == ["linearize", "gradient", "loss", "loss elsewhere"])
    // Judged with the decay in it, the new point is displaced by that too.
    var decaying = Method.sgdQLR()
    decaying.weightDecay.rate = 0.1
    #expect(try calls(decaying).last == "loss along 1")
    decaying.weightDecay.isJudged = true
    #expect(try calls(decaying).last == "loss elsewhere")
  }

  @Test(
    "What an objective throws comes through, and nothing has changed",
    arguments: ["linearize", "gradient", "loss", "curvature", "loss along 1"])
  func throwing(_ call: String) throws {
    let objective = Watched()
    var parameters = [1.0, -2]
    var optimizer = try Optimizer(.paperAdamQLR(), for: parameters)
    // On the first step Adam's direction is the gradient's signs, which `Watched` does not expect.
    optimizer = try Optimizer(.sgdQLR(StochasticGradientDescent(momentum: 0.5)), for: parameters)
    objective.notes.failsAt = call
    #expect(throws: Watched.Failure(call: call)) {
      try optimizer.step(&parameters, on: objective)
    }
    #expect(parameters == [1, -2] && optimizer.state.step == 0)
    #expect(optimizer.state.direction.step == 0 && optimizer.state.direction.vectors == [[0, 0]])
    #expect(optimizer.damping == 1e-3)
    objective.notes.failsAt = nil
    #expect(try optimizer.step(&parameters, on: objective).isTaken)
    var (theirs, other) = ([1.0, -2], try Optimizer(optimizer.method, for: parameters))
    try other.step(&theirs, on: Watched())
    #expect(parameters == theirs)
  }

  @Test("Slopes come from the gradient unless an objective knows better")
  func slopes() throws {
    let linearization = try Watched().linearize(at: [3, 4])
    #expect(try linearization.slopes(along: [[1, 0], [0, 2], [1, 1]]) == [3, 8, 7])
    #expect(try linearization.slopes(along: []) == [])
  }

  @Test("Closures and least squares answer alike, and as the explicit matrices do")
  func linearizations() throws {
    let (fit, d, e) = (WavyFit(), [0.5, -1, 2], [1.0, 0.25, -0.5])
    let squares = fit.objective().linearize(at: WavyFit.start)
    #expect(isClose(squares.loss, fit.loss(WavyFit.start)))
    var gradient = [0.0, 0, 0]
    squares.formGradient(&gradient)
    #expect(areClose(gradient, fit.gradient(WavyFit.start)))
    for curvature in Curvature.allCases {
      let matrix = fit.matrix(curvature, WavyFit.start)
      let closures = ClosureObjective<[Double]>(
        loss: fit.loss, gradient: fit.gradient,
        curvatureVectorProduct: { product(fit.matrix(curvature, $0), $1) })
      for products in [
        try squares.curvatureProducts(of: [d, e], curvature),
        closures.linearize(at: WavyFit.start).curvatureProducts(of: [d, e], curvature),
      ] {
        #expect(isClose(products[0][0], inner(d, product(matrix, d))))
        #expect(isClose(products[0][1], inner(d, product(matrix, e))))
        #expect(isClose(products[1][0], inner(d, product(matrix, e))))
        #expect(isClose(products[1][1], inner(e, product(matrix, e))))
      }
    }
    // The Hessian matrix against differences of the gradient.
    let h = 1e-5
    for i in 0..<3 {
      var (up, down) = (WavyFit.start, WavyFit.start)
      up[i] += h
      down[i] -= h
      let column = zip(fit.gradient(up), fit.gradient(down)).map { ($0 - $1) / (2 * h) }
      #expect(areClose(column, fit.matrix(.hessian, WavyFit.start).map { $0[i] }, 1e-8))
    }
    #expect(isClose(squares.loss(at: d, displacement: nil), fit.loss(d)))
  }

  @Test("Without a curvature there is a clear error, for methods that need one")
  func missingCurvature() throws {
    let squares = LeastSquaresObjective<[Double]>(
      residuals: { $0 }, jacobianVectorProduct: { $1 }, vectorJacobianProduct: { $1 })
    func failure<O: Objective<[Double]>>(
      _ method: Method, _ objective: O
    ) throws -> OptimizerError? {
      var parameters = [1.0, 2]
      var optimizer = try Optimizer(method, for: parameters)
      let error = #expect(throws: OptimizerError.self) {
        try optimizer.step(&parameters, on: objective)
      }
      #expect(parameters == [1, 2] && optimizer.state.step == 0)
      return error
    }
    let error = try failure(.paperAdamQLR(curvature: .hessian), squares)
    #expect(error == .curvatureUnavailable(.hessian))
    #expect(error?.description.contains("no hessian curvature") == true)
    var given = Method.adam()
    given.damping = LevenbergMarquardt()
    given.model.curvature = .hessian
    #expect(try failure(given, squares) == .curvatureUnavailable(.hessian))
    var parameters = [1.0, 2]
    var optimizer = try Optimizer(.sgd(), for: parameters)
    #expect(try optimizer.step(&parameters, on: squares).isTaken)
  }

  @Test("From loss and gradient alone, the curvature is the Hessian matrix by differences")
  func differences() throws {
    let fit = WavyFit()
    let plain = ClosureObjective<[Double]>(loss: fit.loss, gradient: fit.gradient)
    let matrix = fit.matrix(.hessian, WavyFit.start)
    for scale in [1e-6, 1, 1e6] {
      let (d, e) = ([scale, -2 * scale, 0.5 * scale], [0, scale, scale])
      let products = plain.linearize(at: WavyFit.start).curvatureProducts(
        of: [d, e], .hessian)
      for (i, a) in [d, e].enumerated() {
        for (j, b) in [d, e].enumerated() {
          #expect(
            isClose(
              products[i][j] / (scale * scale), inner(a, product(matrix, b)) / (scale * scale), 1e-7
            ))
        }
      }
    }
    // Along nothing there is nothing, and the default trains.
    let none = plain.linearize(at: WavyFit.start).curvatureProducts(of: [[0, 0, 0]], .hessian)
    #expect(none == [[0]])
    var parameters = WavyFit.start
    var optimizer = try Optimizer(.adamQLR(batchesPerEpoch: 1), for: parameters)
    let before = fit.loss(parameters)
    for _ in 0..<100 { try optimizer.step(&parameters, on: plain) }
    #expect(fit.loss(parameters) < 0.5 * before)
  }

  @Test("Vectors of the wrong length are an error that says both lengths")
  func counts() throws {
    var optimizer = try Optimizer(.paperAdamQLR(), for: [1.0, 2, 3])
    var parameters = [1.0, 2]
    let bowl = ClosureObjective<[Double]>(
      loss: { inner($0, $0) }, gradient: { $0 }, curvatureVectorProduct: { $1 })
    let error = #expect(throws: OptimizerError.self) {
      try optimizer.step(&parameters, on: bowl)
    }
    #expect(error == .countMismatch(expected: 3, found: 2))
    #expect(error?.description.contains("3 parameters, but was given 2") == true)

    // A gradient that is too long or too short, after which a right one is fine.
    for wrong in [[1.0, 2], [1, 2, 3, 4]] {
      for method in [
        Method.paperAdamQLR(), .sgd(), .sgdQLR(StochasticGradientDescent(momentum: 0.5)),
      ] {
        var theta = [1.0, 2, 3]
        var other = try Optimizer(method, for: theta)
        let broken = ClosureObjective<[Double]>(
          loss: { inner($0, $0) }, gradient: { _ in wrong }, curvatureVectorProduct: { $1 })
        let error = #expect(throws: OptimizerError.self) { try other.step(&theta, on: broken) }
        #expect(error == .gradientCountMismatch(expected: 3, found: wrong.count))
        #expect(error?.description.contains("\(wrong.count) elements") == true)
        #expect(theta == [1, 2, 3] && other.state.step == 0)
        #expect(try other.step(&theta, on: bowl).isTaken)
      }
    }
  }

  @Test("The line through three points of the documentation")
  func line() throws {
    let (x, y) = ([0.0, 1, 2], [1.0, 3, 5])
    let line = LeastSquaresObjective<[Double]>(
      residuals: { p in zip(x, y).map { p[0] + p[1] * $0 - $1 } },
      jacobianVectorProduct: { _, d in x.map { d[0] + d[1] * $0 } },
      vectorJacobianProduct: { _, r in [r.reduce(0, +), zip(x, r).map(*).reduce(0, +)] })
    var parameters = [0.0, 0]
    var optimizer = try Optimizer(.paperAdamQLR(), for: parameters)
    for _ in 0..<200 { try optimizer.step(&parameters, on: line) }
    #expect(areClose(parameters, [1, 2], 1e-6), "\(parameters)")
  }

  @Test("No residuals, no loss: nothing is divided by zero unseen")
  func empty() throws {
    let nothing = LeastSquaresObjective<[Double]>(
      residuals: { _ in [] }, jacobianVectorProduct: { _, _ in [] },
      vectorJacobianProduct: { p, _ in p.zeros() })
    var parameters = [1.0]
    var optimizer = try Optimizer(.paperAdamQLR(), for: parameters)
    #expect(try optimizer.step(&parameters, on: nothing).events == .nonFiniteLoss)
    #expect(parameters == [1])
  }

  #if compiler(>=6.2)
    @Test("A Jacobian product of the wrong length traps with both lengths")
    func wrongProduct() async {
      let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        let wrong = LeastSquaresObjective<[Double]>(
          residuals: { $0 }, jacobianVectorProduct: { _, d in d + [0] },
          vectorJacobianProduct: { $1 })
        var parameters = [1.0, 2]
        var optimizer = try Optimizer(.paperAdamQLR(), for: parameters)
        try optimizer.step(&parameters, on: wrong)
      }
      let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
      #expect(text.contains("3 elements") && text.contains("2 residuals"))
    }
  #endif
}
