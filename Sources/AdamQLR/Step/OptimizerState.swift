/// Everything an optimizer remembers between steps.
///
/// Together with the parameters, the method and the order of batches it determines every step that
/// follows, so encoding both is enough to go on later exactly. Its rules are encoded by name
/// (``HeuristicRegistry``).
public struct OptimizerState<Vector: ParameterVector>: Codable, Sendable {
  /// The number of steps made, those that were taken back included.
  public var step = 0
  /// The rule of the learning rate, with what it has learned.
  @AnyHeuristic public var learningRate: any LearningRate
  /// That of the momentum.
  @AnyHeuristic public var momentum: any Momentum
  /// That of the damping.
  @AnyHeuristic public var damping: any Damping
  /// That of the steps that are accepted.
  @AnyHeuristic public var acceptance: any Acceptance
  /// What the direction remembers.
  public var direction: DirectionState<Vector>
  /// d of the step before, where the learning rate looks at it.
  public var previousDirection: Vector?
  /// Its dᵀd; `nil` before, where d was 0, and where it is not to be looked at.
  public var previousSquaredNorm: Double?
  /// θ̄, where the method has ``Method/averaging``.
  public var average: Vector?
  /// How far the parameters moved along it; 0 where they did not.
  public var previousRate = 0.0
  /// v, the update of the step before, where the method has momentum.
  public var velocity: Vector?
  /// α of the last step that was taken, and of none by 0 after others, with what clipping and envelope
  /// left of it; `nil` before.
  public var lastRate: Double?
  /// gᵀg of the last gradient with which the direction advanced; `nil` before.
  public var gradientDotGradient: Double?

  /// The state before the first step of `method`.
  ///
  /// - Throws: ``OptimizerError`` where its direction cannot work on such parameters.
  public init(
    _ method: Method, for parameters: Vector, layout: ParameterLayout? = nil
  ) throws(OptimizerError) {
    learningRate = method.learningRate
    momentum = method.momentum
    damping = method.damping
    acceptance = method.acceptance
    direction = try method.direction.makeState(for: parameters, layout: layout)
    if method.momentum.isUsed { velocity = parameters.zeros() }
    if method.averaging != nil { average = parameters.zeros() }
    if method.remembersDirection { previousDirection = parameters.zeros() }
  }
}

extension OptimizerState {
  /// This state for a method of the same heuristics, whose settings may have changed since, such as
  /// the end of a schedule; `nil` where the method has others.
  public func adopting(_ method: Method) -> OptimizerState? {
    guard let learningRate = learningRate.adoptingSettings(of: method.learningRate),
      let momentum = momentum.adoptingSettings(of: method.momentum),
      let damping = damping.adoptingSettings(of: method.damping),
      let acceptance = acceptance.adoptingSettings(of: method.acceptance)
    else { return nil }
    var state = self
    (state.learningRate, state.momentum) = (learningRate, momentum)
    (state.damping, state.acceptance) = (damping, acceptance)
    return state
  }
}
