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
  func batch(ofStep step: Int) -> Batch { batch(ofStep: step, examples: 0..<size(ofStep: step)) }

  func batch(ofStep step: Int, examples range: Range<Int>) -> Batch {
    if plan.batchCount == 1, !examples.isVaried {
      return range.count == examples.count ? all() : all().rows(range)
    }
    let isAhead = examples.isOnHost && range.count * examples.inputCount >= Self.worthwhileCount
    guard isAhead else { return maker.batch(ofStep: step, range) }
    let batch = prepared(step, range)?.result() ?? maker.batch(ofStep: step, range)
    if step + 1 < stepCount ?? .max { prepare(step + 1, alike: range, of: step) }
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

  private func prepared(_ step: Int, _ range: Range<Int>) -> Preparation? {
    ahead.withLock { ahead in
      defer { ahead = nil }
      return ahead?.step == step && ahead?.range == range ? ahead : nil
    }
  }

  /// Prepares the examples of a step that lie as those of the step before did.
  private func prepare(_ step: Int, alike range: Range<Int>, of before: Int) {
    let (size, sizeBefore) = (size(ofStep: step), size(ofStep: before))
    // Batches differ by one example at most, which only where all are wanted is sure to be wanted.
    guard range.count == sizeBefore || size == sizeBefore else { return }
    let next = Preparation(step: step, range: size == sizeBefore ? range : 0..<size)
    ahead.withLock { $0 = next }
    // Not this object, which waits when it goes.
    queue.async(group: next.group) { [maker] in
      next.finish(with: maker.batch(ofStep: step, next.range))
    }
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

  func batch(ofStep step: Int, _ range: Range<Int>) -> Batch {
    let plan = order.plan
    let places = order.places(ofStep: step)
    let start = places.startIndex
    let generator =
      examples.isVaried
      ? SeededGenerator(seed: plan.seed, stream: "\(plan.stream)/variations/\(step)") : nil
    return examples.selecting(
      places[(start + range.lowerBound)..<(start + range.upperBound)], varying: generator,
      skipping: range.lowerBound)
  }
}

/// A batch that another thread makes.
private final class Preparation: Sendable {
  let step: Int
  let range: Range<Int>
  let group = DispatchGroup()
  private let batch = Mutex<Batch?>(nil)

  init(step: Int, range: Range<Int>) {
    self.step = step
    self.range = range
  }

  func finish(with result: Batch) { batch.withLock { $0 = result } }

  /// The batch, when it is made.
  func result() -> Batch? {
    group.wait()
    return batch.withLock { $0 }
  }
}
