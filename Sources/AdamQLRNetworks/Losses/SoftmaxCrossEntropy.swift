import AdamQLRTorch

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
    let scratch = Tensor(uninitialized: outputs.shape, like: outputs)
    let result = Kernels.crossEntropy(outputs, labels: targets, probabilities: scratch)
    return Evaluation(loss: result.loss.value, correct: Int(result.correct.value))
  }

  public func linearized(_ outputs: Tensor, targets: Tensor) -> LinearizedLoss {
    let probabilities = Tensor(uninitialized: outputs.shape, like: outputs)
    let cotangent = Tensor(uninitialized: outputs.shape, like: outputs)
    let result = Kernels.crossEntropy(
      outputs, labels: targets, probabilities: probabilities, cotangent: cotangent)
    var linearized = LinearizedLoss(value: result.loss, cotangent: cotangent) {
      Kernels.crossEntropyFisher(probabilities: probabilities, $0, $1)
    }
    // An example's loss is the mean over its positions, whose targets are independent.
    let (classes, examples) = (outputs.shape.last ?? 1, max(outputs.size(0), 1))
    let rows = outputs.count / max(classes, 1)
    let positions = max(rows / examples, 1)
    let scale = 1 / Double(positions).squareRoot()
    linearized.sampledCotangent = { generator, place in
      let uniforms = Tensor.uniforms(
        [place.batchCount, positions], on: outputs.device, using: &generator)
      let cotangent = Kernels.sampledCrossEntropyCotangent(
        probabilities: probabilities, uniforms: uniforms.rows(place.range).reshaped([rows]))
      return positions == 1 ? cotangent : scale * cotangent
    }
    linearized.fisherFactors = {
      (0..<classes).flatMap { index in
        let factor = Kernels.crossEntropyFactor(probabilities: probabilities, class: index)
        if positions == 1 { return [factor] }
        let all = (scale * factor).reshaped([examples, positions, classes])
        return (0..<positions).map { position in
          let one = Tensor.zeros(all.shape, like: all)
          one.narrowed(1, from: position, count: 1)
            .assign(all.narrowed(1, from: position, count: 1))
          return one.reshaped(outputs.shape)
        }
      }
    }
    return linearized
  }

  public func plainValue(_ outputs: Tensor, targets: Tensor) -> Tensor {
    outputs.crossEntropy(labels: targets)
  }
}
