/// How far a batch is believed: the curvature memory, and what a step may plausibly promise.
extension Optimizer {
  /// Takes this step's k = dᵀCd/dᵀd into the memory and returns κ.
  func remember(
    _ curvature: Double, _ rule: QuadraticModel, _ decay: Double,
    _ scalars: inout OptimizerState<Vector>.Scalars
  ) -> Double {
    let remembered = scalars.rememberedCurvature
    guard let order = rule.memoryOrder else {
      scalars.rememberedCurvature = max(decay * remembered, curvature)
      return scalars.rememberedCurvature
    }
    let magnitude = abs(curvature)
    // Equal weights at first, of the steps that were not taken back.
    let weight = max(1 - decay, 1 / Double(state.direction.step + 1))
    var counted = magnitude
    if let cap = rule.memoryCap, remembered > 0 { counted = min(counted, cap * remembered) }
    let mean = powerMean(order, remembered, counted, weightOfSecond: weight)
    scalars.rememberedCurvature = mean
    guard mean > magnitude, magnitude > 0, let promise = scalars.promise else {
      return max(mean, magnitude)
    }
    let share = rule.memoryShare(promise)
    return share == 1 ? mean : magnitude * exponential(share, ofBase: mean / magnitude)
  }

  /// Takes a step's promise into the averages and returns how far it is to be doubted.
  func takeIn(
    _ decrease: Double, of loss: Double, _ rule: QuadraticModel,
    _ scalars: inout OptimizerState<Vector>.Scalars
  ) -> Double {
    guard let plausibleDecrease = rule.plausibleDecrease else { return 1 }
    let r = rule.promiseAveraging
    let before = scalars.promise ?? .init(decrease: decrease, loss: loss)
    let promise = OptimizerState<Vector>.Promise(
      decrease: r * before.decrease + (1 - r) * decrease, loss: r * before.loss + (1 - r) * loss)
    scalars.promise = promise
    return doubt(promise.decrease, of: promise.loss, against: plausibleDecrease)
  }
}

extension QuadraticModel {
  /// t: the power of κ̄/k that is left of it.
  fileprivate func memoryShare<Vector>(_ promise: OptimizerState<Vector>.Promise) -> Double {
    guard let plausibleDecrease, let memoryRelief else { return 1 }
    let ofStep = doubt(promise.decrease, of: promise.loss, against: plausibleDecrease)
    let ofSteps = doubt(memoryRelief * promise.decrease, of: promise.loss, against: 1)
    return 1 - (1 - ofStep) * (1 - ofSteps)
  }
}

/// x²/(x² + c²) for a promised decrease of the loss by its share x; 1 where the loss has no shares.
private func doubt(_ decrease: Double, of loss: Double, against c: Double) -> Double {
  guard decrease > 0, loss > 0 else { return 1 }
  let ratio = c * loss / decrease
  return 1 / (1 + ratio * ratio)
}

/// ((1 − w)aᵖ + wbᵖ)^(1/p), of numbers that are not negative.
private func powerMean(_ p: Double, _ a: Double, _ b: Double, weightOfSecond w: Double) -> Double {
  let scale = max(a, b)
  guard scale > 0 else { return 0 }
  let sum =
    (1 - w) * exponential(p, ofBase: a / scale) + w * exponential(p, ofBase: b / scale)
  return scale * exponential(1 / p, ofBase: sum)
}
