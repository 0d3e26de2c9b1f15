import Torch

/// ½(z − y)² averaged over all elements of the outputs z. Targets: y, shaped like the outputs.
///
/// Fisher matrix by the outputs: I/elements.
public struct SquaredError: Loss {
  /// Makes the loss.
  public init() {}

  public func evaluate(_ outputs: Tensor, targets: Tensor) -> Evaluation {
    Evaluation(loss: Kernels.squaredError(outputs, targets))
  }

  public func linearized(_ outputs: Tensor, targets: Tensor) -> LinearizedLoss {
    let cotangent = Tensor(uninitialized: outputs.shape, outputs.type)
    let loss = Kernels.squaredError(outputs, targets, cotangent: cotangent)
    let count = Double(outputs.count)
    return LinearizedLoss(value: loss, cotangent: cotangent) { Kernels.dot($0, $1) / count }
  }

  public func plainValue(_ outputs: Tensor, targets: Tensor) -> Tensor {
    let difference = outputs - targets
    return 0.5 * (difference * difference).mean()
  }
}
