import AdamQLR
import Foundation
import Testing

/// Directions whose next state is made in place when a step is committed, against the same formulas
/// with the next state written as the direction is.
@Suite("States that advance in place")
struct InPlaceTests {
  /// Each direction, and what writes all of its next state at once.
  static let pairs: [(name: String, direction: any Direction, written: any Direction)] = [
    ("Adam", Adam(epsilonRoot: 1e-3), WrittenAdam(Adam(epsilonRoot: 1e-3))),
    ("NAdam", NAdam(momentumDecay: 0.5), WrittenNAdam(direction: NAdam(momentumDecay: 0.5))),
    ("RMSprop", RMSprop(decay: 0.9), WrittenRMSprop(direction: RMSprop(decay: 0.9))),
    (
      "centered RMSprop", RMSprop(decay: 0.9, isCentered: true),
      WrittenRMSprop(direction: RMSprop(decay: 0.9, isCentered: true))
    ),
    ("AdaGrad", AdaGrad(initialSum: 0.1), WrittenAdaGrad(direction: AdaGrad(initialSum: 0.1))),
    ("Lion", Lion(beta1: 0.7), WrittenLion(direction: Lion(beta1: 0.7))),
    ("SGD", sgd(), WrittenSGD(direction: sgd())),
    ("momentum", sgd(0.9), WrittenSGD(direction: sgd(0.9))),
    ("momentum, L2", sgd(0.9, l2: 0.1), WrittenSGD(direction: sgd(0.9, l2: 0.1))),
    ("Nesterov", sgd(0.9, true), WrittenSGD(direction: sgd(0.9, true))),
    ("Nesterov, L2", sgd(0.9, true, l2: 0.1), WrittenSGD(direction: sgd(0.9, true, l2: 0.1))),
    ("Schedule-Free", scheduleFree, WrittenScheduleFree(direction: scheduleFree)),
    ("Prodigy", prodigy, WrittenProdigy(direction: prodigy)),
    ("D-Adaptation", dAdaptation, WrittenDAdaptation(direction: dAdaptation)),
  ]
  // Decays whose powers every way of computing them gives alike.
  private static let scheduleFree = ScheduleFreeAdamW(beta2: 0.25, weightPower: 0)
  private static let prodigy = Prodigy(
    beta1: 0.5, beta2: 0.25, initialEstimate: 1e-2, usesBiasCorrection: true)
  private static let dAdaptation = DAdaptation(
    beta1: 0.5, beta2: 0.25, initialEstimate: 1e-2, usesBiasCorrection: true)

  @Test("A run is the same to the last bit", arguments: pairs.map(\.name))
  func bits(_ name: String) throws {
    let (_, direction, written) = try #require(Self.pairs.first { $0.name == name })
    try compare(direction, written, WavyFit.start) { WavyFit().objective() }
    try compare(direction, written, WavyFit.start.map { Float($0) }) {
      WavyFit().objective(Float.self)
    }
    let fit = WavyFit()
    try compare(direction, written, MinimalVector(e: WavyFit.start)) {
      ClosureObjective<MinimalVector>(
        loss: { fit.loss($0.e) }, gradient: { MinimalVector(e: fit.gradient($0.e)) },
        curvatureVectorProduct: { MinimalVector(e: product(fit.matrix(.fisher, $0.e), $1.e)) })
    }
  }

  private func compare<Vector: ParameterVector, O: Objective<Vector>>(
    _ direction: any Direction, _ written: any Direction, _ start: Vector, _ objective: () -> O
  ) throws {
    for rate in [FixedRate(0.02), QuadraticRate()] as [any LearningRate] {
      // Steps that are not taken are among them, and some that break down.
      func optimizer(_ direction: any Direction) throws -> Optimizer<Vector> {
        var method = Method(
          direction: direction, learningRate: rate, damping: LevenbergMarquardt(initial: 0.1))
        method.acceptance = OnlyDecreases()
        return try Optimizer(method, for: start)
      }
      var (ours, theirs) = (start, start)
      var (a, b) = (try optimizer(direction), try optimizer(written))
      for _ in 0..<40 {
        let report = try a.step(&ours, on: objective())
        #expect(try b.step(&theirs, on: objective()) == report)
        #expect(try encoded(ours) == encoded(theirs))
        #expect(try encoded(a.state.direction) == encoded(b.state.direction))
      }
    }
  }
}

private func sgd(
  _ momentum: Double = 0, _ isNesterov: Bool = false, l2: Double = 0
) -> StochasticGradientDescent {
  StochasticGradientDescent(momentum: momentum, isNesterov: isNesterov, l2: l2)
}

/// A direction that forms all of its next state at once, from the same state as another.
private protocol Written: Direction {
  associatedtype Base: Direction
  var direction: Base { get }
}

extension Written {
  func makeState<V: ParameterVector>(
    for parameters: V, layout: ParameterLayout?
  ) throws(OptimizerError) -> DirectionState<V> {
    try direction.makeState(for: parameters, layout: layout)
  }
}

/// Adam's, written.
private struct WrittenAdam: Written {
  var direction: Adam
  init(_ direction: Adam) { self.direction = direction }

  func advance<V: ParameterVector>(
    _ input: DirectionInput<V>, from state: DirectionState<V>, to next: inout DirectionState<V>,
    direction d: inout V
  ) -> DirectionProducts {
    let k = AdamCoefficients(
      beta1: direction.beta1, beta2: direction.beta2, epsilon: direction.epsilon,
      epsilonRoot: direction.epsilonRoot, step: next.step)
    return d.write(k, input, state, &next)
  }
}

/// NAdam's, written.
private struct WrittenNAdam: Written {
  var direction: NAdam

  func advance<V: ParameterVector>(
    _ input: DirectionInput<V>, from state: DirectionState<V>, to next: inout DirectionState<V>,
    direction d: inout V
  ) -> DirectionProducts {
    var k = AdamCoefficients(
      beta1: direction.beta1, beta2: direction.beta2, epsilon: direction.epsilon, epsilonRoot: 0,
      step: next.step)
    let (now, after) = (mu(next.step), mu(next.step + 1))
    next.scalars[0] = state.scalars[0] * now
    k.firstCorrection = after / (1 - next.scalars[0] * after)
    k.gradientWeight = (1 - now) / (1 - next.scalars[0])
    return d.write(k, input, state, &next)
  }
  private func mu(_ t: Int) -> Double {
    direction.beta1 * (1 - 0.5 * pow(0.96, Double(t) * direction.momentumDecay))
  }
}

/// RMSprop's, written.
private struct WrittenRMSprop: Written {
  var direction: RMSprop

  func advance<V: ParameterVector>(
    _ input: DirectionInput<V>, from state: DirectionState<V>, to next: inout DirectionState<V>,
    direction d: inout V
  ) -> DirectionProducts {
    let (g, decay) = (input.gradient, direction.decay)
    next.vectors = state.vectors
    let k = scaled(decay, 1 - decay, direction.epsilon)
    next.vectors[0].formSecond(k, g, state.vectors[0])
    let products = d.formScaledGradient(k, gradient: g, second: state.vectors[0])
    guard direction.isCentered else { return products }
    next.vectors[1].formLinearCombination(decay, state.vectors[1], 1 - decay, g)
    var variance = g.zeros()
    d.formProduct(next.vectors[1], next.vectors[1])
    variance.formLinearCombination(1, next.vectors[0], -1, d)
    variance.clamp(to: 0...(.infinity))
    var root = variance
    root.formSquareRoot(of: variance, plus: 0)
    d.formQuotient(g, root, plus: direction.epsilon)
    var centered = g.products(withDirection: d)
    centered.gradientDotGradient = products.gradientDotGradient
    return centered
  }
}

/// AdaGrad's, written.
private struct WrittenAdaGrad: Written {
  var direction: AdaGrad

  func advance<V: ParameterVector>(
    _ input: DirectionInput<V>, from state: DirectionState<V>, to next: inout DirectionState<V>,
    direction d: inout V
  ) -> DirectionProducts {
    let k = scaled(1, 1, direction.epsilon)
    next.vectors = state.vectors
    next.vectors[0].formSecond(k, input.gradient, state.vectors[0])
    return d.formScaledGradient(k, gradient: input.gradient, second: state.vectors[0])
  }
}

/// Lion's, written.
private struct WrittenLion: Written {
  var direction: Lion

  func advance<V: ParameterVector>(
    _ input: DirectionInput<V>, from state: DirectionState<V>, to next: inout DirectionState<V>,
    direction d: inout V
  ) -> DirectionProducts {
    let (g, beta1, beta2) = (input.gradient, direction.beta1, direction.beta2)
    next.vectors = state.vectors
    next.vectors[0].formLinearCombination(beta1, state.vectors[0], 1 - beta1, g)
    d.formSign(of: next.vectors[0])
    next.vectors[0].formLinearCombination(beta2, state.vectors[0], 1 - beta2, g)
    return g.products(withDirection: d)
  }
}

/// The gradient's, written.
private struct WrittenSGD: Written {
  var direction: StochasticGradientDescent
  var l2: Double { direction.l2 }

  func advance<V: ParameterVector>(
    _ input: DirectionInput<V>, from state: DirectionState<V>, to next: inout DirectionState<V>,
    direction d: inout V
  ) -> DirectionProducts {
    let (g, l2, momentum) = (input.gradient, direction.l2, direction.momentum)
    if momentum == 0 {
      d.formLinearCombination(1, g, l2, input.parameters)
    } else {
      next.vectors = state.vectors
      next.vectors[0].formLinearCombination(momentum, state.vectors[0], 1, g)
      next.vectors[0].add(input.parameters, scaledBy: l2, in: l2 == 0 ? [] : nil)
      if direction.isNesterov {
        d.formLinearCombination(1, g, momentum, next.vectors[0])
        d.add(input.parameters, scaledBy: l2, in: l2 == 0 ? [] : nil)
      } else {
        d.assign(next.vectors[0])
      }
    }
    return g.products(withDirection: d)
  }
}

/// Schedule-Free AdamW's with a constant rate, equal weights and no weight decay, written.
private struct WrittenScheduleFree: Written {
  var direction: ScheduleFreeAdamW

  func advance<V: ParameterVector>(
    _ input: DirectionInput<V>, from state: DirectionState<V>, to next: inout DirectionState<V>,
    direction d: inout V
  ) -> DirectionProducts {
    let (g, t) = (input.gradient, Double(next.step))
    let rate = input.learningRate ?? 1
    next = DirectionState(vectors: state.vectors, scalars: [t, rate, rate])
    next.step = state.step + 1
    let (c, share) = (1 / t, 1 - direction.beta1 * (1 - 1 / t))
    var k = scaled(direction.beta2, 1 - direction.beta2, direction.epsilon)
    (k.gradientWeight, k.secondCorrection) = (share, 1 / (1 - pow(direction.beta2, t)))
    next.vectors[1].formSecond(k, g, state.vectors[1])
    let scaled = d.formScaledGradient(k, gradient: g, second: state.vectors[1])
    next.vectors[0].formLinearCombination(
      1 - c, state.vectors[0], -(1 - c) * direction.beta1 / share, d)
    d.add(state.vectors[0], scaledBy: -c, in: nil)
    var products = g.products(withDirection: d)
    products.gradientDotGradient = scaled.gradientDotGradient
    return products
  }
}

/// Prodigy's with bias correction, written.
private struct WrittenProdigy: Written {
  var direction: Prodigy

  func advance<V: ParameterVector>(
    _ input: DirectionInput<V>, from state: DirectionState<V>, to next: inout DirectionState<V>,
    direction d: inout V
  ) -> DirectionProducts {
    let (g, estimate) = (input.gradient, state.scalars[0])
    next.vectors = state.vectors
    if state.step == 0 { next.vectors[3] = input.parameters }
    let correction = biasCorrection(direction.beta1, direction.beta2, next.step)
    let (rate, decay) = ((input.learningRate ?? 1) * correction, direction.beta2.squareRoot())
    let ratio = estimate / direction.initialEstimate
    let gain = (1 - decay) * ratio * ratio
    d.formLinearCombination(1, next.vectors[3], -1, input.parameters)
    next.scalars[1] = decay * state.scalars[1] + gain * rate * g.dot(d)
    next.vectors[2].formLinearCombination(decay, state.vectors[2], gain * rate, g)
    d.formSign(of: next.vectors[2])
    let norm = next.vectors[2].dot(d)
    next.scalars[0] = max(estimate, norm > 0 ? next.scalars[1] / norm : estimate)
    var k = AdamCoefficients(
      beta1: direction.beta1, beta2: direction.beta2, epsilon: estimate * direction.epsilon,
      epsilonRoot: 0, step: next.step)
    k.firstGain *= estimate
    k.secondGain *= estimate * estimate
    (k.firstCorrection, k.secondCorrection) = (estimate * correction, 1)
    var products = d.write(k, input, state, &next)
    products.stepSize = estimate * correction
    return products
  }
}

/// D-Adaptation's with bias correction, written.
private struct WrittenDAdaptation: Written {
  var direction: DAdaptation

  func advance<V: ParameterVector>(
    _ input: DirectionInput<V>, from state: DirectionState<V>, to next: inout DirectionState<V>,
    direction d: inout V
  ) -> DirectionProducts {
    let (g, estimate) = (input.gradient, state.scalars[0])
    next.vectors = state.vectors
    let correction = biasCorrection(direction.beta1, direction.beta2, next.step)
    let (rate, decay) = (input.learningRate ?? 1, direction.beta2.squareRoot())
    let gain = estimate * rate * correction
    _ = d.formScaledGradient(
      scaled(direction.beta2, 1 - direction.beta2, direction.epsilon), gradient: g,
      second: state.vectors[1])
    let r = decay * state.scalars[1] + (1 - decay) * gain * d.dot(state.vectors[2])
    next.vectors[2].formLinearCombination(decay, state.vectors[2], (1 - decay) * gain, g)
    d.formSign(of: next.vectors[2])
    let norm = next.vectors[2].dot(d)
    next.scalars = [max(estimate, norm > 0 ? r / ((1 - decay) * norm) : estimate), r]
    var k = AdamCoefficients(
      beta1: direction.beta1, beta2: direction.beta2, epsilon: direction.epsilon, epsilonRoot: 0,
      step: next.step)
    k.firstGain *= gain
    (k.firstCorrection, k.secondCorrection) = (1 / rate, 1)
    var products = d.write(k, input, state, &next)
    products.stepSize = estimate * correction
    return products
  }
}

/// √(1 − β₂ᵗ)/(1 − β₁ᵗ).
private func biasCorrection(_ beta1: Double, _ beta2: Double, _ t: Int) -> Double {
  (1 - pow(beta2, Double(t))).squareRoot() / (1 - pow(beta1, Double(t)))
}

extension ParameterVector {
  /// Adam's direction, with both moments written by separate operations.
  fileprivate mutating func write(
    _ k: AdamCoefficients, _ input: DirectionInput<Self>, _ state: DirectionState<Self>,
    _ next: inout DirectionState<Self>
  ) -> DirectionProducts {
    if next.vectors.isEmpty { next.vectors = state.vectors }
    next.vectors[0].formLinearCombination(
      k.beta1, state.vectors[0], k.firstGain, input.gradient)
    next.vectors[1].formSecond(k, input.gradient, state.vectors[1])
    return formAdamDirection(
      k, gradient: input.gradient, first: state.vectors[0], second: state.vectors[1])
  }

  /// self ← β₂v + a₂g².
  fileprivate mutating func formSecond(_ k: AdamCoefficients, _ gradient: Self, _ second: Self) {
    formProduct(gradient, gradient)
    formLinearCombination(k.beta2, second, selfTimes: k.secondGain)
  }
}

/// The coefficients of g/(√v + ε), v ← decay·v + gain·g².
private func scaled(_ decay: Double, _ gain: Double, _ epsilon: Double) -> AdamCoefficients {
  var k = AdamCoefficients(beta1: 0, beta2: decay, epsilon: epsilon, epsilonRoot: 0, step: 1)
  (k.firstGain, k.secondGain) = (0, gain)
  (k.firstCorrection, k.secondCorrection, k.gradientWeight) = (0, 1, 1)
  return k
}
