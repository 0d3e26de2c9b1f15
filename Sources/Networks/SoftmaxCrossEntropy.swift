import Torch

/// The mean of −log p over a batch, p the softmax of the outputs [N, classes] at the label. Targets:
/// the labels, of type int64 [N].
///
/// Outputs may have more dimensions, [N, positions, classes] for sequences, with a label for each
/// position; N then counts the positions of all examples.
///
/// Fisher matrix by the outputs: (1/N)(diag p − ppᵀ) for each example.
public struct SoftmaxCrossEntropy: Loss {
  /// Makes the loss.
  public init() {}

  public func evaluate(_ outputs: Tensor, targets: Tensor) -> Evaluation {
    let scratch = Tensor(uninitialized: outputs.shape, outputs.type)
    let result = Kernels.crossEntropy(outputs, labels: targets, probabilities: scratch)
    return Evaluation(loss: result.loss, correct: result.correct)
  }

  public func linearized(_ outputs: Tensor, targets: Tensor) -> LinearizedLoss {
    let probabilities = Tensor(uninitialized: outputs.shape, outputs.type)
    let cotangent = Tensor(uninitialized: outputs.shape, outputs.type)
    let result = Kernels.crossEntropy(
      outputs, labels: targets, probabilities: probabilities, cotangent: cotangent)
    var linearized = LinearizedLoss(value: result.loss, cotangent: cotangent) {
      Kernels.crossEntropyFisher(probabilities: probabilities, $0, $1)
    }
    linearized.sampledCotangent = { generator in
      Kernels.sampledCrossEntropyCotangent(
        probabilities: probabilities,
        uniforms: (0..<probabilities.size(0)).map { _ in generator.uniform() })
    }
    linearized.fisherFactors = {
      (0..<probabilities.size(1)).map {
        Kernels.crossEntropyFactor(probabilities: probabilities, class: $0)
      }
    }
    return linearized
  }

  public func plainValue(_ outputs: Tensor, targets: Tensor) -> Tensor {
    outputs.crossEntropy(labels: targets)
  }
}
