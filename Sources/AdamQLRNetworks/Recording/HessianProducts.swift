import AdamQLRTorch

/// Products with the Hessian matrix of a loss at one point, by autograd applied twice.
final class HessianProducts {
  private let parameters: Tensor
  private let gradient: Tensor?

  init(
    _ model: Model, _ loss: any Loss, at point: FlatVector, _ inputs: Tensor, _ targets: Tensor,
    _ mode: Record.Mode
  ) {
    parameters = point.tensor.tracked()
    let value = loss.plainValue(
      model.plainOutput(inputs, at: parameters, mode),
      targets: targets)
    gradient = value.gradients(by: [parameters], isTracked: true)[0]
  }

  /// Hd; `nil` where it is 0 by construction.
  func image(of direction: FlatVector) -> Tensor? {
    gradient.flatMap { $0.gradients(by: [parameters], cotangent: direction.tensor)[0] }?
      .contiguous()
  }

  /// The matrix of dᵢᵀHdⱼ.
  func products(of directions: [FlatVector]) -> [[Double]] {
    let images = directions.map(image)
    return directions.map { d in images.map { $0.map { Kernels.dot(d.tensor, $0) } ?? 0 } }
  }
}
