import AdamQLRTorch

/// A tensor within a recorded forward pass.
///
/// Layers take and return variables; ``applying(_:and:)`` makes one from others.
public struct Variable {
  /// The forward pass that it is part of.
  public let record: Record
  let index: Int
  /// The tensor.
  public let value: Tensor

  /// The sizes of all dimensions.
  public var shape: [Int] { value.shape }

  /// The variable that `operation` makes of this one and the others, in this order.
  public func applying(_ operation: some Operation, and others: Variable...) -> Variable {
    record.apply(operation, to: [self] + others)
  }
}
