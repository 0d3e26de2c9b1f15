/// The slope along the direction d′ of the step before, mixed into α:
///
///     α = (1 − w)·gᵀd/(dᵀBd) + w·max(gᵀd′, 0)/(dᵀBd) · ‖d‖/‖d′‖,    B = C + λI
///
/// d has this batch's gradient in it, and with it the batch's noise, so that gᵀd overestimates the
/// slope; d′ has nothing of the batch. A negative α is then taken as 0. Not where α and μ are found
/// together. Not in the paper; gᵀd′ is what the hypergradient follows (Baydin et al. 2018,
/// equation 5).
public struct PreviousSlope: Hashable, Codable, Sendable {
  /// w, which the ``Plausibility``'s doubt multiplies where there is one, and 1 − σ of the
  /// ``Agreement``.
  public var weight: BatchDependent

  /// Makes the rule.
  public init(weight: BatchDependent) { self.weight = weight }

  /// α with the slope mixed in; as it was where there was no step before.
  ///
  /// - Parameters:
  ///   - rate: gᵀd/(dᵀBd).
  ///   - model: The step.
  ///   - curvature: dᵀBd, as the rate was made with it.
  ///   - factor: What w is multiplied by.
  public func mix(
    into rate: Double, _ model: QuadraticModel, _ curvature: Double, weightedBy factor: Double
  ) -> Double {
    guard let previous = model.previous else { return rate }
    let w = (weight.value ?? .nan) * factor
    // Of a direction that is as long as d: the two may differ in length by any factor.
    let slope = previous.slope * (model.gram.dd / previous.squaredNorm).squareRoot()
    return max((1 - w) * rate + w * (max(slope, 0) / curvature), 0)
  }

  func resolved(for run: RunShape) -> PreviousSlope {
    PreviousSlope(weight: weight.resolved(for: run))
  }
}
