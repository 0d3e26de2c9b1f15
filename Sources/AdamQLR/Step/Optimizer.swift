/// Runs a ``Method`` on an objective, step by step.
///
///     var parameters = [1.0, -1.0]
///     var optimizer = try Optimizer(.adamQLR(batchesPerEpoch: 1), for: parameters)
///     for _ in 0..<100 {
///       let report = try optimizer.step(&parameters, on: objective)
///       print(report.loss, report.learningRate)
///     }
///
/// One step on a batch with parameters θ:
///
/// 1. *Head*: loss f and gradient g at θ; g is clipped; the direction d from g, clipped.
/// 2. *Measure*: the quadratic model, with products of C where the method needs them.
/// 3. *Choose*: the learning rate α and the momentum μ; u = −αd + μv, v the update before, clipped
///    and scaled by the envelope.
/// 4. *Move*: θ + u.
/// 5. *Judge*, where the method needs it: f(θ + u), the reduction ratio ρ, the next λ, rejection.
/// 6. *Commit*: decoupled weight decay, the parameters, all that is remembered.
///
/// Nothing is silent: ``StepReport/events`` names what was out of the ordinary. A step on which a
/// loss, the gradient or the curvature is not finite, or which would put a non-finite value into
/// the parameters, leaves the parameters and all state but λ as they were; λ is raised.
///
/// In memory the optimizer holds, besides the parameters: g; d, in whose place the parameters after
/// the step are formed; what the direction remembers, once where it can be made again from g
/// (``Direction/commit(_:_:to:)``); where the learning rate looks at the direction of the step
/// before, that and one vector more; with momentum v and u.
public struct Optimizer<Vector: ParameterVector>: Sendable {
  /// What is done.
  public let method: Method
  /// What is remembered between steps. Set it to go on from a saved state.
  public var state: OptimizerState<Vector>

  let layout: ParameterLayout
  let decayRanges: [Range<Int>]?
  var workspace: Workspace<Vector>

  /// Makes an optimizer for parameters like these.
  ///
  /// - Parameters:
  ///   - method: What is done at each step, resolved (``Method/resolved(for:)``).
  ///   - parameters: The parameters, of which only the layout matters here.
  ///   - layout: The parameters' names, shapes and roles; needed only where weight decay excludes
  ///     some, or a direction treats matrices as matrices.
  /// - Throws: ``OptimizerError`` where a setting is out of its range, where settings do not go
  ///   together, where the layout is missing or another one's, and where the direction cannot work on
  ///   such parameters.
  public init(
    _ method: Method, for parameters: Vector, layout: ParameterLayout? = nil
  ) throws(OptimizerError) {
    if let layout, layout.count != parameters.count {
      throw .layoutMismatch(expected: parameters.count, found: layout.count)
    }
    if let problem = method.problem { throw .unusableMethod(problem) }
    self.method = method
    self.layout = layout ?? ParameterLayout()
    decayRanges = try method.weightDecay.ranges(in: layout)
    state = try OptimizerState(method, for: parameters, layout: layout)
    workspace = Workspace(method, for: parameters)
  }

  /// Makes one step.
  ///
  /// - Parameters:
  ///   - parameters: θ, updated in place.
  ///   - objective: The loss on this step's batch.
  ///   - independent: The loss on a second batch, for methods that measure on one.
  /// - Returns: What happened.
  /// - Throws: What the objective throws, and ``OptimizerError``; parameters and state are then as
  ///   they were.
  @discardableResult
  public mutating func step<O: Objective<Vector>>(
    _ parameters: inout Vector, on objective: O, independent: O? = nil
  ) throws -> StepReport {
    guard parameters.count == workspace.gradient.count else {
      throw OptimizerError.countMismatch(
        expected: workspace.gradient.count, found: parameters.count)
    }
    var record = StepRecord(
      step: state.step, damping: state.damping.damping(at: state.step),
      isPreviousReported: method.learningRate.needs.contains(.previousDirection))
    do {
      let linearization = try objective.linearize(at: parameters)
      let head = try formHead(linearization, at: parameters, &record)
      guard head.products.directionDotDirection != 0 || movesWithoutDirection else {
        record.events.insert(.zeroDirection)
        remember(record, linearization, at: parameters)
        return record.report(nextDamping: nextDamping)
      }
      let source = try measure(linearization, independent, at: parameters, &record)
      let choice = try choose(&record)
      let decay = decay(choice, head.products)
      var outcome = try predict(choice, at: linearization)
      let isFinite = try move(parameters, choice, decay.before)
      if needsNewLoss {
        try judge(source, choice, decay.before, &outcome, &record, isFinite)
        if case .rejected(let restoration) = outcome.verdict {
          reject(record, linearization, restoring: restoration, at: parameters)
          return record.report(nextDamping: nextDamping)
        }
      } else {
        record.outcome = outcome
        try Breakdown.unless(isFinite?.value ?? true, .nonFiniteUpdate)
      }
      try commit(&parameters, record, linearization, decay.after)
    } catch let breakdown as Breakdown {
      takeBack(breakdown.event, &record)
    }
    return record.report(nextDamping: nextDamping)
  }

  /// Where what was learned is to be judged and used, if not at `parameters` themselves: at their
  /// average, by ``Method/averaging`` or as the direction has it
  /// (``Direction/evaluationPoint(for:learningRate:in:)``).
  ///
  /// - Parameter parameters: The parameters after the last step.
  public func evaluationPoint(for parameters: Vector) -> Vector? {
    guard let rate = state.lastRate else { return nil }
    return state.average
      ?? method.direction.evaluationPoint(
        for: parameters, learningRate: rate, in: state.direction)
  }

  private var nextDamping: Double { state.damping.damping(at: state.step) }
}

extension Optimizer {
  /// Makes the candidate the parameters.
  private mutating func commit(
    _ parameters: inout Vector, _ record: StepRecord, _ linearization: any Linearization<Vector>,
    _ decay: Double
  ) throws {
    if decay != 0 {
      let isFinite = workspace.decay(parameters, by: decay, in: decayRanges)
      try Breakdown.unless(
        isFinite && workspace.candidate.deferredFiniteness()?.value ?? true, .nonFiniteUpdate)
    }
    remember(record, linearization, at: parameters)
    workspace.take(&parameters, &state.velocity)
    addToAverage(parameters)
    if let choice = record.choice {
      state.previousRate = -choice.planned.x
      // A step of 0 has no part in what the direction averages.
      if choice.planned.x != 0 || state.lastRate == nil { state.lastRate = -choice.planned.x }
    }
  }

  private mutating func addToAverage(_ parameters: Vector) {
    guard let averaging = method.averaging, var average = state.average.take() else { return }
    let w = state.lastRate == nil ? 1 : averaging.weight(ofStep: state.step)
    average.formLinearCombination(w, parameters, selfTimes: 1 - w)
    state.average = average
  }

  /// Goes on to what is remembered after a step, while the parameters are still those before it.
  private mutating func remember(
    _ record: StepRecord, _ linearization: any Linearization<Vector>, at parameters: Vector
  ) {
    commitDirection(directionInput(linearization, at: parameters, record))
    state.step += 1
    if let choice = record.choice {
      state.learningRate = choice.learningRate
      state.momentum = choice.momentumRule
    }
    if let damping = record.outcome?.damping { state.damping = damping }
    if let acceptance = record.outcome?.acceptance { state.acceptance = acceptance }
    guard let products = record.head?.products else { return }
    state.gradientDotGradient = products.gradientDotGradient
    if var previous = state.previousDirection.take() {
      let squaredNorm = products.directionDotDirection
      state.previousSquaredNorm = squaredNorm == 0 ? nil : squaredNorm
      swap(&previous, &workspace.direction)
      state.previousDirection = previous
    }
  }

  /// Ends a step that is not taken.
  private mutating func reject(
    _ record: StepRecord, _ linearization: any Linearization<Vector>,
    restoring restoration: Restoration, at parameters: Vector
  ) {
    switch restoration {
    case .everything:
      state.step += 1
      if let damping = record.outcome?.damping { state.damping = damping }
    case .parameters:
      remember(record, linearization, at: parameters)
      state.previousRate = 0
      // θ did not move along d, so the next gradient has nothing to say about that move.
      if method.learningRate.needs.contains(.previousMove) { state.previousSquaredNorm = nil }
    }
  }

  /// Ends a step that broke down: everything stays, but λ is raised.
  private mutating func takeBack(_ event: StepEvents, _ record: inout StepRecord) {
    record.events.insert(event)
    state.step += 1
    state.damping.noteBreakdown()
  }
}
