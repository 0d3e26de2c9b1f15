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
    var linearized = LinearizedLoss(value: loss, cotangent: cotangent) {
      Kernels.dot($0, $1) / count
    }
    // An example's loss is ½‖z − y‖²/D over its D outputs, that of y normal with variance D.
    let examples = outputs.rank == 0 ? 1 : outputs.size(0)
    let size = outputs.count / max(examples, 1)
    let scale = 1 / Double(size).squareRoot()
    linearized.sampledCotangent = { generator in
      let noise = generator.normals(outputs.count)
      return outputs.type == .float64
        ? Tensor(noise.map { scale * $0 }, shape: outputs.shape)
        : Tensor(noise.map { Float(scale * $0) }, shape: outputs.shape)
    }
    linearized.fisherFactors = {
      (0..<size).map { place in
        var elements = [Double](repeating: 0, count: outputs.count)
        for example in 0..<examples { elements[example * size + place] = scale }
        return Tensor(elements, shape: outputs.shape).to(outputs.type)
      }
    }
    return linearized
  }

  public func plainValue(_ outputs: Tensor, targets: Tensor) -> Tensor {
    let difference = outputs - targets
    return 0.5 * (difference * difference).mean()
  }
}
