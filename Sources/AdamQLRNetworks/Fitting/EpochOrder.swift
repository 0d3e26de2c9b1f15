import Synchronization

/// The places of the examples in the batches of a plan. An epoch's order, which is as long as there are
/// examples, is drawn once for all of its batches.
public final class EpochOrder: Sendable {
  /// How epochs are cut into batches.
  public let plan: BatchPlan
  private let known = Mutex<(epoch: Int, places: [Int])?>(nil)

  /// The places in the batches of a plan.
  public init(_ plan: BatchPlan) { self.plan = plan }

  /// The places in a step's batch, steps counted from 0, in their order.
  public func places(ofStep step: Int) -> ArraySlice<Int> {
    let (epoch, batch) = step.quotientAndRemainder(dividingBy: plan.batchCount)
    return places(ofEpoch: epoch)[plan.range(ofBatch: batch)]
  }

  private func places(ofEpoch epoch: Int) -> [Int] {
    known.withLock { known in
      if let known, known.epoch == epoch { return known.places }
      let places = plan.order(ofEpoch: epoch)
      known = (epoch, places)
      return places
    }
  }
}
