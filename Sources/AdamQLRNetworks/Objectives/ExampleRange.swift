import AdamQLRTorch

/// Some of the examples of a batch.
public struct ExampleRange: Hashable, Sendable {
  /// Which of them.
  public let range: Range<Int>
  /// The number of all examples in the batch.
  public let batchCount: Int

  /// Some of the examples.
  ///
  /// - Parameters:
  ///   - range: Which of them.
  ///   - batchCount: The number of all; `nil`: there are no more.
  public init(_ range: Range<Int>, of batchCount: Int? = nil) {
    self.range = range
    self.batchCount = batchCount ?? range.upperBound
  }

  /// The examples divided into neighboring parts whose sizes differ by at most one, the greater ones
  /// first; no more parts than there are examples.
  public func divided(into count: Int) -> [ExampleRange] {
    let parts = max(min(count, self.count), 1)
    let (size, greater) = self.count.quotientAndRemainder(dividingBy: parts)
    let bounds = (0...parts).map { range.lowerBound + $0 * size + min($0, greater) }
    return zip(bounds, bounds.dropFirst()).map { ExampleRange($0..<$1, of: batchCount) }
  }

  /// How many rows all examples have where these have so many.
  func wholeCount(of rows: Int) -> Int { rows / max(count, 1) * batchCount }

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
