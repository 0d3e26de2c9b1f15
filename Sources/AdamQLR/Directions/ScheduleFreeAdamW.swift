/// The direction of Schedule-Free AdamW (Defazio et al. 2024), as its authors' package `schedulefree`
/// has it since version 1.3.
///
/// With the learning rate α, the algorithm's steps go from z, gradients are taken at y, and what is
/// learned is x, the weighted average of all z:
///
///     v ← β₂v + (1 − β₂)g²,  g at y = (1 − β₁)z + β₁x
///     ĝ = g/(√(v/(1 − β₂ᵗ)) + ε) + wy
///     z ← z − γĝ,  γ_t = αf_t,  f_t = min(1, t/T)
///     x ← (1 − c)x + cz,  c_t = w_t/(w₁ + … + w_t),  w_t = tʳ·max(γ₁, …, γ_t)ᵖ
///
/// Algorithm 1 of the paper, which is ``paper``, has the bias correction in f_t = √(1 − β₂ᵗ)·min(1, t/T)
/// instead of below the root, so that it also lessens weight decay and the weights w_t = tʳ·γ_tᵖ of
/// the first steps, which can be unstable.
///
/// The optimizer's parameters are y, and ``evaluationPoint(for:learningRate:in:)`` is x. In place of
/// z and x the state has δ = (z − y)/α, in which the same steps need no α:
///
///     d = (1 − β₁(1 − c))·fĝ − cδ
///     δ ← (1 − c)(δ − β₁fĝ)
///
/// For a learning rate that is fixed or scheduled they are the algorithm; δ is rescaled where α
/// changes. They also make sense with an α that the quadratic model chooses, which counts as 1 in the
/// weights: d is then ĝ averaged over a growing window. At α = 0 nothing moves.
///
/// The state's vectors are δ and v, its numbers w₁ + … + w_t, the largest γ so far and the last α.
public struct ScheduleFreeAdamW: Direction, Hashable, Codable {
  /// β₁, how far y lies from z towards x. Default 0.9.
  public var beta1: Double
  /// β₂, the decay of the squared gradient's average. Default 0.999.
  public var beta2: Double
  /// ε, added to the root of the second moment. Default 1e-8.
  public var epsilon: Double
  /// w, the weight decay, which acts on z and through it on x. Default 0.
  public var weightDecay: Double
  /// T, the steps over which f rises linearly. Default 0: no warm-up.
  public var warmUp: Int
  /// p, the power of γ in the weights of the average, `weight_lr_power` of the package. Default 2.
  public var weightPower: Double
  /// r, the power of the step's number in them. Default 0.
  public var averagingPower: Double
  /// Whether the steps are those of the paper's Algorithm 1. Default no.
  public var followsPaper: Bool

  /// The paper's Algorithm 1 with its defaults.
  public static let paper = ScheduleFreeAdamW(followsPaper: true)

  /// Makes the direction.
  public init(
    beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8, weightDecay: Double = 0,
    warmUp: Int = 0, weightPower: Double = 2, averagingPower: Double = 0,
    followsPaper: Bool = false
  ) {
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.weightDecay = weightDecay
    self.warmUp = warmUp
    self.weightPower = weightPower
    self.averagingPower = averagingPower
    self.followsPaper = followsPaper
  }

  public static let settings: [Setting<ScheduleFreeAdamW>] = [
    Setting(
      "beta1", \.beta1, .between0And1, "How far gradients are taken towards the average."),
    Setting("beta2", \.beta2, .decay, "Decay of the second moment."),
    Setting("epsilon", \.epsilon, .nonnegative, "Added to the root."),
    Setting("weight-decay", \.weightDecay, .nonnegative, "Weight decay, multiplied by α."),
    Setting("warm-up", \.warmUp, .nonnegative, "Steps of linear warm-up."),
    Setting(
      "weight-power", \.weightPower, .nonnegative, "Power of α in the average's weights."),
    Setting(
      "averaging-power", \.averagingPower, .nonnegative, "Power of the step's number in them."),
    Setting(
      "paper", \.followsPaper, .either,
      "Whether the bias correction is part of α, as in Algorithm 1."),
  ]

  public func makeState<V: ParameterVector>(
    for parameters: V, layout: ParameterLayout?
  ) -> DirectionState<V> {
    DirectionState(vectors: [parameters.zeros(), parameters.zeros()], scalars: [0, 0, 0])
  }

  public func advance<V: ParameterVector>(
    _ input: DirectionInput<V>, from state: DirectionState<V>, to next: inout DirectionState<V>,
    direction: inout V
  ) -> DirectionProducts {
    let step = next.step
    let (sum, greatest, last) = (state.scalars[0], state.scalars[1], state.scalars[2])
    let rate = input.learningRate.flatMap { $0 > 0 ? $0 : nil } ?? (last > 0 ? last : 1)
    let rescaling = last > 0 ? last / rate : 1
    let correction = 1 - power(beta2, step)
    let rise = step < warmUp ? Double(step) / Double(warmUp) : 1
    let f = followsPaper ? correction.squareRoot() * rise : rise
    next.scalars[1] = max(greatest, rate * f)
    let weight =
      exponential(averagingPower, ofBase: Double(step))
      * exponential(weightPower, ofBase: followsPaper ? rate * f : next.scalars[1])
    next.scalars[0] = sum + weight
    next.scalars[2] = rate
    let c = weight / next.scalars[0]
    let share = 1 - beta1 * (1 - c)

    // (1 − β₁(1 − c))·fĝ first.
    var coefficients = coefficients(weight: share * f)
    if !followsPaper { coefficients.secondCorrection = 1 / correction }
    let scaled = direction.formScaledGradient(
      coefficients, gradient: input.gradient, second: state.vectors[1])
    if weightDecay != 0 {
      direction.add(input.parameters, scaledBy: share * f * weightDecay, in: nil)
    }
    next.makeRoom(for: 1, like: direction)
    next.vectors[0].formLinearCombination(
      (1 - c) * rescaling, state.vectors[0], -(1 - c) * beta1 / share, direction)
    direction.add(state.vectors[0], scaledBy: -c * rescaling, in: nil)
    var products = input.gradient.products(withDirection: direction)
    products.gradientDotGradient = scaled.gradientDotGradient
    return products
  }

  public func commit<V: ParameterVector>(
    _ input: DirectionInput<V>, _ next: inout DirectionState<V>, to state: inout DirectionState<V>
  ) {
    swap(&state.vectors[0], &next.vectors[0])
    V.advanceSecondMoment(coefficients(), gradient: input.gradient, second: &state.vectors[1])
  }

  private func coefficients(weight: Double = 1) -> AdamCoefficients {
    AdamCoefficients(decay: beta2, gain: 1 - beta2, epsilon: epsilon, gradientWeight: weight)
  }

  /// x = y − (1/β₁ − 1)·αδ.
  public func evaluationPoint<V: ParameterVector>(
    for parameters: V, learningRate: Double, in state: DirectionState<V>
  ) -> V? {
    var point = parameters.zeros()
    point.formLinearCombination(
      1, parameters, -(1 / beta1 - 1) * learningRate, state.vectors[0])
    return point
  }
}
