import Requirements
import AdamQLRTorch

/// Σ wᵧ·(−log pᵧ)/N over a batch, p the softmax of the outputs [N, classes] at the label y, w a weight
/// for each class. Targets: the labels, of type int64 [N].
///
/// The sum is divided by the number of examples, not by the sum of their weights: the gradient is that
/// of the whole set on average, however the classes fall into batches.
///
/// Fisher matrix by the outputs: (wᵧ/N)(diag p − ppᵀ) for each example.
public struct ClassWeightedCrossEntropy: Loss {
  /// The weight of each class.
  public let weights: [Double]

  /// Makes the loss.
  ///
  /// - Precondition: The weights are finite and at least 0.
  public init(weights: [Double]) {
    require(
      weights.allSatisfy { $0 >= 0 && $0.isFinite }, "class weights are finite and at least 0")
    self.weights = weights
  }

  /// The weights by which each class of some labels counts as much as any other, and an example 1 on
  /// average: N/(K·n), n of the N labels being of the class, with K classes. A class without labels
  /// has the weight that one label would give it.
  public static func balanced(_ labels: some Collection<Int64>, classes: Int) -> [Double] {
    var counts = [Int](repeating: 0, count: classes)
    for label in labels { counts[Int(label)] += 1 }
    return counts.map { Double(labels.count) / (Double(classes) * Double(max($0, 1))) }
  }

  public func evaluate(_ outputs: Tensor, targets: Tensor) -> Evaluation {
    Evaluation(
      loss: plainValue(outputs.to(.float64), targets: targets).item,
      correct: SoftmaxCrossEntropy().evaluate(outputs, targets: targets).correct)
  }

  public func linearized(_ outputs: Tensor, targets: Tensor) -> LinearizedLoss {
    let base = SoftmaxCrossEntropy().linearized(outputs, targets: targets)
    let scale = tensor(like: outputs).selectingRows(targets).reshaped([targets.count, 1])
    let root = scale.squareRoot()
    let value = plainValue(outputs.to(.float64), targets: targets).item
    var linearized = LinearizedLoss(
      value: DeferredNumber(value), cotangent: scale * base.cotangent
    ) { base.fisherProduct(root * $0, root * $1) }
    linearized.sampledCotangent = base.sampledCotangent.map { sample in
      { root * sample(&$0, $1) }
    }
    linearized.fisherFactors = base.fisherFactors.map { factors in
      { factors().map { root * $0 } }
    }
    return linearized
  }

  public func plainValue(_ outputs: Tensor, targets: Tensor) -> Tensor {
    (1 / Double(max(targets.count, 1)))
      * outputs.crossEntropy(labels: targets, classWeights: tensor(like: outputs))
  }

  private func tensor(like outputs: Tensor) -> Tensor {
    Tensor(weights, shape: [weights.count]).to(outputs.type).to(outputs.device)
  }
}
