import AdamQLRTorch
import Requirements

/// Where the batches of a training run come from.
public protocol BatchSource: Sendable {
  /// The number of batches of an epoch.
  var batchCount: Int { get }

  /// A step's batch, steps counted from 0. It is the same whenever it is asked for, so that a run can
  /// go on at any step.
  func batch(ofStep step: Int) -> Batch

  /// The number of examples in a step's batch. Default: it is made and counted.
  func size(ofStep step: Int) -> Int

  /// Some neighboring examples of a step's batch. Default: they are taken from the whole.
  func batch(ofStep step: Int, examples: Range<Int>) -> Batch
}

extension BatchSource {
  public func size(ofStep step: Int) -> Int { batch(ofStep: step).count }

  public func batch(ofStep step: Int, examples: Range<Int>) -> Batch {
    batch(ofStep: step).rows(examples)
  }

  /// What a rank has of a step's batch.
  func share(ofStep step: Int, in group: ProcessGroup) -> (batch: Batch, share: BatchShare) {
    let size = size(ofStep: step)
    require(size >= group.size, "a batch of \(size) examples for \(group.size) ranks")
    let examples = ExampleRange(0..<size).divided(into: group.size)[group.rank]
    return (batch(ofStep: step, examples: examples.range), BatchShare(examples, in: group))
  }
}

/// Batches of examples that are in memory: every epoch in an order of its own.
///
///     let batches = MiniBatches(inputs: x, targets: y, batchSize: 32)
public struct MiniBatches: BatchSource {
  /// How an epoch's examples are cut into batches.
  public var plan: BatchPlan { order.plan }
  private let order: EpochOrder
  private let examples: Batch

  /// Makes batches.
  ///
  /// - Parameters:
  ///   - inputs: The inputs of all examples, [examples, …].
  ///   - targets: Their targets, as the loss takes them.
  ///   - batchSize: The greatest size of a batch; one that exceeds the examples is as good as their
  ///     number.
  ///   - seed: What the orders follow from. Default 0.
  /// - Precondition: There are examples, as many targets as inputs, and the size is positive.
  public init(inputs: Tensor, targets: Tensor, batchSize: Int, seed: UInt64 = 0) {
    examples = Batch(inputs: inputs, targets: targets)
    order = EpochOrder(
      BatchPlan(exampleCount: examples.count, batchSize: batchSize, seed: seed))
  }

  public var batchCount: Int { plan.batchCount }

  public func batch(ofStep step: Int) -> Batch {
    if batchCount == 1 { return examples }
    return examples.selecting(Tensor(order.places(ofStep: step).map(Int64.init)))
  }

  public func size(ofStep step: Int) -> Int { plan.range(ofBatch: step % plan.batchCount).count }

  public func batch(ofStep step: Int, examples range: Range<Int>) -> Batch {
    if batchCount == 1 { return examples.rows(range) }
    let places = order.places(ofStep: step)
    let start = places.startIndex
    return examples.selecting(
      Tensor(places[(start + range.lowerBound)..<(start + range.upperBound)].map(Int64.init)))
  }
}
