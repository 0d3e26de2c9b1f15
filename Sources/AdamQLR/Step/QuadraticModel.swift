/// The quadratic model of the loss over the updates u = x·d + y·v, d the direction and v the update
/// before, as numbers: what rules of the learning rate, of momentum and of damping see of a step.
///
///     M(u) − f = gᵀu + ½uᵀBu,    B = C + λI
public struct QuadraticModel: Hashable, Sendable {
  /// The number of the step, counted from 0.
  public var step: Int
  /// f(θ), on the batch that slope and curvature come from.
  public var loss: Double
  /// gᵀd.
  public var slope: Double
  /// gᵀv; 0 without v.
  public var velocitySlope = 0.0
  /// The products of d and v: dᵀd, dᵀv, vᵀv.
  public var gram: PlaneForm
  /// C; `nil` where nothing asks for it. A learning rate may put what it remembers of curvature in
  /// the place of dᵀCd.
  public var curvature: PlaneForm?
  /// B, which a learning rate may change once more, along d; `nil` before ``damp()``.
  public var dampedCurvature: PlaneForm?
  /// λ.
  public var damping: Double
  /// Whether v is there and not 0.
  public var hasVelocity = false
  /// μ, where it is known before α; else 0.
  public var knownMomentum = 0.0
  /// Whether α and μ are to minimize the model together.
  public var isJoint = false
  /// Whether α comes from the model.
  public var hasRateFromModel = false
  /// Whether slope, curvature and loss are of a batch that had no part in d.
  public var isIndependent = false
  /// What this gradient says about the direction of the step before; `nil` where nothing asks for it,
  /// and at first.
  public var previous: PreviousDirection?
  /// The distance from 1 to the next number in the precision of the vectors.
  public var ulpOfOne: Double

  /// The slope along d′, the direction of the step before, in which this step's batch had no part.
  public struct PreviousDirection: Hashable, Sendable {
    /// gᵀd′.
    public var slope: Double
    /// d′ᵀd′.
    public var squaredNorm: Double
    /// α′: how far the parameters moved along −d′, with what clipping and envelope left of it; 0 where
    /// the step was not taken.
    public var rate: Double

    /// What is known of d′.
    public init(slope: Double, squaredNorm: Double, rate: Double = 0) {
      self.slope = slope
      self.squaredNorm = squaredNorm
      self.rate = rate
    }
  }

  /// The model along d alone.
  ///
  /// - Parameters:
  ///   - step: The number of the step, counted from 0.
  ///   - loss: f(θ).
  ///   - slope: gᵀd.
  ///   - squaredNorm: dᵀd.
  ///   - curvature: dᵀCd; `nil`: not known.
  ///   - damping: λ.
  ///   - ulpOfOne: The distance from 1 to the next number in the vectors' precision.
  public init(
    step: Int = 0, loss: Double, slope: Double, squaredNorm: Double, curvature: Double? = nil,
    damping: Double = 0, ulpOfOne: Double = Double.ulpOfOne
  ) {
    self.step = step
    self.loss = loss
    self.slope = slope
    gram = PlaneForm(dd: squaredNorm)
    self.curvature = curvature.map { PlaneForm(dd: $0) }
    self.damping = damping
    self.ulpOfOne = ulpOfOne
  }

  /// Makes B from C as it is now.
  public mutating func damp() {
    dampedCurvature = curvature?.adding(gram, scaledBy: damping)
  }

  /// gᵀu.
  public func slope(_ x: Double, _ y: Double) -> Double {
    hasVelocity ? x * slope + y * velocitySlope : x * slope
  }

  /// The α and μ that minimize the model over −αd + μv, `nil` where there is no minimum or it is
  /// lost in rounding.
  ///
  ///     ⎡ dᵀBd  −dᵀBv⎤ ⎡α⎤   ⎡ gᵀd⎤
  ///     ⎣−dᵀBv   vᵀBv⎦ ⎣μ⎦ = ⎣−gᵀv⎦
  public var minimum: (rate: Double, momentum: Double)? {
    guard hasVelocity, let b = dampedCurvature, b.dd > 0, b.vv > 0 else { return nil }
    let determinant = b.dd * b.vv - b.dv * b.dv
    guard determinant > 64 * ulpOfOne * b.dd * b.vv else { return nil }
    return (
      (slope * b.vv - velocitySlope * b.dv) / determinant,
      (slope * b.dv - velocitySlope * b.dd) / determinant
    )
  }

  /// The μ that minimizes the model over −αd + μv for a given α, 0 where there is no minimum.
  public func momentum(at rate: Double) -> Double {
    guard hasVelocity, let b = dampedCurvature, b.vv > 0 else { return 0 }
    let momentum = (rate * b.dv - velocitySlope) / b.vv
    return momentum.isFinite ? momentum : 0
  }
}

/// A quadratic form on the plane of the updates x·d + y·v.
public struct PlaneForm: Hashable, Sendable {
  /// The product of d with itself.
  public var dd: Double
  /// The product of d and v.
  public var dv = 0.0
  /// The product of v with itself.
  public var vv = 0.0

  /// A form.
  public init(dd: Double, dv: Double = 0, vv: Double = 0) {
    self.dd = dd
    self.dv = dv
    self.vv = vv
  }

  /// The products that an objective returned for one direction or two.
  init(_ products: [[Double]]) {
    self.init(dd: products[0][0])
    if products.count > 1 { (dv, vv) = (products[0][1], products[1][1]) }
  }

  /// Its value at x·d + y·v.
  public func callAsFunction(_ x: Double, _ y: Double) -> Double {
    x * x * dd + (y == 0 ? 0 : 2 * x * y * dv + y * y * vv)
  }

  /// Whether all three products are finite.
  public var isFinite: Bool { dd.isFinite && dv.isFinite && vv.isFinite }

  /// self + a·other.
  public func adding(_ other: PlaneForm, scaledBy a: Double) -> PlaneForm {
    PlaneForm(dd: dd + a * other.dd, dv: dv + a * other.dv, vv: vv + a * other.vv)
  }
}
