import AdamQLR
import Foundation
import AdamQLRNetworks
import Synchronization
import Testing
import AdamQLRTorch

/// Counts the pullbacks through an operation.
private final class PullbackCounter: Sendable {
  private let number = Mutex(0)

  var count: Int { number.withLock { $0 } }

  func increment() { number.withLock { $0 += 1 } }
}

/// A layer whose pullbacks are counted.
private struct Counted<Content: Layer>: Layer {
  let content: Content
  let counter: PullbackCounter?

  init(_ content: Content, _ counter: PullbackCounter?) {
    self.content = content
    self.counter = counter
  }

  func callAsFunction(_ x: Variable) -> Variable {
    counter.map { content(x).applying(Count(counter: $0)) } ?? content(x)
  }

  private struct Count: AdamQLRNetworks.Operation {
    let counter: PullbackCounter

    func value(_ inputs: [Tensor]) -> Tensor { inputs[0] }

    func linearized(_ inputs: [Tensor]) -> LinearizedOperation {
      LinearizedOperation(inputs[0], pushforward: { $0[0] }) {
        counter.increment()
        $1.add($0, to: 0)
      }
    }
  }
}

@Suite("K-FAC on the paper's networks")
struct KFACNetworkTests {
  private func problem(_ kind: Int, _ counter: PullbackCounter? = nil) -> SmallProblem {
    func images(_ layer: some Layer) -> SmallProblem {
      SmallProblem(
        Counted(layer, counter), SoftmaxCrossEntropy(), inputShape: [12, 16, 16, 3], outputs: 3,
        .float32)
    }
    func words(_ layer: some Layer) -> SmallProblem {
      SmallProblem(
        Counted(layer, counter), SoftmaxCrossEntropy(), inputShape: [4, 8], outputs: 9, tokens: 9,
        positions: 8,
        .float32)
    }
    return switch kind {
    case 0: images(ResNet(.eighteen, classes: 3, width: 4))
    case 1:
      images(
        VisionTransformer(imageSize: 16, classes: 3, patch: 4, layers: 2, heads: 2, embedding: 16))
    case 2: words(GPT2(vocabulary: 9, context: 8, layers: 2, heads: 2, embedding: 16, dropout: 0.1))
    default: words(LSTMLanguageModel(vocabulary: 9, embedding: 8, units: 12, layers: 2))
    }
  }

  @Test(
    "Steps lower the loss: ResNet, vision transformer, GPT-2, LSTM", arguments: 0..<4,
    [false, true])
  func learning(_ kind: Int, _ isExact: Bool) throws {
    let problem = problem(kind)
    var generator = SeededGenerator(seed: 1)
    var parameters = problem.model.initialParameters(using: &generator)
    let kfac = KFAC(inverseInterval: 2, usesExactInverses: isExact)
    var optimizer = try Optimizer(.kfac(kfac), for: parameters, layout: problem.model.layout)
    let first = problem.objective.evaluate(at: parameters).loss
    // What an LSTM remembers, it learns more slowly.
    for _ in 0..<(kind == 3 ? 40 : 15) {
      let report = try optimizer.step(&parameters, on: problem.objective)
      #expect(report.isTaken)
    }
    #expect(problem.objective.evaluate(at: parameters).loss < 0.5 * first)
  }

  @Test("No parameter of these networks takes a pullback for each example", arguments: 0..<4)
  func pullbacks(_ kind: Int) throws {
    let counter = PullbackCounter()
    let counted = problem(kind, counter)
    _ = try counted.afterOneStep(KFAC(estimation: .empirical))
    // One for the gradient, and one for all of the curvature.
    #expect(counter.count == 2)
  }

  @Test(
    "A run goes on from an encoded state to the last bit",
    arguments: [Problem.groupedConvolution, .residualBlock, .causalAttention, .lstm, .gpt2],
    [false, true])
  func resumption(_ problem: Problem, _ isExact: Bool) throws {
    let problem = problem.make(SoftmaxCrossEntropy(), .float32)
    let kfac = KFAC(factorInterval: 2, inverseInterval: 3, usesExactInverses: isExact, seed: 7)
    var optimizer = try Optimizer(.kfac(kfac), for: problem.parameters)
    var point = problem.parameters
    var saved: [(state: Data, point: FlatVector)] = []
    for _ in 0..<6 {
      saved.append((try JSONEncoder().encode(optimizer.state), point))
      try optimizer.step(&point, on: problem.objective)
    }
    for start in [1, 2, 4] {
      var resumed = try Optimizer(.kfac(kfac), for: problem.parameters)
      resumed.state = try JSONDecoder().decode(
        OptimizerState<FlatVector>.self, from: saved[start].state)
      var other = saved[start].point
      for _ in start..<6 { try resumed.step(&other, on: problem.objective) }
      #expect(other.doubles == point.doubles)
      #expect(
        resumed.state.direction.vectors.map(\.doubles)
          == optimizer.state.direction.vectors.map(\.doubles))
    }
    // A copy of the state is not written to by later steps.
    let copy = optimizer.state
    let before = copy.direction.vectors.map(\.doubles)
    for _ in 0..<3 { try optimizer.step(&point, on: problem.objective) }
    #expect(copy.direction.vectors.map(\.doubles) == before)
  }

  @Test(
    "Singular factors never put NaN into the parameters", arguments: [1e-8, 0], [false, true])
  func singular(_ damping: Double, _ isExact: Bool) throws {
    let images = Sequential(
      Convolution(2, 4, kernel: 3, hasBias: false), BatchNormalization(4, activation: .relu),
      Convolution(4, 4, kernel: 2, stride: 2, groups: 4), BatchNormalization(4),
      Convolution(4, 4, kernel: 1, activation: .relu), GlobalAveragePooling(), Dense(4, 3))
    for examples in [1, 4] {
      for content in ["constant", "zero", "random"] {
        let problem = SmallProblem(
          images, SoftmaxCrossEntropy(), inputShape: [examples, 4, 4, 2], outputs: 3, .float32)
        let count = problem.inputs.count
        if content != "random" {
          problem.inputs.overwrite(
            with: Tensor([Float](repeating: content == "zero" ? 0 : 1, count: count)))
        }
        // The first output of each convolution is dead.
        var elements = problem.parameters.doubles
        for entry in problem.model.layout.entries where entry.shape.count == 4 {
          for place in stride(from: entry.offset, to: entry.range.upperBound, by: 4) {
            elements[place] = 0
          }
        }
        try check(problem, elements, damping, isExact)
      }
      let tokens = SmallProblem(
        Sequential(
          Embedding(9, 4), LayerNormalization(4), SelfAttention(4, heads: 2), LSTM(4, 3),
          Dense(3, 5)), SoftmaxCrossEntropy(), inputShape: [examples, 3], outputs: 5, tokens: 9,
        positions: 3, .float32)
      try check(tokens, tokens.parameters.doubles, damping, isExact)
      // Tokens whose vectors are constant, and a normalization of nothing.
      try check(tokens, tokens.parameters.doubles.map { _ in 0.25 }, damping, isExact)
    }
  }

  private func check(
    _ problem: SmallProblem, _ elements: [Double], _ damping: Double, _ isExact: Bool
  ) throws {
    var method = Method.kfac(
      KFAC(usesExactInverses: isExact),
      damping: LevenbergMarquardt(initial: damping, floor: damping))
    method.acceptance = OnlyDecreases()
    var point = FlatVector(elements, .float32)
    var optimizer = try Optimizer(method, for: point)
    let first = problem.objective.evaluate(at: point).loss
    for _ in 0..<10 {
      try optimizer.step(&point, on: problem.objective)
      #expect(point.doubles.allSatisfy { $0.isFinite })
    }
    #expect(problem.objective.evaluate(at: point).loss <= first)
  }
}
