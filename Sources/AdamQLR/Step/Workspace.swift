/// The vectors that a step works on besides what the optimizer remembers.
struct Workspace<Vector: ParameterVector>: Sendable {
  /// g.
  var gradient: Vector
  /// d; overwritten by the parameters after the step where nothing asks for it then.
  var direction: Vector
  /// The parameters after the step, where d has to be kept.
  private var spare: Vector?
  /// u, which becomes v; made where the method has momentum.
  private(set) var velocity: Vector?
  /// What the direction writes its next state on.
  var directionState = DirectionState<Vector>()

  init(_ method: Method, for parameters: Vector) {
    gradient = parameters.zeros()
    direction = parameters.zeros()
    if method.remembersDirection { spare = parameters.zeros() }
    if method.momentum.isUsed { velocity = parameters.zeros() }
  }

  /// Lets d be there when the parameters after the step are.
  mutating func keepDirection() {
    if spare == nil { spare = direction.zeros() }
  }

  /// The parameters after the step.
  var candidate: Vector { spare ?? direction }

  /// Makes factor·θ + x·d + y·v the candidate; whether it is finite.
  mutating func move(
    from parameters: Vector, _ factor: Double, _ x: Double, _ y: Double, _ previous: Vector?
  ) -> Bool {
    guard var update = velocity.take() else {
      guard spare != nil else {
        return direction.formLinearCombination(factor, parameters, selfTimes: x)
      }
      return withCandidate { candidate, direction in
        candidate.formLinearCombination(factor, parameters, x, direction)
      }
    }
    update.formLinearCombination(x, direction, previous == nil ? 0 : y, previous ?? direction)
    velocity = update
    return withCandidate { candidate, _ in
      candidate.formLinearCombination(factor, parameters, 1, update)
    }
  }

  /// Takes decay·θ, of some elements, from the candidate; whether it is finite.
  mutating func decay(_ parameters: Vector, by decay: Double, in ranges: [Range<Int>]?) -> Bool {
    withCandidate { candidate, _ in candidate.add(parameters, scaledBy: -decay, in: ranges) }
  }

  /// Makes the candidate the parameters, and u the velocity.
  mutating func take(_ parameters: inout Vector, _ velocity: inout Vector?) {
    withCandidate { candidate, _ in swap(&parameters, &candidate) }
    swap(&velocity, &self.velocity)
  }

  /// Lets `body` change the candidate, which may be d itself.
  private mutating func withCandidate<Result>(
    _ body: (inout Vector, Vector) -> Result
  ) -> Result {
    guard var candidate = spare.take() else {
      // d is no argument here: what is made of it has been made.
      return body(&direction, gradient)
    }
    defer { spare = candidate }
    return body(&candidate, direction)
  }
}

extension Method {
  /// Whether the next step asks for d.
  var remembersDirection: Bool {
    !learningRate.needs.isDisjoint(with: [.previousDirection, .previousMove])
  }
}
