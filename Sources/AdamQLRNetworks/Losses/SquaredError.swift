import AdamQLRTorch

/// ½(z − y)² averaged over all elements of the outputs z. Targets: y, shaped like the outputs.
///
/// Fisher matrix by the outputs: I/elements.
public struct SquaredError: Loss {
  /// Makes the loss.
  public init() {}

  public func evaluate(_ outputs: Tensor, targets: Tensor) -> Evaluation {
    Evaluation(loss: Kernels.squaredError(outputs, targets).value)
  }

  public func linearized(_ outputs: Tensor, targets: Tensor) -> LinearizedLoss {
    let cotangent = Tensor(uninitialized: outputs.shape, like: outputs)
    let loss = Kernels.squaredError(outputs, targets, cotangent: cotangent)
    let count = Double(outputs.count)
    var linearized = LinearizedLoss(value: loss, cotangent: cotangent) {
      Kernels.deferredDot($0, $1).divided(by: count)
    }
    // An example's loss is ½‖z − y‖²/D over its D outputs, that of y normal with variance D.
    let examples = outputs.rank == 0 ? 1 : outputs.size(0)
    let size = outputs.count / max(examples, 1)
    let scale = 1 / Double(size).squareRoot()
    linearized.sampledCotangent = { generator, place in
      let all = [place.batchCount] + outputs.shape.dropFirst()
      return scale
        * Tensor.normals(all, outputs.type, on: outputs.device, using: &generator)
        .rows(place.range)
    }
    linearized.fisherFactors = {
      (0..<size).map { place in
        let factor = Tensor.zeros([examples, size], like: outputs)
        factor.narrowed(1, from: place, count: 1).fill(scale)
        return factor.reshaped(outputs.shape)
      }
    }
    return linearized
  }

  public func plainValue(_ outputs: Tensor, targets: Tensor) -> Tensor {
    let difference = outputs - targets
    return 0.5 * (difference * difference).mean()
  }
}
