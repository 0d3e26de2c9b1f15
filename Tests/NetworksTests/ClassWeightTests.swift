import AdamQLRNetworks
import AdamQLRTorch
import Foundation
import Testing

@Suite("Class weights")
struct ClassWeightTests {
  private let loss = ClassWeightedCrossEntropy(weights: [0.5, 2, 0, 1.25])
  private let count = 7

  /// The formula alone, its derivatives by autograd.
  private struct Formula: Loss {
    let loss: ClassWeightedCrossEntropy
    func plainValue(_ outputs: Tensor, targets: Tensor) -> Tensor {
      loss.plainValue(outputs, targets: targets)
    }
  }

  private func tensors(_ seed: UInt64) -> (outputs: Tensor, targets: Tensor, a: Tensor, b: Tensor) {
    var generator = SeededGenerator(seed: seed)
    func normals() -> Tensor {
      Tensor((0..<(count * 4)).map { _ in generator.normal() }, shape: [count, 4])
    }
    let targets = Tensor(
      (0..<count).map { _ in Int64(generator.integer(below: 4)) }, shape: [count])
    return (normals(), targets, normals(), normals())
  }

  @Test(
    "The loss is the weighted sum over the number of examples", arguments: 0..<3 as Range<UInt64>)
  func value(_ seed: UInt64) {
    let (outputs, targets, _, _) = tensors(seed)
    let p = outputs.softmax(over: 1).elements(Double.self)
    let labels = targets.elements(Int64.self).map { Int($0) }
    let expected =
      labels.enumerated().reduce(0.0) { sum, example in
        sum - loss.weights[example.element] * log(p[example.offset * 4 + example.element])
      } / Double(count)
    let found = loss.evaluate(outputs, targets: targets)
    #expect(abs(found.loss - expected) < 1e-12)
    #expect(abs(loss.linearized(outputs, targets: targets).value - expected) < 1e-12)
    #expect(
      found.correct == SoftmaxCrossEntropy().evaluate(outputs, targets: targets).correct)
  }

  @Test("Derivatives are autograd's", arguments: 0..<3 as Range<UInt64>)
  func derivatives(_ seed: UInt64) {
    let (outputs, targets, a, b) = tensors(seed)
    let own = loss.linearized(outputs, targets: targets)
    let plain = Formula(loss: loss).linearized(outputs, targets: targets)
    for (x, y) in zip(own.cotangent.elements(Double.self), plain.cotangent.elements(Double.self)) {
      #expect(abs(x - y) < 1e-12)
    }
    #expect(abs(own.fisherProduct(a, b).value - plain.fisherProduct(a, b).value) < 1e-12)
  }

  @Test("The factors of the Fisher matrix, and samples on average, make it")
  func factors() {
    let (outputs, targets, a, _) = tensors(5)
    let own = loss.linearized(outputs, targets: targets)
    let expected = own.fisherProduct(a, a).value
    func square(_ factor: Tensor) -> Double {
      let rows = (a * factor).sum(over: [1])
      return (rows * rows).sum().item / Double(count)
    }
    guard let makeFactors = own.fisherFactors, let sample = own.sampledCotangent else {
      Issue.record("the factors are known")
      return
    }
    #expect(abs(makeFactors().map(square).reduce(0, +) - expected) < 1e-12)
    var generator = SeededGenerator(seed: 1)
    let draws = 4000
    let mean =
      (0..<draws).reduce(0.0) { sum, _ in sum + square(sample(&generator, ExampleRange(0..<count)))
      } / Double(draws)
    #expect(abs(mean - expected) < 0.1 * expected)
  }

  @Test("Equal weights change nothing, balanced ones count classes alike")
  func weights() {
    let (outputs, targets, a, b) = tensors(9)
    let equal = ClassWeightedCrossEntropy(weights: [1, 1, 1, 1])
      .linearized(outputs, targets: targets)
    let plain = SoftmaxCrossEntropy().linearized(outputs, targets: targets)
    #expect(abs(equal.value - plain.value) < 1e-12)
    #expect(abs(equal.fisherProduct(a, b).value - plain.fisherProduct(a, b).value) < 1e-12)
    let labels: [Int64] = [0, 0, 0, 2, 2, 2, 2, 2, 1]
    #expect(ClassWeightedCrossEntropy.balanced(labels, classes: 3) == [1, 3, 0.6])
    #expect(ClassWeightedCrossEntropy.balanced(labels, classes: 4)[3] == 9.0 / 4)
  }
}
