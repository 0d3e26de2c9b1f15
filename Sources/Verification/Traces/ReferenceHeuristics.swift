import AdamQLR
import AdamQLRNetworks
import AdamQLRTorch

// Where the paper's published implementation, and kfac-jax, differ from the mathematics: heuristics
// that only a comparison with their figures needs.

/// The quadratic model's learning rate, with dᵀ(C+λI)d < 0 divided by as it is, which steps to the
/// model's maximum.
struct ReferenceRate: LearningRate {
  private var base: QuadraticRate
  private let isSigned: Bool

  init(_ base: QuadraticRate, isSigned: Bool) {
    (self.base, self.isSigned) = (base, isSigned)
  }

  var needs: RateNeeds { base.needs }
  func needs(at step: Int) -> RateNeeds { base.needs(at: step) }

  mutating func rate(_ model: inout QuadraticModel) -> Double {
    var (probe, copy) = (base, model)
    _ = probe.rate(&copy)
    let slope = model.slope
    if isSigned, let c = copy.dampedCurvature?.dd, c < 0 { model.slope = -slope }
    defer { model.slope = slope }
    return base.rate(&model)
  }
}

/// The Levenberg–Marquardt rule with ρ whatever the sign and size of the predicted change, which is
/// that of −αd + μv, whatever clipping and envelope left of it.
struct ReferenceLevenbergMarquardt: Damping {
  private let rule: LevenbergMarquardt
  /// Whether uᵀ(λI + Ĉ)u, with Ĉ made of Adam's second moment, stands for the curvature in ρ.
  private let isOfMoment: Bool
  private var adapted: Double?

  init(_ rule: LevenbergMarquardt, isOfMoment: Bool = false) {
    (self.rule, self.isOfMoment) = (rule, isOfMoment)
  }

  func damping(at step: Int) -> Double { adapted ?? rule.bounds.initial }

  func needs(at step: Int) -> DampingNeeds {
    isOfMoment ? [.curvature, .directionCurvature, .newLoss] : rule.needs(at: step)
  }

  func predictedChange(_ step: PlannedStep) -> Double? {
    var whole = step
    whole.scale = 1
    whole.directionCurvature = step.directionCurvature.map { $0 / (step.scale * step.scale) }
    guard isOfMoment else { return rule.predictedChange(whole) }
    let (x, y, model) = (whole.x, whole.y, whole.model)
    return whole.directionCurvature.map {
      model.slope(x, y) + 0.5 * ($0 + model.damping * model.gram(x, y))
    }
  }

  mutating func adapt(to judgment: Judgment) -> Adaptation {
    let step = judgment.step.model.step
    guard (step + 1).isMultiple(of: rule.interval) else { return Adaptation() }
    let (damping, bounds) = (damping(at: step), rule.bounds)
    let ratio = judgment.trueChange / (judgment.predictedChange ?? .nan)
    if ratio > 0.75, ratio.isFinite {
      adapted = bounds.decreased(damping, steps: rule.interval)
    } else if ratio < 0.25 || !ratio.isFinite {
      adapted = bounds.increased(damping, steps: rule.interval)
    }
    return Adaptation(reductionRatio: ratio.isFinite ? ratio : nil)
  }
}

/// λ by the loss alone, within no bounds.
struct ReferenceAcceptOrReject: Damping {
  private let bounds: DampingBounds
  private var adapted: Double?

  init(_ bounds: DampingBounds) { self.bounds = bounds }

  func damping(at step: Int) -> Double { adapted ?? bounds.initial }
  func needs(at step: Int) -> DampingNeeds { .newLoss }

  mutating func adapt(to judgment: Judgment) -> Adaptation {
    adapted =
      (adapted ?? bounds.initial)
      * (judgment.isRejected ? bounds.increaseFactor : bounds.decreaseFactor)
    return Adaptation()
  }
}

/// Adam's direction with a curvature of its own: v, or its root, on the diagonal, with v the
/// uncorrected second moment from before the step.
struct ReferenceAdam: Direction {
  private let adam: Adam
  var usesRoot = false

  init(_ adam: Adam) { self.adam = adam }

  func makeState<V: ParameterVector>(
    for parameters: V, layout: ParameterLayout?
  ) -> DirectionState<V> {
    adam.makeState(for: parameters, layout: layout)
  }

  func advance<V: ParameterVector>(
    _ input: DirectionInput<V>, from state: DirectionState<V>, to next: inout DirectionState<V>,
    direction: inout V
  ) -> DirectionProducts {
    adam.advance(input, from: state, to: &next, direction: &direction)
  }

  func commit<V: ParameterVector>(
    _ input: DirectionInput<V>, _ next: inout DirectionState<V>, to state: inout DirectionState<V>
  ) {
    adam.commit(input, &next, to: &state)
  }

  var hasCurvature: Bool { true }

  func curvature<V: ParameterVector>(
    along update: V, from state: DirectionState<V>, to next: DirectionState<V>,
    at linearization: any Linearization<V>
  ) -> Double? {
    var weight = state.vectors[1]
    if usesRoot { weight.formSquareRoot(of: state.vectors[1], plus: 0) }
    var weighted = update
    weighted.formProduct(weight, update)
    return update.dot(weighted)
  }
}

/// A loss whose samples are what kfac-jax 0.0.8 takes for the empirical estimate: with the true
/// targets, and E[bbᵀ] divided by the number of examples once more than the mathematics asks.
struct EmpiricalReferenceLoss: Loss {
  let base: any Loss

  func evaluate(_ outputs: Tensor, targets: Tensor) -> Evaluation {
    base.evaluate(outputs, targets: targets)
  }

  func linearized(_ outputs: Tensor, targets: Tensor) -> LinearizedLoss {
    var loss = base.linearized(outputs, targets: targets)
    let (cotangent, count) = (loss.cotangent, Double(outputs.size(0)))
    loss.sampledCotangent = { _, _ in count.squareRoot() * cotangent }
    return loss
  }

  func plainValue(_ outputs: Tensor, targets: Tensor) -> Tensor {
    base.plainValue(outputs, targets: targets)
  }
}
