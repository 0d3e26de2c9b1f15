/// Adam's direction with a step size by D-Adaptation in it (Defazio and Mishchenko 2023,
/// Algorithm 5).
///
///     m ← β₁m + (1 − β₁)·dγ·g
///     v ← β₂v + (1 − β₂)·g²
///     direction: m / (√v + ε) / α
///     r ← √β₂·r + (1 − √β₂)·dγ·gᵀ(s/(√v + ε)), with the s from before this step
///     s ← √β₂·s + (1 − √β₂)·dγ·g
///     d ← max(d, r/((1 − √β₂)·‖s‖₁))
///
/// γ is the learning rate α where that is fixed or scheduled, and 1 where it is not known before the
/// direction. The algorithm steps by m/(√v + ε), in which every gradient has the γ of its own step, so
/// that α is divided by here; at α = 0 nothing moves. α 1 is what it is meant for. Weight decay that is
/// scaled by the learning rate is scaled by d too.
///
/// d estimates the distance from the first parameters to a solution, and never falls. It is a lower
/// bound with the sums of the paper's Algorithm 1; with Adam's averages in their place a γ of 1 may
/// make it a few times too large.
///
/// The paper's weighted product in r has √v of this step in it. The package `dadaptation` takes the v
/// from before, so that its figures differ. The package's scale for single layers is left out: a
/// direction sees all parameters as one vector.
///
/// The state's vectors are m, v and s, its numbers d and r.
public struct DAdaptation: Direction, Hashable, Codable {
  /// β₁, the decay of the gradient's average. Default 0.9.
  public var beta1: Double
  /// β₂, the decay of the squared gradient's average. Default 0.999.
  public var beta2: Double
  /// ε, added to the root of the second moment. Default 1e-8.
  public var epsilon: Double
  /// d₀, where the estimate starts: a distance that is certainly too small. Default 1e-6.
  public var initialEstimate: Double
  /// The most that d grows by in a step, as a factor from 1: 1.02 makes a warm-up of it. Default
  /// `nil`: any.
  public var growthRate: Double?
  /// Whether γ, and so the step, has Adam's bias corrections √(1 − β₂ᵗ)/(1 − β₁ᵗ) as a factor. Default
  /// no.
  public var usesBiasCorrection: Bool

  /// Makes the direction.
  public init(
    beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8,
    initialEstimate: Double = 1e-6, growthRate: Double? = nil, usesBiasCorrection: Bool = false
  ) {
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.initialEstimate = initialEstimate
    self.growthRate = growthRate
    self.usesBiasCorrection = usesBiasCorrection
  }

  public static let settings: [Setting<DAdaptation>] = [
    Setting("beta1", \.beta1, .decay, "Decay of the first moment."),
    Setting("beta2", \.beta2, .between0And1, "Decay of the second moment."),
    Setting("epsilon", \.epsilon, .nonnegative, "Added to the root."),
    Setting("initial", \.initialEstimate, .positive, "d at the start."),
    Setting(
      "growth-rate", \.growthRate, orNull: .fromOne, "Most that d grows by in a step; null: any."),
    Setting(
      "bias-correction", \.usesBiasCorrection, .either,
      "Whether the step has Adam's bias corrections."),
  ]

  public func makeState<V: ParameterVector>(
    for parameters: V, layout: ParameterLayout?
  ) -> DirectionState<V> {
    DirectionState(
      vectors: (0..<3).map { _ in parameters.zeros() }, scalars: [initialEstimate, 0])
  }

  public func advance<V: ParameterVector>(
    _ input: DirectionInput<V>, from state: DirectionState<V>, to next: inout DirectionState<V>,
    direction: inout V
  ) -> DirectionProducts {
    let gradient = input.gradient
    let (estimate, decay) = (state.scalars[0], beta2.squareRoot())
    let correction = correction(next.step)
    let rate = input.learningRate ?? 1
    // dγ.
    let gain = estimate * rate * correction
    _ = direction.formScaledGradient(
      AdamCoefficients(decay: beta2, gain: 1 - beta2, epsilon: epsilon),
      gradient: gradient, second: state.vectors[1])
    let r = decay * state.scalars[1] + (1 - decay) * gain * direction.dot(state.vectors[2])
    // The next s.
    next.makeRoom(for: 1, like: direction)
    next.vectors[0].formLinearCombination(decay, state.vectors[2], (1 - decay) * gain, gradient)
    let norm = next.vectors[0].sumOfMagnitudes(scratch: &direction)
    let found = norm > 0 ? r / ((1 - decay) * norm) : estimate
    next.scalars[0] = max(estimate, growthRate.map { min(found, estimate * $0) } ?? found)
    next.scalars[1] = r

    var coefficients = coefficients(gain: gain, next.step)
    coefficients.firstCorrection = rate == 0 ? 1 : 1 / rate
    coefficients.secondCorrection = 1
    var products = direction.formAdamDirection(
      coefficients, gradient: gradient, first: state.vectors[0], second: state.vectors[1])
    products.stepSize = estimate * correction
    return products
  }

  public func commit<V: ParameterVector>(
    _ input: DirectionInput<V>, _ next: inout DirectionState<V>, to state: inout DirectionState<V>
  ) {
    let gain = state.scalars[0] * (input.learningRate ?? 1) * correction(next.step)
    state.advanceMoments(coefficients(gain: gain, next.step), input.gradient)
    swap(&state.vectors[2], &next.vectors[0])
  }

  /// Adam's, with the gradient times `gain` in m.
  private func coefficients(gain: Double, _ step: Int) -> AdamCoefficients {
    var coefficients = AdamCoefficients(
      beta1: beta1, beta2: beta2, epsilon: epsilon, epsilonRoot: 0, step: step)
    coefficients.firstGain *= gain
    return coefficients
  }

  private func correction(_ step: Int) -> Double {
    usesBiasCorrection ? biasCorrection(beta1: beta1, beta2: beta2, step: step) : 1
  }
}
