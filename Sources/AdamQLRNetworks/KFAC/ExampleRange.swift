import AdamQLRTorch

/// Some of the examples of a batch.
public struct ExampleRange {
  /// Which of them.
  public let range: Range<Int>
  /// The number of all examples in the batch.
  public let batchCount: Int

  /// The number of them.
  public var count: Int { range.count }

  /// The rows of a tensor that belong to these examples, with those of one example together: of
  /// [rows] + a shape, [examples, rows of each] + the shape.
  public func rows(of tensor: Tensor) -> Tensor {
    tensor.reshaped([batchCount, tensor.size(0) / batchCount] + tensor.shape.dropFirst())
      .narrowed(0, from: range.lowerBound, count: count)
  }

  /// The same with all but the last dimension taken for rows: [examples, rows of each, columns].
  public func matrices(of tensor: Tensor) -> Tensor {
    rows(of: tensor.reshaped([-1, tensor.size(tensor.rank - 1)]))
  }
}

extension Tensor {
  /// Adds another tensor of as many elements.
  func accumulate(_ other: Tensor) {
    Kernels.formLinearCombination(1, self, 1, other.contiguous(), into: self)
  }
}
