import AdamQLRNetworks
import Dispatch
import Requirements
import Synchronization
import Tasks
import AdamQLRTorch

/// The batches of a run, one for each step; the next is prepared while the step before it runs.
///
/// Examples and plan determine them, variations included: the batch of a step is the same whichever
/// were asked for before it, so that a run may go on at any step.
final class BatchStream: BatchSource {
  /// How epochs are cut into batches.
  let plan: BatchPlan
  private let examples: ExampleSet
  private let stepCount: Int?
  private let maker: BatchMaker
  private let queue = DispatchQueue(label: "adamqlr.batches", qos: .userInitiated)
  private let ahead = Mutex<Preparation?>(nil)
  private let whole = Mutex<Batch?>(nil)

  /// Below this number of elements a batch is made faster than another thread can be woken for it.
  private static let worthwhileCount = 1 << 17

  /// The batches of some examples.
  ///
  /// - Parameters:
  ///   - examples: The examples.
  ///   - plan: How they are cut into batches.
  ///   - stepCount: The number of steps in all, behind which none is prepared; `nil` where it is not
  ///     known.
  /// - Precondition: The plan is one for as many examples.
  init(_ examples: ExampleSet, _ plan: BatchPlan, stepCount: Int?) {
    require(
      plan.exampleCount == examples.count,
      "a plan for \(plan.exampleCount) examples, but there are \(examples.count)")
    self.examples = examples
    self.plan = plan
    self.stepCount = stepCount
    maker = BatchMaker(examples, plan)
  }

  // The process may end next, and must not do so beneath a thread that still works.
  deinit { _ = ahead.withLock { $0 }?.result() }

  var batchCount: Int { plan.batchCount }

  /// The number of examples in a step's batch, steps counted from 0.
  func size(ofStep step: Int) -> Int {
    plan.range(ofBatch: step % plan.batchCount).count
  }

  /// A step's batch, steps counted from 0.
  func batch(ofStep step: Int) -> Batch {
    if plan.batchCount == 1, !examples.isVaried { return all() }
    let isAhead =
      examples.isOnHost && size(ofStep: step) * examples.inputCount >= Self.worthwhileCount
    guard isAhead else { return maker.batch(ofStep: step) }
    let batch = prepared(step)?.result() ?? maker.batch(ofStep: step)
    if step + 1 < stepCount ?? .max { prepare(step + 1) }
    return batch
  }

  /// All examples, made ready once.
  private func all() -> Batch {
    whole.withLock { whole in
      let all = whole ?? examples.all
      whole = all
      return all
    }
  }

  private func prepared(_ step: Int) -> Preparation? {
    ahead.withLock { ahead in
      defer { ahead = nil }
      return ahead?.step == step ? ahead : nil
    }
  }

  private func prepare(_ step: Int) {
    let next = Preparation(step: step)
    ahead.withLock { $0 = next }
    // Not this object, which waits when it goes.
    queue.async(group: next.group) { [maker] in next.finish(with: maker.batch(ofStep: step)) }
  }
}

/// Makes the batch of any step.
private final class BatchMaker: Sendable {
  private let examples: ExampleSet
  private let order: EpochOrder

  init(_ examples: ExampleSet, _ plan: BatchPlan) {
    self.examples = examples
    order = EpochOrder(plan)
  }

  func batch(ofStep step: Int) -> Batch {
    let plan = order.plan
    let generator =
      examples.isVaried
      ? SeededGenerator(seed: plan.seed, stream: "\(plan.stream)/variations/\(step)") : nil
    return examples.selecting(order.places(ofStep: step), varying: generator)
  }
}

/// A batch that another thread makes.
private final class Preparation: Sendable {
  let step: Int
  let group = DispatchGroup()
  private let batch = Mutex<Batch?>(nil)

  init(step: Int) { self.step = step }

  func finish(with result: Batch) { batch.withLock { $0 = result } }

  /// The batch, when it is made.
  func result() -> Batch? {
    group.wait()
    return batch.withLock { $0 }
  }
}
