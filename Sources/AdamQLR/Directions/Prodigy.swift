/// Prodigy's direction, Adam's with an estimate of the step size in it (Mishchenko and Defazio 2023,
/// Algorithm 4).
///
///     m ← β₁m + (1 − β₁)·d·g
///     v ← β₂v + (1 − β₂)·d²g²
///     r ← β₃r + (1 − β₃)·γd²·gᵀ(θ₀ − θ)
///     s ← β₃s + (1 − β₃)·γd²·g
///     direction: d·m / (√v + dε), with the d from before this step
///     d ← max(d, c·r/‖s‖₁)
///
/// γ is the learning rate α where that is fixed or scheduled, and 1 where it is not known before the
/// direction. It is meant to be 1, or a schedule that ends below. Weight decay that is scaled by the
/// learning rate is scaled by d too.
///
/// d estimates the distance from the first parameters θ₀ to a solution from below, and never falls.
///
/// The d that ε is multiplied by is that of this step, as in the paper; in the package `prodigyopt` it
/// is already the next one, so that its figures differ where ε matters.
///
/// The state's vectors are m, v, s and θ₀, its numbers d and r; s and r are divided by d₀², which
/// d's estimate does not feel and single precision does. With a growth rate, a third number is the
/// largest c·r/‖s‖₁ so far.
public struct Prodigy: Direction, Hashable, Codable {
  /// β₁, the decay of the gradient's average. Default 0.9.
  public var beta1: Double
  /// β₂, the decay of the squared gradient's average. Default 0.999.
  public var beta2: Double
  /// β₃, the decay of r and s. Default `nil`: √β₂, the paper's.
  public var beta3: Double?
  /// ε, added to the root in units of d. Default 1e-8.
  public var epsilon: Double
  /// d₀, where the estimate starts: a distance that is certainly too small. Default 1e-6.
  public var initialEstimate: Double
  /// c, a factor on the estimate. Default 1.
  public var coefficient: Double
  /// The most that d grows by in a step once it has left d₀, as a factor from 1: 1.02 makes a warm-up
  /// of it. Default `nil`: any.
  public var growthRate: Double?
  /// Whether γ, and so the step, has Adam's bias corrections √(1 − β₂ᵗ)/(1 − β₁ᵗ) as a factor. Default
  /// no.
  public var usesBiasCorrection: Bool
  /// Whether γ is left out of s, so that the small rates of a warm-up make the estimate smaller.
  /// Default no.
  public var safeguardsWarmUp: Bool
  /// p, for an estimate from every p-th parameter, which saves (1 − 1/p) of the memory for s and θ₀;
  /// 11 is a reasonable one. Default 1: from all.
  public var sliceP: Int

  /// Makes the direction.
  public init(
    beta1: Double = 0.9, beta2: Double = 0.999, beta3: Double? = nil, epsilon: Double = 1e-8,
    initialEstimate: Double = 1e-6, coefficient: Double = 1, growthRate: Double? = nil,
    usesBiasCorrection: Bool = false, safeguardsWarmUp: Bool = false, sliceP: Int = 1
  ) {
    self.beta1 = beta1
    self.beta2 = beta2
    self.beta3 = beta3
    self.epsilon = epsilon
    self.initialEstimate = initialEstimate
    self.coefficient = coefficient
    self.growthRate = growthRate
    self.usesBiasCorrection = usesBiasCorrection
    self.safeguardsWarmUp = safeguardsWarmUp
    self.sliceP = sliceP
  }

  public static let settings: [Setting<Prodigy>] = [
    Setting("beta1", \.beta1, .decay, "Decay of the first moment."),
    Setting("beta2", \.beta2, .between0And1, "Decay of the second moment."),
    Setting("epsilon", \.epsilon, .nonnegative, "Added to the root, in units of d."),
    Setting("initial", \.initialEstimate, .positive, "d at the start."),
    Setting("coefficient", \.coefficient, .positive, "Factor on the estimate of d."),
    Setting(
      "beta3", \.beta3, orNull: .decay, "Decay of the estimate's sums; null: √ of beta2."),
    Setting(
      "growth-rate", \.growthRate, orNull: .fromOne, "Most that d grows by in a step; null: any."),
    Setting(
      "bias-correction", \.usesBiasCorrection, .either,
      "Whether the step has Adam's bias corrections."),
    Setting(
      "safeguard-warm-up", \.safeguardsWarmUp, .either,
      "Whether small rates of a warm-up make the estimate smaller."),
    Setting(
      "slice", \.sliceP, .positive,
      "The estimate is from every so many-th parameter, which saves memory."),
  ]

  public func makeState<V: ParameterVector>(
    for parameters: V, layout: ParameterLayout?
  ) -> DirectionState<V> {
    let slice = sliced(parameters)
    return DirectionState(
      vectors: [parameters.zeros(), parameters.zeros(), slice.zeros(), slice.zeros()],
      scalars: [initialEstimate, 0] + (growthRate == nil ? [] : [initialEstimate]))
  }

  public func advance<V: ParameterVector>(
    _ input: DirectionInput<V>, from state: DirectionState<V>, to next: inout DirectionState<V>,
    direction: inout V
  ) -> DirectionProducts {
    let estimate = state.scalars[0]
    let correction =
      usesBiasCorrection ? biasCorrection(beta1: beta1, beta2: beta2, step: next.step) : 1
    advanceEstimate(
      input, rate: (input.learningRate ?? 1) * correction, from: state, to: &next,
      scratch: &direction)

    var coefficients = coefficients(estimate, next.step)
    coefficients.firstCorrection = estimate * correction
    coefficients.secondCorrection = 1
    var products = direction.formAdamDirection(
      coefficients, gradient: input.gradient, first: state.vectors[0], second: state.vectors[1])
    products.stepSize = estimate * correction
    return products
  }

  public func commit<V: ParameterVector>(
    _ input: DirectionInput<V>, _ next: inout DirectionState<V>, to state: inout DirectionState<V>
  ) {
    state.advanceMoments(coefficients(state.scalars[0], next.step), input.gradient)
    swap(&state.vectors[2], &next.vectors[0])
    if state.step == 0 { state.vectors[3].assign(sliced(input.parameters)) }
  }

  /// Adam's, with ε and the gradient in units of d.
  private func coefficients(_ estimate: Double, _ step: Int) -> AdamCoefficients {
    var coefficients = AdamCoefficients(
      beta1: beta1, beta2: beta2, epsilon: estimate * epsilon, epsilonRoot: 0, step: step)
    coefficients.firstGain *= estimate
    coefficients.secondGain *= estimate * estimate
    return coefficients
  }

  /// Writes s, d and r, with γ the `rate`; `scratch` is a vector like the gradient.
  private func advanceEstimate<V: ParameterVector>(
    _ input: DirectionInput<V>, rate: Double, from state: DirectionState<V>,
    to next: inout DirectionState<V>, scratch: inout V
  ) {
    let (gradient, estimate) = (sliced(input.gradient), state.scalars[0])
    var point = sliced(input.parameters)
    let decay = beta3 ?? beta2.squareRoot()
    let ratio = estimate / initialEstimate
    let gain = (1 - decay) * ratio * ratio

    // The next s, whose place serves for θ₀ − θ first.
    next.makeRoom(for: 1, like: point)
    next.vectors[0].formLinearCombination(
      1, state.step == 0 ? point : state.vectors[3], -1, point)
    let r = decay * state.scalars[1] + gain * rate * gradient.dot(next.vectors[0])
    next.vectors[0].formLinearCombination(
      decay, state.vectors[2], safeguardsWarmUp ? gain : gain * rate, gradient)
    let norm =
      sliceP == 1
      ? next.vectors[0].sumOfMagnitudes(scratch: &scratch)
      : next.vectors[0].sumOfMagnitudes(scratch: &point)
    let found = norm > 0 ? coefficient * r / norm : estimate
    next.scalars[1] = r
    if let growthRate {
      let greatest = max(state.scalars[2], found)
      let grown = estimate == initialEstimate ? max(estimate, found) : estimate
      next.scalars[0] = min(greatest, grown * growthRate)
      next.scalars[2] = greatest
    } else {
      next.scalars[0] = max(estimate, found)
    }
  }

  /// The elements that the estimate is made from.
  private func sliced<V: ParameterVector>(_ vector: V) -> V {
    sliceP == 1 ? vector : vector.elements(every: sliceP)
  }
}
