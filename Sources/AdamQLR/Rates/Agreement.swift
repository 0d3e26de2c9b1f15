/// How far batches agree on the slope along a direction: σ, the share of a batch's slope along its own
/// direction that the next batch finds too, from 0, where a step follows noise, to 1, where data are
/// free of it. Steps are longer by it,
///
///     α ← (1 + aσ)·α
///
/// and what distrusts a batch's own slope, ``PreviousSlope``, counts by 1 − σ. Not in the paper; a
/// factor between 1 and 2 on the step of least loss along a direction is that of relaxed steepest
/// descent (Raydan and Svaiter 2002).
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
/// of directions as if all were of the same length, that count by rᵗ; σ is limited to 0…1 and then
/// multiplied by 1 − rᵗ after t steps, so that it starts at 0. Where one batch has all examples it is
/// 1 − rᵗ.
public struct Agreement: Hashable, Codable, Sendable {
  /// a, 0 ≤ a < 1: at 1 a step on a quadratic ends as high as it began.
  public var overRelaxation: Double
  /// r. Default 0.95, about twenty steps.
  public var averaging: Double

  /// Whether there is one batch, so that nothing is to be learned; `nil` until that is said.
  private var hasOneBatch: Bool?
  /// The steps noted.
  private var count = 0
  /// The step before, of which the next gradient speaks.
  private var last: Step?
  private var sums = Sums()

  private struct Step: Hashable, Codable { var slope, curvature: Double }

  /// The sums of least squares, of the products of S, αK and g₊ᵀd.
  private struct Sums: Hashable, Codable { var ss = 0.0, sk = 0.0, kk = 0.0, sp = 0.0, kp = 0.0 }

  /// Makes the rule.
  public init(overRelaxation: Double, averaging: Double = 0.95) {
    self.overRelaxation = overRelaxation
    self.averaging = averaging
  }

  /// σ.
  public var sigma: Double {
    (isKnown ? 1 : leastSquares) * (1 - exponential(Double(count), ofBase: averaging))
  }

  /// Whether batches agree, whatever gradients say.
  var isKnown: Bool { hasOneBatch ?? false }

  /// 1 + aσ.
  public var factor: Double { 1 + overRelaxation * sigma }

  private var leastSquares: Double {
    // What steps do not tell apart, S from αK, counts as disagreement.
    let ridge = 1e-3 * max(sums.ss, sums.kk)
    guard ridge > 0 else { return 0 }
    let (a, b, c) = (sums.ss + ridge, sums.sk, sums.kk + ridge)
    return min(max((sums.sp * c - sums.kp * b) / (a * c - b * b), 0), 1)
  }

  /// Learns from what the model says about the step before, and notes this step.
  ///
  /// - Parameter curvature: dᵀCd of this batch.
  mutating func note(_ model: QuadraticModel, curvature: Double) {
    count += 1
    if isKnown { return }
    if let previous = model.previous, let last { learn(from: previous, last) }
    last = model.slope > 0 ? Step(slope: model.slope, curvature: curvature) : nil
  }

  private mutating func learn(from previous: QuadraticModel.PreviousDirection, _ last: Step) {
    let norm = previous.squaredNorm.squareRoot()
    let (s, k) = (last.slope / norm, previous.rate * last.curvature / norm)
    let p = previous.slope / norm
    // A sum would never forget what is not finite.
    guard (s * s).isFinite, (k * k).isFinite, (s * p).isFinite, (k * p).isFinite else { return }
    func add(_ term: Double, to sum: inout Double) {
      sum = averaging * sum + (1 - averaging) * term
    }
    add(s * s, to: &sums.ss)
    add(s * k, to: &sums.sk)
    add(k * k, to: &sums.kk)
    add(s * p, to: &sums.sp)
    add(k * p, to: &sums.kp)
  }

  mutating func learn(from other: Agreement?) {
    guard let other else { return }
    (count, last, sums) = (other.count, other.last, other.sums)
  }

  func resolved(for run: RunShape) -> Agreement {
    var rule = self
    rule.hasOneBatch = hasOneBatch ?? (run.unseenShare == 0)
    return rule
  }
}
