import AdamQLR
import Foundation
import AdamQLRNetworks
import Testing
import AdamQLRTorch

/// Muon, Shampoo and SOAP against other packages, on a network's least squares in double precision: see
/// `Tests/Baselines`.
@Suite("Directions of matrices against other packages")
struct MatrixPackageTests {
  /// What `Tests/Baselines/make_figures.py` writes.
  private struct Figures: Decodable {
    /// A network of dense layers with tanh between them, and its examples.
    struct Problem: Decodable {
      var sizes: [Int]
      var inputs: [[Double]]
      var targets: [[Double]]
      var start: [Double]
      /// How many batches of consecutive examples make a cycle.
      var batches: Int
    }

    /// An optimizer's run.
    struct Case: Decodable {
      var name: String
      var cycles: Bool
      /// θ after each of the steps, the last of which may be left out.
      var parameters: [[Double]]
      /// How far off a run from a start one ulp away is, relative to θ's largest element.
      var spread: [Double]
    }

    var steps: [Int]
    var problem: Problem
    var cases: [Case]
  }

  /// Of matrices of several shapes, and of square ones.
  private static let figures: [Figures] = ["matrices", "squares"].map { name in
    let file = Bundle.module.bundleURL.appendingPathComponent("Baselines/\(name).json")
    do {
      return try JSONDecoder().decode(Figures.self, from: Data(contentsOf: file))
    } catch {
      fatalError("\(file.path): \(error)")
    }
  }

  /// The methods by the names that the figures have for the same settings, and how close they come:
  /// in Muon's iteration rounding grows by what the small singular values do.
  private static let methods: [String: (method: Method, tolerance: Double)] = [
    "muon": (.muon(), 1e-9),
    "muon, settings": (
      .muon(
        learningRate: 0.01,
        Muon(
          momentum: 0.8, isNesterov: false, iterations: 3, adamRatio: 0.3,
          adam: Adam(beta1: 0.8, beta2: 0.9, epsilon: 1e-3))), 1e-9
    ),
    "muon, decay": (.muon(Muon(adamRatio: 0.1, weightDecay: 0.5)), 1e-9),
    "muon, output": (
      .muon(learningRate: 0.01, Muon(includesOutput: true, adamRatio: 1, weightDecay: 0.1)), 1e-9
    ),
    "shampoo": (.shampoo(learningRate: 0.1, Shampoo(rootInterval: 1)), 1e-12),
    "shampoo, settings": (
      .shampoo(learningRate: 0.05, Shampoo(epsilon: 0.1, rootInterval: 1)), 1e-12
    ),
    "soap": (.soap(), 1e-12),
    "soap, decomposed": (.soap(weightDecay: 0, SOAP()), 1e-12),
    "soap, settings": (
      .soap(
        learningRate: 0.01, weightDecay: 0,
        SOAP(
          adam: Adam(beta1: 0.9, beta2: 0.99, epsilon: 1e-3), factorDecay: 0.8, basisInterval: 3,
          refresh: .powerIteration)), 1e-12
    ),
    "soap, decomposed, settings": (
      .soap(
        learningRate: 0.01, weightDecay: 0,
        SOAP(
          adam: Adam(beta1: 0.9, beta2: 0.99, epsilon: 1e-3, relativeEpsilon: 0.3),
          factorDecay: 0.8, basisInterval: 4)), 1e-12
    ),
    "soap, largest side": (.soap(weightDecay: 0, SOAP(largestSide: 3)), 1e-12),
    "soap, one side": (
      .soap(
        learningRate: 0.01, weightDecay: 0.1,
        SOAP(
          adam: Adam(beta1: 0.8, beta2: 0.9), factorDecay: 0.9, refresh: .powerIteration,
          isOneSided: true)), 1e-12
    ),
    "soap, one side, decomposed": (
      .soap(
        weightDecay: 0,
        SOAP(
          adam: Adam(beta1: 0.95, beta2: 0.95, relativeEpsilon: 0.1), basisInterval: 1,
          isOneSided: true)), 1e-12
    ),
    "soap, no side": (
      .soap(learningRate: 0.01, weightDecay: 0, SOAP(largestSide: 1)), 1e-12
    ),
  ]

  /// The objectives of a cycle.
  private func objectives(
    _ problem: Figures.Problem, _ model: Model, cycles: Bool
  ) -> [NetworkObjective] {
    let count = cycles ? problem.batches : 1
    let size = problem.inputs.count / count
    return (0..<count).map { batch in
      let rows = (batch * size)..<((batch + 1) * size)
      return NetworkObjective(
        model, SquaredError(),
        inputs: Tensor(Array(problem.inputs[rows].joined()), shape: [size, problem.sizes[0]]),
        targets: Tensor(
          Array(problem.targets[rows].joined()), shape: [size, problem.targets[0].count]))
    }
  }

  @Test("Every figure has its method, and every method its figures")
  func completeness() {
    let cases = Self.figures.flatMap(\.cases)
    #expect(Set(cases.map(\.name)) == Set(Self.methods.keys))
    #expect(cases.count == 2 * Self.methods.count)
  }

  @Test("A run, on all examples and in a cycle of batches", arguments: methods.keys.sorted())
  func run(_ name: String) throws {
    let (method, precision) = try #require(Self.methods[name])
    let figures = try #require(
      Self.figures.first { $0.cases.contains { $0.name == name } }, "\(name)")
    let problem = figures.problem
    #expect(problem.sizes.count == 4)
    let model = Model(
      Sequential(
        Dense(problem.sizes[0], problem.sizes[1], activation: .tanh),
        Dense(problem.sizes[1], problem.sizes[2], activation: .tanh),
        Dense(problem.sizes[2], problem.sizes[3])))
    let cases = figures.cases.filter { $0.name == name }
    #expect(Set(cases.map(\.cycles)) == [false, true])
    for run in cases {
      #expect(run.parameters.count >= 6 && run.parameters.count == run.spread.count)
      let objectives = objectives(problem, model, cycles: run.cycles)
      var parameters = FlatVector(problem.start)
      var optimizer = try Optimizer(method, for: parameters, layout: model.layout)
      for (place, step) in figures.steps.prefix(run.parameters.count).enumerated() {
        while optimizer.state.step < step {
          let objective = objectives[optimizer.state.step % objectives.count]
          #expect(try optimizer.step(&parameters, on: objective).isTaken)
        }
        // A start one ulp away has no more to say than this either.
        let tolerance = step <= 50 ? precision : max(precision, 1e3 * run.spread[place])
        let found = deviation(parameters.doubles, run.parameters[place])
        #expect(found < tolerance, "step \(step), \(run.cycles ? "batches" : "all examples")")
      }
    }
  }
}
