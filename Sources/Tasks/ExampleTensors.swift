import Networks
import Requirements
import Torch

/// Examples in the engine's memory.
public struct ExampleTensors: Sendable {
  /// The inputs, [examples, features].
  public let inputs: Tensor
  /// The targets: labels [examples] of type int64, or numbers [examples, outputs].
  public let targets: Tensor

  /// The number of examples.
  public var count: Int { inputs.size(0) }

  /// Makes examples.
  ///
  /// - Precondition: There are as many targets as inputs.
  public init(inputs: Tensor, targets: Tensor) {
    require(
      inputs.size(0) == targets.size(0),
      "\(targets.size(0)) targets for \(inputs.size(0)) examples")
    self.inputs = inputs
    self.targets = targets
  }

  /// Copies examples into the engine's memory.
  public init<Scalar: BinaryFloatingPoint & TensorElement>(_ examples: Examples<Scalar>) {
    let width = examples.inputs.count / max(examples.count, 1)
    let targets =
      switch examples.targets {
      case .classes(let classes, _): Tensor(classes)
      case .values(let values, let columns): Tensor(values, shape: [examples.count, columns])
      }
    self.init(
      inputs: Tensor(examples.inputs, shape: [examples.count, width]), targets: targets)
  }

  /// Some of the examples, copied.
  ///
  /// - Parameter indices: Their places, of type int64.
  public func selecting(_ indices: Tensor) -> ExampleTensors {
    let indices = indices.to(inputs.device)
    return ExampleTensors(
      inputs: inputs.selectingRows(indices), targets: targets.selectingRows(indices))
  }

  /// Some neighboring examples, sharing memory with these.
  public func rows(_ range: Range<Int>) -> ExampleTensors {
    ExampleTensors(inputs: inputs.rows(range), targets: targets.rows(range))
  }
}
