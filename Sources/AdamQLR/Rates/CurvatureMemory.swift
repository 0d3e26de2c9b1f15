/// A memory of the curvature k = dᵀCd/dᵀd along the direction, so that a batch that does not see a
/// curvature that earlier ones saw does not make α leap: κ takes the place of k. Not in the paper.
///
/// Without an order it is a maximum that fades,
///
///     κ ← max(γκ, k),    κ = 0 at first
///
/// With one it is a power mean, with weight 1 − γ for every new step and equal ones at first, but
/// never below the curvature of this step,
///
///     κ̄ ← ((1 − w)κ̄ᵖ + w·min(k, cap·κ̄)ᵖ)^(1/p),    w = max(1 − γ, 1/t),    κ = max(κ̄, k)
///
/// Unlike the maximum it forgives a single step of extraordinary curvature. Negative curvature counts
/// by its magnitude.
public struct CurvatureMemory: Hashable, Codable, Sendable {
  /// How long curvature is remembered: γ. `nil`, the default: not at all.
  public var horizon: Horizon?
  /// p. `nil`, the default, is the maximum.
  public var order: BatchDependent?
  /// The most times κ̄ that one step counts in it, so that a single step far outside of what is usual,
  /// which a mean of a high order would remember for many epochs, passes; this step's κ is as large as
  /// ever. Only with an order. `nil`, the default, is no cap.
  public var cap: Double?
  /// N: where a batch is believed, the memory counts less, unless N steps together promise to take
  /// away more than there is of the loss,
  ///
  ///     κ = k·(κ̄/k)^t,    t = 1 − (1 − y)(1 − z),    y = x²/(x² + c²),    z = (Nx)²/((Nx)² + 1)
  ///
  /// with κ̄ > k, and x and c of the ``Plausibility`` as they were up to the step before. Where both
  /// doubts are small, so that t is near 0, the curvature is this step's, as in the paper. Only with
  /// an order. `nil`, the default: the memory always counts whole.
  public var relief: Horizon?
  /// N: the curvature is measured in every N-th step, as far as an epoch then has ten measurements. In
  /// a step without one, κ is κ̄, and at least what it was when it was last measured. With momentum
  /// every step is measured, which needs more of it. Default 1.
  public var interval = 1

  /// κ̄, or κ of the maximum; 0 before the first step.
  public private(set) var remembered = 0.0
  /// The steps that it has learned from.
  private var count = 0
  /// κ as it was last measured.
  private var last = 0.0
  /// The steps between measurements of which an epoch has ten; `nil` until its batches are said.
  private var longestInterval: Int?

  /// Makes a memory.
  public init(
    _ horizon: Horizon? = nil, order: BatchDependent? = nil, cap: Double? = nil,
    relief: Horizon? = nil, interval: Int = 1
  ) {
    self.horizon = horizon
    self.order = order
    self.cap = cap
    self.relief = relief
    self.interval = interval
  }

  /// Whether the step is to be measured, counted from 0.
  func isMeasured(_ step: Int) -> Bool {
    horizon == nil || last == 0 || step.isMultiple(of: min(interval, longestInterval ?? 1))
  }

  /// Puts κ in the place of dᵀCd/dᵀd.
  public mutating func apply(to model: inout QuadraticModel, _ plausibility: Plausibility?) {
    guard horizon != nil else { return }
    let squaredNorm = model.gram.dd
    guard let curvature = model.curvature?.dd else {
      if last > 0 { model.curvature = PlaneForm(dd: max(remembered, last) * squaredNorm) }
      return
    }
    last = remember(curvature / squaredNorm, plausibility)
    model.curvature?.dd = last * squaredNorm
  }

  /// Takes k in, and returns κ.
  public mutating func remember(_ k: Double, _ plausibility: Plausibility?) -> Double {
    guard let horizon else { return k }
    let (decay, magnitude) = (horizon.decay ?? .nan, abs(k))
    guard let order else {
      remembered = max(decay * remembered, magnitude)
      return remembered
    }
    count += 1
    var counted = magnitude
    if let cap, remembered > 0 { counted = min(counted, cap * remembered) }
    let mean = powerMean(
      order.value ?? .nan, remembered, counted,
      weightOfSecond: max(1 - decay, 1 / Double(count)))
    remembered = mean
    guard mean > magnitude, magnitude > 0, let plausibility, let relief,
      let doubt = plausibility.doubt,
      let runDoubt = plausibility.doubt(ofSteps: relief.steps ?? .nan)
    else { return max(mean, magnitude) }
    let share = 1 - (1 - doubt) * (1 - runDoubt)
    return share == 1 ? mean : magnitude * exponential(share, ofBase: mean / magnitude)
  }

  mutating func learn(from other: CurvatureMemory) {
    (remembered, count, last) = (other.remembered, other.count, other.last)
  }

  func resolved(for run: RunShape) -> CurvatureMemory {
    var memory = self
    memory.horizon = horizon?.resolved(for: run)
    memory.order = order?.resolved(for: run)
    memory.relief = relief?.resolved(for: run)
    if interval > 1 {
      memory.longestInterval =
        longestInterval ?? run.batchesPerEpoch.map { max($0 / 10, 1) } ?? .max
    }
    return memory
  }
}

/// ((1 − w)aᵖ + wbᵖ)^(1/p), of numbers that are not negative.
private func powerMean(_ p: Double, _ a: Double, _ b: Double, weightOfSecond w: Double) -> Double {
  let scale = max(a, b)
  guard scale > 0 else { return 0 }
  let sum =
    (1 - w) * exponential(p, ofBase: a / scale) + w * exponential(p, ofBase: b / scale)
  return scale * exponential(1 / p, ofBase: sum)
}
