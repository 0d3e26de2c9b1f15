import AdamQLRTorch

/// What one rank has of a batch whose examples are divided among several.
public struct BatchShare: Sendable {
  /// The ranks.
  public let group: ProcessGroup
  /// Which of the batch's examples this rank has.
  public let examples: ExampleRange

  /// A share.
  public init(_ examples: ExampleRange, in group: ProcessGroup) {
    self.examples = examples
    self.group = group
  }

  /// The share of the examples; those of all ranks add up to 1.
  public var weight: Double { Double(examples.count) / Double(examples.batchCount) }

  /// Mean and biased variance of columns over the whole batch, from those over the share.
  func moments(_ mean: Tensor, _ variance: Tensor) -> (mean: Tensor, variance: Tensor) {
    // In double precision, so that the difference of squares loses nothing.
    let (own, square) = (mean.to(.float64), variance.to(.float64))
    let sums = weight * Tensor.joining([own, square + own * own], over: 0)
    group.sum([sums])
    let columns = mean.count
    let whole = sums.rows(0..<columns)
    let wholeVariance = (sums.rows(columns..<(2 * columns)) - whole * whole).relu()
    return (whole.to(mean.type), wholeVariance.to(mean.type))
  }

  /// Sums of columns over the whole batch, from those over the share.
  func sums(_ tensors: [Tensor]) -> [Tensor] {
    let joined = Tensor.joining(tensors, over: 0)
    group.sum([joined])
    var start = 0
    return tensors.map { tensor in
      defer { start += tensor.count }
      return joined.rows(start..<(start + tensor.count))
    }
  }
}
