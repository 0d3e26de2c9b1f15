import AdamQLR
import Testing

/// The learning rate of Polyak (1987) for a loss whose least value is 0, as the documentation has it.
private struct PolyakRate: LearningRate {
  func rate(_ model: inout QuadraticModel) -> Double {
    model.loss / model.slope  // with f* = 0
  }
}

/// The gradient's signs, as the documentation has them.
private struct SignDescent: Direction {
  func advance<V: ParameterVector>(
    _ input: DirectionInput<V>, from state: DirectionState<V>, to next: inout DirectionState<V>,
    direction: inout V
  ) -> DirectionProducts {
    var magnitude = input.gradient
    magnitude.formProduct(input.gradient, input.gradient)
    magnitude.formSquareRoot(of: magnitude, plus: 1e-30)
    direction.formQuotient(input.gradient, magnitude, plus: 0)
    return input.gradient.products(withDirection: direction)
  }
}

/// Nielsen's λ (1999), which follows ρ smoothly: λ ← λ·max(⅓, 1 − (2ρ − 1)³), twice where ρ ≤ 0.
private struct NielsenDamping: Damping, Codable {
  var value = 1.0
  static let settings = [Setting<NielsenDamping>("initial", \.value, .positive, "λ.")]

  func damping(at step: Int) -> Double { value }
  func needs(at step: Int) -> DampingNeeds { [.curvature, .newLoss] }
  func predictedChange(_ step: PlannedStep) -> Double? {
    step.model.dampedCurvature.map {
      step.model.slope(step.x, step.y) + 0.5 * $0(step.x, step.y)
    }
  }
  mutating func adapt(to judgment: Judgment) -> Adaptation {
    let ratio = judgment.trueChange / (judgment.predictedChange ?? .nan)
    let t = 2 * ratio - 1
    value *= ratio > 0 ? max(1.0 / 3, 1 - t * t * t) : 2
    return Adaptation(reductionRatio: ratio)
  }
  mutating func noteBreakdown() { value *= 2 }
}

/// μ_t = (t − 1)/(t + 2), the sequence of Nesterov's method (1983), step t from 1.
private struct NesterovSequence: Momentum {
  func knownMomentum(at step: Int) -> Double? { Double(step) / Double(step + 3) }
  func momentum(_ model: QuadraticModel, learningRate: Double) -> Double {
    Double(model.step) / Double(model.step + 3)
  }
}

/// Takes steps that do not raise the loss above the largest of the last few, as the nonmonotone line
/// search of Grippo, Lampariello and Lucidi (1986).
private struct Nonmonotone: Acceptance, Codable {
  var memory = 3
  private var recent: [Double] = []

  mutating func verdict(on step: PlannedStep, trueChange: Double) -> Verdict {
    recent = Array((recent + [step.model.loss]).suffix(memory))
    return step.model.loss + trueChange > recent.max() ?? .infinity
      ? .rejected(restoring: .parameters) : .accepted
  }
}

/// ½‖θ‖², evaluated after a step from what is known of the way there.
private struct DisplacedBowl: Objective {
  final class Linearized: Linearization {
    let point: [Double]
    init(_ point: [Double]) { self.point = point }

    var loss: Double { 0.5 * inner(point, point) }
    func formGradient(_ gradient: inout [Double]) { gradient = point }
    func curvatureProducts(of directions: [[Double]], _: Curvature) -> [[Double]] {
      directions.map { a in directions.map { inner(a, $0) } }
    }
    func loss(at point: [Double], displacement: Displacement<[Double]>?) -> Double {
      guard let displacement else { return Linearized(point).loss }
      var place = self.point
      for (c, d) in zip(displacement.coefficients, displacement.directions) {
        place = place.indices.map { place[$0] + c * d[$0] }
      }
      return Linearized(place).loss
    }
  }

  func linearize(at parameters: [Double]) -> Linearized { Linearized(parameters) }
}

@Suite("Rules of one's own")
struct OwnRuleTests {
  private let fit = WavyFit()

  @Test("Polyak's rate")
  func rate() throws {
    // ½θᵀDθ, so that α is ½θᵀDθ/θᵀD²θ.
    let d = [1.0, 4]
    let bowl = ClosureObjective<[Double]>(
      loss: { 0.5 * (d[0] * $0[0] * $0[0] + d[1] * $0[1] * $0[1]) },
      gradient: { [d[0] * $0[0], d[1] * $0[1]] })
    var (parameters, p) = ([2.0, 1], [2.0, 1])
    var optimizer = try Optimizer(
      Method(direction: StochasticGradientDescent(), learningRate: PolyakRate()), for: parameters)
    for _ in 0..<60 {
      let g = [d[0] * p[0], d[1] * p[1]]
      let alpha = 0.5 * inner(p, g) / inner(g, g)
      let report = try optimizer.step(&parameters, on: bowl)
      #expect(isClose(report.learningRate, alpha) && report.curvature == nil)
      p = (0..<2).map { p[$0] - alpha * g[$0] }
      #expect(areClose(parameters, p))
    }
    #expect(bowl.linearize(at: parameters).loss < 1e-10)
  }

  @Test("Signs, with a rate of one's own")
  func direction() throws {
    let g = fit.gradient(WavyFit.start)
    var parameters = WavyFit.start
    var optimizer = try Optimizer(
      Method(direction: SignDescent(), learningRate: PolyakRate()), for: parameters)
    let report = try optimizer.step(&parameters, on: fit.objective())
    let alpha = fit.loss(WavyFit.start) / g.reduce(0) { $0 + abs($1) }
    #expect(isClose(report.learningRate, alpha))
    #expect(
      areClose(parameters, (0..<3).map { WavyFit.start[$0] - (g[$0] < 0 ? -alpha : alpha) }))
  }

  @Test("Nielsen's λ follows ρ, and is what the model is damped with")
  func damping() throws {
    var method = Method.sgdQLR()
    method.damping = NielsenDamping(value: 0.5)
    var (parameters, lambda) = (WavyFit.start, 0.5)
    var optimizer = try Optimizer(method, for: parameters)
    for _ in 0..<12 {
      let (p, g) = (parameters, fit.gradient(parameters))
      let c = form(fit.matrix(.fisher, p), g, damping: lambda)
      let report = try optimizer.step(&parameters, on: fit.objective())
      #expect(report.damping == lambda && isClose(report.curvature, c))
      let alpha = inner(g, g) / c
      let predicted = -alpha * inner(g, g) + 0.5 * alpha * alpha * c
      let ratio = (fit.loss(parameters) - fit.loss(p)) / predicted
      #expect(isClose(report.reductionRatio, ratio, 1e-7))
      let factor = report.nextDamping / lambda
      let t = 2 * (report.reductionRatio ?? .nan) - 1
      #expect(isClose(factor, max(1.0 / 3, 1 - t * t * t), 1e-12))
      lambda = report.nextDamping
    }
    #expect(lambda != 0.5)
    // A broken step doubles it.
    let before = parameters
    let broken = try optimizer.step(&parameters, on: Breakage.newLoss.objective(at: parameters))
    #expect(broken.nextDamping == 2 * lambda && parameters == before)
  }

  @Test("A rule may say at its first step that it needs the curvature")
  func lateNeed() throws {
    struct Newton: LearningRate {
      func needs(at step: Int) -> RateNeeds { .curvature }
      func rate(_ model: inout QuadraticModel) -> Double {
        model.slope / (model.curvature?.dd ?? .nan)
      }
    }
    var parameters = [1.0, -2]
    var method = Method(direction: StochasticGradientDescent(), learningRate: Newton())
    method.acceptance = OnlyDecreases()
    var optimizer = try Optimizer(method, for: parameters)
    let report = try optimizer.step(&parameters, on: DisplacedBowl())
    #expect(report.newLoss == 0 && parameters == [0, 0])
  }

  @Test("A sequence of μ")
  func momentum() throws {
    var method = Method.sgd(learningRate: 0.05)
    method.momentum = NesterovSequence()
    var (parameters, p, v) = (WavyFit.start, WavyFit.start, [0.0, 0, 0])
    var optimizer = try Optimizer(method, for: parameters)
    for step in 0..<10 {
      let (g, mu) = (fit.gradient(p), Double(step) / Double(step + 3))
      v = (0..<3).map { -0.05 * g[$0] + mu * v[$0] }
      p = (0..<3).map { p[$0] + v[$0] }
      #expect(try optimizer.step(&parameters, on: fit.objective()).momentum == mu)
      #expect(areClose(parameters, p))
    }
  }

  @Test("An acceptance that remembers")
  func acceptance() throws {
    var method = Method.sgd(learningRate: 1)
    method.acceptance = Nonmonotone()
    // Losses of the start and of each candidate in turn: up, not above the first; then too far up.
    for (losses, taken) in [
      ([5.0, 3, 4, 6], [true, true, false]), ([5, 3, 4, 4], [true, true, true]),
    ] {
      var parameters = [0.0]
      var optimizer = try Optimizer(method, for: parameters)
      let stairs = ClosureObjective<[Double]>(
        loss: { losses[Int(-$0[0])] }, gradient: { _ in [1] })
      let events = try taken.map { _ in try optimizer.step(&parameters, on: stairs).isTaken }
      #expect(events == taken)
    }
  }

  @Test("Settings of one's own are checked, and named by the axis")
  func settings() throws {
    var method = Method.sgdQLR()
    method.damping = NielsenDamping(value: -1)
    let error = #expect(throws: OptimizerError.self) { try Optimizer(method, for: [1.0]) }
    #expect(error?.description == "damping.initial is -1.0, but must be a number above 0")
  }

  /// A method in which nothing is registered but what `refine` leaves.
  private func method(_ refine: (inout Method) -> Void) -> Method {
    var method = Method.sgdQLR()
    refine(&method)
    return method
  }

  @Test("What is not registered trains, but is not saved; the error names it")
  func unregistered() throws {
    for (name, method) in [
      ("SignDescent", method { $0.direction = SignDescent() }),
      ("PolyakRate", method { $0.learningRate = PolyakRate() }),
      ("NielsenDamping", method { $0.damping = NielsenDamping() }),
      ("NesterovSequence", method { $0.momentum = NesterovSequence() }),
      ("Nonmonotone", method { $0.acceptance = Nonmonotone() }),
    ] {
      var parameters = WavyFit.start
      var optimizer = try Optimizer(method, for: parameters)
      #expect(try optimizer.step(&parameters, on: fit.objective()).isTaken)
      let error = #expect(throws: EncodingError.self) { try encoded(method) }
      #expect("\(error as Any)".contains("\(name) is not registered"))
      #expect("\(error as Any)".contains("HeuristicRegistry.register"))
      // A direction is part of the method, not of the state.
      if name == "SignDescent" {
        #expect(try !encoded(optimizer.state).isEmpty)
      } else {
        let error = #expect(throws: EncodingError.self) { try encoded(optimizer.state) }
        #expect("\(error as Any)".contains("\(name) is not registered"))
      }
    }
  }
}
