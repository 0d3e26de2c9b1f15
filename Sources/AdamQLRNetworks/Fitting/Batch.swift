import AdamQLRTorch
import Requirements

/// Examples in the engine's memory: a batch, or all of a part of the data.
public struct Batch: Sendable {
  /// The inputs, [examples, …].
  public let inputs: Tensor
  /// The targets, as the loss takes them: labels [examples] of type int64, or numbers
  /// [examples, outputs].
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

  /// Some of the examples, copied.
  ///
  /// - Parameter indices: Their places, of type int64.
  public func selecting(_ indices: Tensor) -> Batch {
    let indices = indices.to(inputs.device)
    return Batch(inputs: inputs.selectingRows(indices), targets: targets.selectingRows(indices))
  }

  /// Some neighboring examples, sharing memory with these.
  public func rows(_ range: Range<Int>) -> Batch {
    Batch(inputs: inputs.rows(range), targets: targets.rows(range))
  }

  /// The examples on another device; these where they lie there already.
  public func to(_ device: Device) -> Batch {
    Batch(inputs: inputs.to(device), targets: targets.to(device))
  }

  /// The memory they take, in bytes.
  public var byteCount: Int {
    inputs.count * inputs.type.size + targets.count * targets.type.size
  }
}
