import Requirements
import AdamQLRTorch

/// How an epoch's examples are cut into batches.
///
/// N examples make ⌈N/B⌉ batches, B the greatest size; their sizes differ by at most one, and no
/// example is left out. Each epoch has an order of its own, which seed, name and number of the epoch
/// determine: a run may go on at any epoch without those before.
public struct BatchPlan: Hashable, Codable, Sendable {
  /// N, the number of examples.
  public let exampleCount: Int
  /// B, the greatest size of a batch.
  public let batchSize: Int
  /// What determines the orders.
  public let seed: UInt64
  /// A name that tells apart plans of the same seed.
  public let stream: String

  /// Makes a plan.
  ///
  /// - Parameters:
  ///   - exampleCount: N.
  ///   - batchSize: B. One that exceeds N is as good as N.
  ///   - seed: What determines the orders.
  ///   - stream: A name that tells apart plans of the same seed. Default `batches`.
  /// - Precondition: N and B are positive.
  public init(exampleCount: Int, batchSize: Int, seed: UInt64, stream: String = "batches") {
    require(exampleCount > 0, "\(exampleCount) examples, but there must be at least one")
    require(batchSize > 0, "the batch size is \(batchSize), but must be positive")
    self.exampleCount = exampleCount
    self.batchSize = batchSize
    self.seed = seed
    self.stream = stream
  }

  /// ⌈N/B⌉, the number of batches of an epoch.
  public var batchCount: Int { (exampleCount - 1) / batchSize + 1 }

  /// The place of a batch in the epoch's order; the larger batches come first.
  ///
  /// - Precondition: The batch is one of `0..<batchCount`.
  public func range(ofBatch batch: Int) -> Range<Int> {
    require((0..<batchCount).contains(batch), "batch \(batch) of \(batchCount)")
    let (size, larger) = exampleCount.quotientAndRemainder(dividingBy: batchCount)
    let start = batch * size + min(batch, larger)
    return start..<(start + size + (batch < larger ? 1 : 0))
  }

  /// The order of the examples in an epoch, counted from 0.
  ///
  /// Where one batch has them all, they stay in their order, for nothing depends on it.
  ///
  /// - Complexity: O(N).
  public func order(ofEpoch epoch: Int) -> [Int] {
    if batchCount == 1 { return Array(0..<exampleCount) }
    var generator = SeededGenerator(seed: seed, stream: "\(stream)/\(epoch)")
    return generator.permutation(of: exampleCount)
  }

  /// The examples of each batch of an epoch, counted from 0.
  ///
  /// - Complexity: O(N); the batches share one array.
  public func batches(ofEpoch epoch: Int) -> [ArraySlice<Int>] {
    let order = order(ofEpoch: epoch)
    return (0..<batchCount).map { order[range(ofBatch: $0)] }
  }
}
