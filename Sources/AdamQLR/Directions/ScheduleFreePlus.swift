/// The direction of ScheduleFree+ (Defazio 2026, arXiv 2605.19095, Algorithm 1): Schedule-Free averaging
/// of Adam's steps, with a step size of Polyak's kind and an interpolation that is annealed.
///
/// Steps go from z, gradients are taken at y, and what is learned is x, the weighted average of all z.
/// With f and g the loss and its gradient at y:
///
///     β̃_t:  ln(1 − β̃_t) goes linearly from ln(1 − β) to ln(1 − β_max) over T_a steps
///     e ← β_p·e + (1 − β_p)·√(π/2)·‖g‖₁,  ê = e/(1 − β_pᵗ)
///     α_t = γ_t·max(0, f + β̃_t·gᵀ(z − x))/ê
///     m ← β₁m + (1 − β₁)g,  v ← β₂v + (1 − β₂)g²
///     z ← z − α_t²·w·y − α_t·m̂/(√v̂ + ε),  m̂ = m/(1 − β₁ᵗ),  v̂ = v/(1 − β₂ᵗ)
///     x ← (1 − c)x + cz,  y = β̃_t·x + (1 − β̃_t)z
///     c_t = 1 in the first C steps; then w_t/Σw over the steps since, w_t = max(α₁, …, α_t)²
///
/// √(π/2)·‖g‖₁ estimates √n·‖g‖₂ of n elements; f + β̃gᵀ(z − x) is to the loss what Polyak's numerator is
/// with a least loss of 0. γ_t rises linearly to 1 over T_w steps, and is multiplied by the learning
/// rate, which is 1 where it is not known before the direction.
///
/// What the paper does not fix for other runs than its own is assumed here: T_a is the length of the
/// run; T_w is 200 steps, and half of the run where that is less; C is 2T_w, the most that its authors'
/// code recommends; β_p is 0.9. On small networks a shorter warm-up diverges more often: where Adam's
/// normalization is as of the first steps, α is the step to a loss of 0. β, β_max, β₁, β₂, ε, the square and w
/// are the defaults of that code, `AdamCScheduleFreePlusPaper` in the repository of the package
/// `schedulefree`; where code and Algorithm 1 differ, in t of β̃_t by one and in the correction of e, the
/// steps are the algorithm's. In a run of unknown length β̃ stays at β unless T_a is set.
///
/// The optimizer's parameters are y, and ``evaluationPoint(for:learningRate:in:)`` is x. In place of
/// z and x the state has δ = (z − y)/γ with the learning rate γ. With β the interpolation of the step
/// before and s the change of z over −γ, the same steps are
///
///     b = β̃(1 − c)
///     d = (1 − b)s − (1 − b/β)δ
///     δ ← b(δ/β − s)
///
/// As ``ScheduleFreeAdamW``'s, they are the algorithm for a learning rate that is fixed or scheduled, and
/// make sense with one that the quadratic model chooses; at a learning rate of 0 nothing moves.
///
/// The state's vectors are m, v and δ, its numbers Σw, the largest α so far, the last γ, e and β.
public struct ScheduleFreePlus: Direction, Hashable, Codable {
  /// β, how far y lies from z towards x at first. Default 0.9.
  public var interpolation: Double
  /// β_max, how far in the end. Default 0.965.
  public var finalInterpolation: Double
  /// T_a, the steps in which it gets there; 0: none, it stays. Default `nil`: the run's.
  public var annealing: Int?
  /// β₁, the decay of the gradient's average. Default 0.9.
  public var beta1: Double
  /// β₂, the decay of the squared gradient's average. Default 0.95.
  public var beta2: Double
  /// ε, added to the root of the second moment. Default 1e-8.
  public var epsilon: Double
  /// β_p, the decay of the average of ‖g‖₁. Default 0.9.
  public var normDecay: Double
  /// T_w, the steps over which γ rises. Default `nil`: 200, at most half of the run's.
  public var warmUp: Int?
  /// C, the steps at the end of which averaging begins. Default `nil`: twice the warm-up.
  public var averagingStart: Int?
  /// w, the weight decay, multiplied by α²: 5 to 50 in the paper. Default 0.
  public var weightDecay: Double

  /// Makes the direction.
  public init(
    interpolation: Double = 0.9, finalInterpolation: Double = 0.965, annealing: Int? = nil,
    beta1: Double = 0.9, beta2: Double = 0.95, epsilon: Double = 1e-8, normDecay: Double = 0.9,
    warmUp: Int? = nil, averagingStart: Int? = nil, weightDecay: Double = 0
  ) {
    self.interpolation = interpolation
    self.finalInterpolation = finalInterpolation
    self.annealing = annealing
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.normDecay = normDecay
    self.warmUp = warmUp
    self.averagingStart = averagingStart
    self.weightDecay = weightDecay
  }

  public static let settings: [Setting<ScheduleFreePlus>] = [
    Setting(
      "interpolation", \.interpolation, .between0And1,
      "How far gradients are taken towards the average at first."),
    Setting("final-interpolation", \.finalInterpolation, .between0And1, "How far in the end."),
    Setting(
      "annealing", \.annealing, orNull: .nonnegative,
      "Steps from the one to the other; null: the run's."),
    Setting("beta1", \.beta1, .decay, "Decay of the first moment."),
    Setting("beta2", \.beta2, .decay, "Decay of the second moment."),
    Setting("epsilon", \.epsilon, .nonnegative, "Added to the root."),
    Setting("norm-decay", \.normDecay, .decay, "Decay of the average of the gradient's norm."),
    Setting(
      "warm-up", \.warmUp, orNull: .nonnegative,
      "Steps of linear warm-up; null: 200, at most half of the run's."),
    Setting(
      "averaging-start", \.averagingStart, orNull: .nonnegative,
      "Steps before averaging begins; null: twice the warm-up."),
    Setting("weight-decay", \.weightDecay, .nonnegative, "Weight decay, multiplied by α²."),
  ]

  public func resolved(for run: RunShape) -> ScheduleFreePlus {
    var direction = self
    direction.annealing = annealing ?? run.totalSteps
    direction.warmUp = warmUp ?? min(rise, (run.totalSteps ?? .max) / 2)
    direction.averagingStart = direction.start
    return direction
  }

  /// T_w in a run that is long or of unknown length.
  private var rise: Int { warmUp ?? 200 }
  /// C.
  private var start: Int { averagingStart ?? 2 * rise }

  public func makeState<V: ParameterVector>(
    for parameters: V, layout: ParameterLayout?
  ) -> DirectionState<V> {
    DirectionState(
      vectors: (0..<3).map { _ in parameters.zeros() }, scalars: [0, 0, 0, 0, interpolation])
  }

  public func advance<V: ParameterVector>(
    _ input: DirectionInput<V>, from state: DirectionState<V>, to next: inout DirectionState<V>,
    direction: inout V
  ) throws -> DirectionProducts {
    let (gradient, step, last) = (input.gradient, next.step, state.scalars[2])
    let rate = input.learningRate.flatMap { $0 > 0 ? $0 : nil } ?? (last > 0 ? last : 1)
    let rescaling = last > 0 ? last / rate : 1
    let (before, beta) = (state.scalars[4], interpolation(at: step))

    let l2 = input.l2
    let loss =
      try input.linearization.loss
      + (l2 == 0 ? 0 : 0.5 * l2 * input.parameters.dot(input.parameters))
    // gᵀ(z − x) = γgᵀδ/β.
    let offset = rate * rescaling / before * gradient.dot(state.vectors[2])
    let size = polyakStepSize(
      gradient, numerator: loss + beta * offset, from: state, to: &next, scratch: &direction)
    let c = averagingWeight(rate * size, from: state, to: &next)
    let b = beta * (1 - c)

    var coefficients = coefficients(step)
    coefficients.firstCorrection *= (1 - b) * size
    let scaled = direction.formAdamDirection(
      coefficients, gradient: gradient, first: state.vectors[0], second: state.vectors[1])
    if weightDecay != 0 {
      direction.add(
        input.parameters, scaledBy: (1 - b) * rate * size * size * weightDecay, in: nil)
    }
    // What is in the direction's place is (1 − b)s so far.
    next.makeRoom(for: 1, like: direction)
    next.vectors[0].formLinearCombination(
      b / before * rescaling, state.vectors[2], -b / (1 - b), direction)
    direction.add(state.vectors[2], scaledBy: -(1 - b / before) * rescaling, in: nil)
    next.scalars[2] = rate
    next.scalars[4] = beta
    var products = gradient.products(withDirection: direction)
    products.gradientDotGradient = scaled.gradientDotGradient
    products.stepSize = size
    if !loss.isFinite { products.events.insert(.nonFiniteLoss) }
    return products
  }

  public func commit<V: ParameterVector>(
    _ input: DirectionInput<V>, _ next: inout DirectionState<V>, to state: inout DirectionState<V>
  ) {
    swap(&state.vectors[2], &next.vectors[0])
    state.advanceMoments(coefficients(next.step), input.gradient)
  }

  /// Adam's at a step counted from 1.
  private func coefficients(_ step: Int) -> AdamCoefficients {
    AdamCoefficients(beta1: beta1, beta2: beta2, epsilon: epsilon, epsilonRoot: 0, step: step)
  }

  /// β̃ at a step counted from 1.
  private func interpolation(at step: Int) -> Double {
    guard let annealing, annealing > 0 else { return interpolation }
    let share = min(Double(step) / Double(annealing), 1)
    return 1 - exponential(1 - share, ofBase: 1 - interpolation)
      * exponential(share, ofBase: 1 - finalInterpolation)
  }

  /// α_t/γ with the learning rate γ, and writes e; `scratch` is a vector like the gradient.
  private func polyakStepSize<V: ParameterVector>(
    _ gradient: V, numerator: Double, from state: DirectionState<V>,
    to next: inout DirectionState<V>, scratch: inout V
  ) -> Double {
    let norm = (Double.pi / 2).squareRoot() * gradient.sumOfMagnitudes(scratch: &scratch)
    next.scalars[3] = normDecay * state.scalars[3] + (1 - normDecay) * norm
    let average = next.scalars[3] / (1 - power(normDecay, next.step))
    // Not hidden by the maximum: the step is to be taken back.
    if numerator.isNaN { return .nan }
    // Where all gradients so far are zero there is nowhere to go.
    if average == 0 { return 0 }
    let factor = next.step < rise ? Double(next.step) / Double(rise) : 1
    return factor * max(0, numerator) / average
  }

  /// c_t, and writes Σw and the largest α.
  private func averagingWeight<V: ParameterVector>(
    _ size: Double, from state: DirectionState<V>, to next: inout DirectionState<V>
  ) -> Double {
    // A least size, as in the authors' code, so that the first weight is not 0.
    next.scalars[1] = max(state.scalars[1], size, 1e-8)
    next.scalars[0] = state.scalars[0]
    guard next.step > start else { return 1 }
    let weight = next.scalars[1] * next.scalars[1]
    next.scalars[0] += weight
    return weight / next.scalars[0]
  }

  /// x = y − (1/β − 1)·γδ.
  public func evaluationPoint<V: ParameterVector>(
    for parameters: V, learningRate: Double, in state: DirectionState<V>
  ) -> V? {
    var point = parameters.zeros()
    point.formLinearCombination(
      1, parameters, -(1 / state.scalars[4] - 1) * learningRate, state.vectors[2])
    return point
  }
}
