import AdamQLR
import Testing

@Suite("What a method has to know of a run")
struct ResolvingTests {
  /// All that can depend on a run's data and length.
  private var method: Method {
    var method = Method.adamQLR()
    method.momentum = ScheduledMomentum(.cosine(peak: 0.5))
    method.envelope = Envelope(peak: 2)
    return method
  }

  @Test("Resolving twice is resolving once", arguments: [1, 2, 50, nil] as [Int?])
  func idempotence(_ batches: Int?) throws {
    let shape = RunShape(batchesPerEpoch: batches, totalSteps: 40)
    let other = RunShape(batchesPerEpoch: 7, totalSteps: 90)
    for method in [method] + Sample.presets.map(\.method) {
      let resolved = method.resolved(for: shape)
      #expect(resolved.resolved(for: shape) == resolved)
      // Not even another run changes what has been worked out.
      #expect(resolved.resolved(for: other) == resolved)
      #expect(resolved.problem == nil)
    }
    let resolved = method.resolved(for: shape)
    #expect(resolved.envelope == Envelope(peak: 2, total: 40))
    #expect((resolved.momentum as? ScheduledMomentum)?.schedule.total == 40)
    let unseen = batches.map { 1 - 1 / Double($0) } ?? 1
    #expect((resolved.direction as? Adam)?.relativeEpsilon.value == 0.1 * unseen)
    let memory = try #require((resolved.learningRate as? QuadraticRate)?.memory)
    #expect(memory.horizon == .steps(3 * Double(batches ?? 1000)))
    #expect(memory.order?.value == 2 + 3 * unseen && memory.cap == nil)
    #expect(memory.relief == .steps(Double(batches ?? 1000)))
  }

  @Test("With the batches said at once, it is the same")
  func shorthand() {
    for batches in [1, 20, nil] {
      #expect(
        Method.adamQLR(batchesPerEpoch: batches)
          == Method.adamQLR().resolved(for: RunShape(batchesPerEpoch: batches)))
    }
  }

  @Test("What was said for any run is kept")
  func kept() {
    var method = Method(
      direction: Adam(relativeEpsilon: 0.5),
      learningRate: QuadraticRate {
        $0.memory = CurvatureMemory(.decay(0.9), order: 3, relief: .steps(4))
        $0.previousSlope = PreviousSlope(weight: 0.25)
      }, damping: ScheduledDamping(.cosine(peak: 1, total: 9)))
    method.envelope = Envelope(peak: 1, total: 5)
    #expect(method.resolved(for: RunShape(batchesPerEpoch: 3, totalSteps: 70)) == method)
  }

  @Test("A method that is not resolved is refused, in words that say how to resolve it")
  func refused() throws {
    func problem(_ method: Method) -> String {
      let error = #expect(throws: OptimizerError.self) { try Optimizer(method, for: [1.0]) }
      return error?.description ?? ""
    }
    #expect(problem(.adamQLR()).contains("Method.resolved(for:)"))
    #expect(problem(.adamQLR()).contains("how many batches make an epoch"))
    #expect(problem(.adamQLR()).hasPrefix("direction.relative-epsilon"))
    var method = Method.adamQLR(Adam())
    #expect(problem(method).hasPrefix("learning-rate.memory"))
    #expect(problem(method).contains("Method.resolved(for:)"))
    method = .adam()
    method.envelope = Envelope(peak: 3)
    #expect(problem(method).hasPrefix("learning-rate.envelope-total is needed"))
    method = .adam()
    method.learningRate = ScheduledRate(.cosine(peak: 1))
    #expect(problem(method).hasPrefix("learning-rate.total is needed"))
    // A run of unknown length has no end to give.
    #expect(
      problem(method.resolved(for: RunShape(batchesPerEpoch: 3))).hasPrefix(
        "learning-rate.total is needed"))
    #expect(method.resolved(for: RunShape(batchesPerEpoch: nil, totalSteps: 9)).problem == nil)
  }

  @Test("A number between full batches and small ones, and a horizon")
  func numbers() {
    let number = BatchDependent(full: 2, small: 6)
    #expect(number.value == nil && number.resolved(for: RunShape(batchesPerEpoch: 4)).value == 5)
    #expect(number.resolved(for: RunShape(batchesPerEpoch: 1)).value == 2)
    #expect(number.resolved(for: RunShape(batchesPerEpoch: nil)).value == 6)
    #expect((0.5 as BatchDependent).value == 0.5 && (3 as BatchDependent) == .constant(3))
    let horizon = Horizon.epochs(2)
    #expect(horizon.decay == nil && horizon.steps == nil)
    #expect(horizon.resolved(for: RunShape(batchesPerEpoch: 5)) == .steps(10))
    #expect(Horizon.steps(10).decay == 0.9 && Horizon.steps(0.5).decay == 0)
    #expect(Horizon.decay(0.75).steps == 4 && Horizon.decay(0.75).decay == 0.75)
    #expect(RunShape(batchesPerEpoch: nil).steps(epochs: 2) == 2000)
  }
}
