/// The learning rate that minimizes the quadratic model of the loss along the direction
/// (Clarke and Hernández-Lobato 2024, §3.1; for K-FAC, Martens and Grosse 2015, §6.4).
///
///     α = gᵀd / (dᵀ(C + λI)d)
///
/// With dᵀ(C+λI)d ≤ 0, which only the Hessian can bring about, its magnitude is used and the step's
/// report says so. What refines it is off by default, and applied in the order in which it is listed.
/// Where μ comes from the model too, α and μ minimize it together (Martens and Grosse 2015, §7).
public struct QuadraticRate: LearningRate, Codable {
  /// The curvature is remembered from step to step. Not in the paper.
  public var memory = CurvatureMemory()
  /// r of a running average of dᵀ(C+λI)d.
  public var curvatureAverage: CurvatureAverage?
  /// How plausible it is that a step takes away what it promises; the parts below and the memory use
  /// it. Not in the paper.
  public var plausibility: Plausibility?
  /// The slope along the direction of the step before is mixed in. Not in the paper.
  public var previousSlope: PreviousSlope?
  /// How far batches agree, by which α is longer, and the slope before counts less. Not in the paper.
  public var agreement: Agreement?
  /// c: α is limited to [−c, c]. Default none.
  public var clipping: Double?
  /// What α is multiplied by after clipping. Default 1.
  public var amplification = 1.0
  /// r of a running average of α itself, ᾱ ← r·ᾱ + (1 − r)·α, from 0. Default none.
  public var averaging: Double?

  /// ᾱ.
  private var average = 0.0

  /// The paper's learning rate; set properties to refine it.
  public init() {}

  /// The paper's learning rate, refined by `refine`.
  public init(_ refine: (inout QuadraticRate) -> Void) {
    refine(&self)
  }

  public var needs: RateNeeds {
    previousSlope != nil || agreement.map { !$0.isKnown } ?? false
      ? [.curvature, .previousDirection] : .curvature
  }

  public func needs(at step: Int) -> RateNeeds {
    memory.isMeasured(step) ? needs : needs.subtracting(.curvature)
  }

  public mutating func rate(_ model: inout QuadraticModel) -> Double {
    let measured = model.curvature?.dd
    memory.apply(to: &model, plausibility)
    agreement?.note(model, curvature: measured ?? model.curvature?.dd ?? .nan)
    model.damp()
    curvatureAverage?.apply(to: &model)
    let curvature = abs(model.dampedCurvature?.dd ?? .nan)
    var slope = model.slope
    if model.hasVelocity, model.knownMomentum != 0 {
      slope += model.knownMomentum * (model.dampedCurvature?.dv ?? .nan)
    }
    plausibility?.note(decrease: 0.5 * slope * slope / curvature, of: model.loss)
    let jointRate = model.isJoint ? model.minimum?.rate : nil
    var rate = jointRate ?? slope / curvature
    if jointRate == nil {
      if let previousSlope {
        rate = previousSlope.mix(
          into: rate, model, curvature,
          weightedBy: (plausibility?.doubt ?? 1) * (1 - (agreement?.sigma ?? 0)))
      }
      if let agreement { rate *= agreement.factor }
    }
    if model.isIndependent { rate = max(rate, 0) }
    if let clipping { rate = min(max(rate, -clipping), clipping) }
    rate *= amplification
    if let averaging {
      average = averaging * average + (1 - averaging) * rate
      rate = average
    }
    return rate
  }

  /// By properties: a setting says less than the property that it is of, a horizon in steps for one.
  public func adopting(settingsOf other: QuadraticRate) -> QuadraticRate {
    var rate = other
    rate.memory.learn(from: memory)
    rate.plausibility?.learn(from: plausibility)
    rate.agreement?.learn(from: agreement)
    rate.curvatureAverage?.learn(from: curvatureAverage)
    rate.average = average
    return rate
  }

  public func resolved(for run: RunShape) -> QuadraticRate {
    var rate = self
    rate.memory = memory.resolved(for: run)
    rate.previousSlope = previousSlope?.resolved(for: run)
    rate.agreement = agreement?.resolved(for: run)
    // Not even remembered where it does not count.
    if rate.previousSlope?.weight == 0 { rate.previousSlope = nil }
    return rate
  }
}

/// A running average of the curvature, c̄ ← r·c̄ + (1 − r)·dᵀ(C+λI)d, in the place of dᵀ(C+λI)d.
public struct CurvatureAverage: Hashable, Codable, Sendable {
  /// r.
  public var decay: Double
  /// c̄ before the first step. Default 1e7: cautious.
  public var initial: Double

  /// c̄; `nil` before the first step.
  public private(set) var average: Double?

  /// Makes the average.
  public init(decay: Double, initial: Double = 1e7) {
    self.decay = decay
    self.initial = initial
  }

  /// Puts c̄ in the place of dᵀ(C+λI)d.
  public mutating func apply(to model: inout QuadraticModel) {
    guard let curvature = model.dampedCurvature?.dd else { return }
    let next = decay * (average ?? initial) + (1 - decay) * curvature
    average = next
    model.dampedCurvature?.dd = next
  }

  mutating func learn(from other: CurvatureAverage?) { average = other?.average }
}
