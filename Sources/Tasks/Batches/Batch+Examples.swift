import AdamQLRNetworks
import AdamQLRTorch

extension Batch {
  /// Copies examples into the engine's memory.
  init<Scalar: BinaryFloatingPoint & TensorElement>(_ examples: Examples<Scalar>) {
    let width = examples.inputs.count / max(examples.count, 1)
    let targets =
      switch examples.targets {
      case .classes(let classes, _): Tensor(classes)
      case .values(let values, let columns): Tensor(values, shape: [examples.count, columns])
      }
    self.init(
      inputs: Tensor(examples.inputs, shape: [examples.count, width]), targets: targets)
  }
}
