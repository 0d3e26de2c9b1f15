import AdamQLR
import Testing

/// ``WavyFit`` that fails, or gives what is not finite, at one of the questions that it is asked.
private struct Fragile: Objective {
  final class Questions {
    /// The questions so far, by name.
    var asked: [String] = []
    /// The one to fail at, counted from 0, and how.
    var failing: (number: Int, isThrown: Bool)?

    /// Notes a question; whether its answer is to be broken.
    func ask(_ name: String) throws -> Bool {
      defer { asked.append(name) }
      guard let failing, failing.number == asked.count else { return false }
      if failing.isThrown { throw Failure(question: name) }
      return true
    }
  }
  struct Failure: Error { var question: String }

  var fit: WavyFit
  let questions: Questions

  final class Linearized: Linearization {
    let (fit, point, questions): (WavyFit, [Double], Questions)
    init(_ fit: WavyFit, _ point: [Double], _ questions: Questions) {
      (self.fit, self.point, self.questions) = (fit, point, questions)
    }

    var loss: Double {
      get throws { try questions.ask("loss") ? .nan : fit.loss(point) }
    }
    func formGradient(_ gradient: inout [Double]) throws {
      let isBroken = try questions.ask("gradient")
      gradient = fit.gradient(point)
      if isBroken { gradient[1] = .infinity }
    }
    func prepareCurvatureProducts(of directions: [[Double]], _ curvature: Curvature) throws {
      _ = try questions.ask("preparation")
    }
    func curvatureProducts(
      of directions: [[Double]], _ curvature: Curvature
    ) throws -> [[Double]] {
      let isBroken = try questions.ask("curvature")
      let matrix = fit.matrix(curvature, point)
      return directions.map { d in
        directions.map { isBroken ? .nan : inner(d, product(matrix, $0)) }
      }
    }
    func slopes(along directions: [[Double]]) throws -> [Double] {
      let isBroken = try questions.ask("slopes")
      let gradient = fit.gradient(point)
      return directions.map { isBroken ? -.infinity : inner(gradient, $0) }
    }
    func loss(at point: [Double], displacement: Displacement<[Double]>?) throws -> Double {
      try questions.ask("new loss") ? .infinity : fit.loss(point)
    }
  }

  func linearize(at parameters: [Double]) throws -> Linearized {
    _ = try questions.ask("linearization")
    return Linearized(fit, parameters, questions)
  }
}

@Suite("Steps that are taken back")
struct TakenBackTests {
  private static let batches = (WavyFit(), WavyFit(rows: [1, 2, 4]))

  /// A step with both batches.
  private func step(
    _ optimizer: inout Optimizer<[Double]>, _ parameters: inout [Double],
    failing: (number: Int, isThrown: Bool)? = nil
  ) throws -> (report: StepReport, asked: [String]) {
    let questions = Fragile.Questions()
    questions.failing = failing
    let report = try optimizer.step(
      &parameters, on: Fragile(fit: Self.batches.0, questions: questions),
      independent: Fragile(fit: Self.batches.1, questions: questions))
    return (report, questions.asked)
  }

  /// The method after four steps.
  private func start(
    _ name: String
  ) throws -> (optimizer: Optimizer<[Double]>, parameters: [Double]) {
    var parameters = WavyFit.start
    var optimizer = try Optimizer(#require(Sample.preset(name)), for: parameters)
    for _ in 0..<4 { _ = try step(&optimizer, &parameters) }
    return (optimizer, parameters)
  }

  @Test("What an objective throws leaves every byte", arguments: Sample.presets.map(\.name))
  func thrown(_ name: String) throws {
    var (optimizer, parameters) = try start(name)
    let before = (parameters, try encoded(optimizer.state))
    var (witness, theirs) = (optimizer, parameters)
    let asked = try step(&witness, &theirs).asked
    #expect(asked.starts(with: ["linearization", "gradient"]))
    for number in asked.indices {
      let error = #expect(throws: Fragile.Failure.self) {
        try step(&optimizer, &parameters, failing: (number, true))
      }
      #expect(error?.question == asked[number])
      #expect(parameters == before.0, "\(asked[number])")
      #expect(try encoded(optimizer.state) == before.1, "\(asked[number])")
    }
    // The run goes on as if nothing had happened.
    _ = try step(&optimizer, &parameters)
    #expect(parameters == theirs)
    #expect(try encoded(optimizer.state) == encoded(witness.state))
  }

  @Test("What is not finite leaves every byte but λ's", arguments: Sample.presets.map(\.name))
  func brokenDown(_ name: String) throws {
    var (optimizer, parameters) = try start(name)
    let before = (parameters: parameters, state: optimizer.state)
    var (witness, theirs) = (optimizer, parameters)
    let asked = try step(&witness, &theirs).asked
    for (number, question) in asked.enumerated()
    where !["linearization", "preparation"].contains(question) {
      let event: StepEvents =
        switch question {
        case "gradient", "slopes": .nonFiniteGradient
        case "curvature": .nonFiniteCurvature
        default: .nonFiniteLoss
        }
      let report = try step(&optimizer, &parameters, failing: (number, false)).report
      #expect(report.events.contains(event) && !report.isTaken, "\(question)")
      #expect(parameters == before.parameters, "\(question)")
      var expected = before.state.damping
      expected.noteBreakdown()
      #expect(AnyHashable(optimizer.state.damping) == AnyHashable(expected), "\(question)")
      #expect(optimizer.state.step == 5 && report.nextDamping == expected.damping(at: 5))
      (optimizer.state.damping, optimizer.state.step) = (before.state.damping, 4)
      #expect(try encoded(optimizer.state) == encoded(before.state), "\(question)")
    }
    _ = try step(&optimizer, &parameters)
    #expect(parameters == theirs)
    #expect(try encoded(optimizer.state) == encoded(witness.state))
  }

  /// What a step would not come back from.
  private struct Boundless: LearningRate {
    func rate(_ model: inout QuadraticModel) -> Double { .infinity }
  }

  @Test(
    "So does a step into infinity, formed in whatever place",
    arguments: Sample.presets.map(\.name))
  func candidate(_ name: String) throws {
    let (optimizer, parameters) = try start(name)
    var method = optimizer.method
    method.clipping.normConstraint = nil
    method.learningRate = Boundless()
    var (other, theirs) = (try Optimizer(method, for: parameters), parameters)
    // Memory as the method's own, of which the rule of the learning rate is no part.
    other.state.step = 4
    other.state.direction = optimizer.state.direction
    other.state.velocity = optimizer.state.velocity
    other.state.gradientDotGradient = optimizer.state.gradientDotGradient
    let before = other.state
    for _ in 0..<2 {
      let report = try step(&other, &theirs).report
      #expect(report.events.contains(.nonFiniteUpdate) && !report.isTaken)
      #expect(theirs == parameters)
      #expect(try encoded(other.state.direction) == encoded(before.direction))
      #expect(other.state.velocity == before.velocity && other.state.lastRate == nil)
      #expect(other.state.gradientDotGradient == before.gradientDotGradient)
    }
  }
}
