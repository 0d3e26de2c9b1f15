/// Steps that are longer than the model's, where batches agree:
///
///     α ← (1 + aσ²)·α
///
/// with σ the share of a batch's slope that the next batch finds too. Not in the paper; a factor between
/// 1 and 2 on the step of least loss along a direction is that of relaxed steepest descent (Raydan and
/// Svaiter 2002).
///
/// A rate that minimizes the model along each direction stays on the floor of the loss's valleys,
/// where progress is slow and curvature grows. A well-chosen constant rate does not: it comes to rest
/// where it is almost twice the model's, the edge of stability (Cohen et al. 2021), if the data are
/// nearly free of noise. Where they are not, the model's slope is largely that of the batch alone,
/// and well-chosen rates are below the model's (Documentation/Studies/development).
///
/// σ comes from the gradient that is there anyway. After a step by α along d, with S = gᵀd and
/// K = dᵀCd of its batch, the slope along d of the next is, on a quadratic,
///
///     g₊ᵀd = σS − καK
///
/// with σ = κ = 1 where both batches agree. σ and κ are those of least squares over the steps so far,
/// relative to each step's S, that count by rᵗ, with a small ridge: what steps do not show counts as
/// disagreement. σ is limited to 0…1. Where one batch has all examples it is 1. Not where α and μ
/// are found together, since the step is then along v as well.
public struct OverRelaxation: Hashable, Codable, Sendable {
  /// a, 0 ≤ a < 1: at 1 a step on a quadratic ends as high as it began.
  public var excess: Double
  /// r.
  public var decay: Double

  /// Whether there is one batch, so that σ is 1; `nil` until that is said.
  private var hasOneBatch: Bool?
  /// The step before, of which the next gradient speaks.
  private var last: Step?
  private var sums = Sums()

  private struct Step: Hashable, Codable { var slope, curvature: Double }

  /// The sums of least squares, of S/S = 1, αK/S and g₊ᵀd/S.
  private struct Sums: Hashable, Codable { var ss = 0.0, sk = 0.0, kk = 0.0, sp = 0.0, kp = 0.0 }

  /// Makes the rule.
  public init(excess: Double, decay: Double = 0.98) {
    self.excess = excess
    self.decay = decay
  }

  /// σ.
  public var agreement: Double {
    if isKnown { return 1 }
    let ridge = 1e-3
    let (a, b, c) = (sums.ss + ridge, sums.sk, sums.kk + ridge)
    let sigma = (sums.sp * c - sums.kp * b) / (a * c - b * b)
    return min(max(sigma, 0), 1)
  }

  /// Whether σ is 1 whatever gradients say.
  var isKnown: Bool { hasOneBatch ?? false }

  /// 1 + aσ².
  public var factor: Double { 1 + excess * agreement * agreement }

  /// Learns from what the model says about the step before, and notes this step.
  ///
  /// - Parameter curvature: dᵀCd of this batch.
  mutating func note(_ model: QuadraticModel, curvature: Double) {
    if isKnown { return }
    if let previous = model.previous, let last { learn(from: previous, last) }
    last =
      model.slope > 0 && curvature.isFinite ? Step(slope: model.slope, curvature: curvature) : nil
  }

  private mutating func learn(from previous: QuadraticModel.PreviousDirection, _ last: Step) {
    let k = previous.rate * last.curvature / last.slope
    let p = previous.slope / last.slope
    // Far outside it is no quadratic that is seen.
    guard abs(k) < 20, abs(p) < 20 else { return }
    func add(_ term: Double, to sum: inout Double) { sum = decay * sum + (1 - decay) * term }
    add(1, to: &sums.ss)
    add(k, to: &sums.sk)
    add(k * k, to: &sums.kk)
    add(p, to: &sums.sp)
    add(k * p, to: &sums.kp)
  }

  mutating func learn(from other: OverRelaxation?) {
    guard let other else { return }
    (last, sums) = (other.last, other.sums)
  }

  func resolved(for run: RunShape) -> OverRelaxation {
    var rule = self
    rule.hasOneBatch = hasOneBatch ?? (run.unseenShare == 0)
    return rule
  }
}
