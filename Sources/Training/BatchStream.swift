import Synchronization
import Tasks

/// The batches of a run, one for each step.
///
/// Examples and plan determine them: the batch of a step is the same whichever were asked for before
/// it.
final class BatchStream: Sendable {
  /// How epochs are cut into batches.
  let plan: BatchPlan
  private let examples: ExampleSet
  private let order = Mutex<(epoch: Int, places: [Int])?>(nil)

  /// The batches of some examples.
  ///
  /// - Precondition: The plan is one for as many examples.
  init(_ examples: ExampleSet, _ plan: BatchPlan) {
    precondition(
      plan.exampleCount == examples.count,
      "a plan for \(plan.exampleCount) examples, but there are \(examples.count)")
    self.examples = examples
    self.plan = plan
  }

  /// The number of examples in a step's batch, steps counted from 0.
  func size(ofStep step: Int) -> Int {
    plan.range(ofBatch: step % plan.batchCount).count
  }

  /// A step's batch, steps counted from 0.
  func batch(ofStep step: Int) -> ExampleTensors {
    if plan.batchCount == 1 { return examples.all }
    let (epoch, batch) = step.quotientAndRemainder(dividingBy: plan.batchCount)
    return examples.selecting(places(ofEpoch: epoch)[plan.range(ofBatch: batch)])
  }

  private func places(ofEpoch epoch: Int) -> [Int] {
    order.withLock { order in
      if let order, order.epoch == epoch { return order.places }
      let places = plan.order(ofEpoch: epoch)
      order = (epoch, places)
      return places
    }
  }
}
