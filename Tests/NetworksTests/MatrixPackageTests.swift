import AdamQLR
import Foundation
import Networks
import Testing
import Torch

/// Muon and Shampoo against other packages, on a network's least squares in double precision: see
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

  private static let figures: Figures = {
    let file = Bundle.module.bundleURL.appendingPathComponent("Baselines/matrices.json")
    do {
      return try JSONDecoder().decode(Figures.self, from: Data(contentsOf: file))
    } catch {
      fatalError("\(file.path): \(error)")
    }
  }()

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
  ]

  /// The objectives of a cycle.
  private func objectives(_ model: Model, cycles: Bool) -> [NetworkObjective] {
    let problem = Self.figures.problem
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
    #expect(Set(Self.figures.cases.map(\.name)) == Set(Self.methods.keys))
    #expect(Self.figures.cases.count == 2 * Self.methods.count)
  }

  @Test("A run, on all examples and in a cycle of batches", arguments: methods.keys.sorted())
  func run(_ name: String) throws {
    let (method, precision) = try #require(Self.methods[name])
    let problem = Self.figures.problem
    #expect(problem.sizes.count == 4)
    let model = Model(
      Sequential(
        Dense(problem.sizes[0], problem.sizes[1], activation: .tanh),
        Dense(problem.sizes[1], problem.sizes[2], activation: .tanh),
        Dense(problem.sizes[2], problem.sizes[3])))
    let cases = Self.figures.cases.filter { $0.name == name }
    #expect(Set(cases.map(\.cycles)) == [false, true])
    for figures in cases {
      #expect(figures.parameters.count >= 6 && figures.parameters.count == figures.spread.count)
      let objectives = objectives(model, cycles: figures.cycles)
      var parameters = FlatVector(problem.start)
      var optimizer = try Optimizer(method, for: parameters, layout: model.layout)
      for (place, step) in Self.figures.steps.prefix(figures.parameters.count).enumerated() {
        while optimizer.state.step < step {
          let objective = objectives[optimizer.state.step % objectives.count]
          #expect(try optimizer.step(&parameters, on: objective).isTaken)
        }
        // A start one ulp away has no more to say than this either.
        let tolerance = step <= 50 ? precision : max(precision, 1e3 * figures.spread[place])
        let found = deviation(parameters.doubles, figures.parameters[place])
        #expect(
          found < tolerance, "step \(step), \(figures.cycles ? "batches" : "all examples")")
      }
    }
  }
}
