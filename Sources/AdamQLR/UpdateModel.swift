/// The quadratic model of the loss over the updates u = x·d + y·v, d the direction and v the update
/// before: M(u) − f = gᵀu + ½uᵀBu, with B = C + λI.
struct UpdateModel {
  /// gᵀd.
  var directionSlope: Double
  /// gᵀv.
  var velocitySlope = 0.0
  /// gᵀd′/d′ᵀd′ with the direction d′ of the step before, where it is asked for and there is one.
  var previousSlope: Double?
  /// The products of d and v.
  var gram: PlaneForm
  /// B, once the curvature is known.
  var curvature: PlaneForm?
  /// Whether v is there and not 0.
  var hasVelocity = false

  /// The model along d alone.
  init(_ products: DirectionProducts) {
    directionSlope = products.gradientDotDirection
    gram = PlaneForm(dd: products.directionDotDirection)
  }

  /// gᵀu.
  func slope(_ x: Double, _ y: Double) -> Double {
    hasVelocity ? x * directionSlope + y * velocitySlope : x * directionSlope
  }

  /// The α and μ that minimize the model over −αd + μv, `nil` where there is no minimum or it is
  /// lost in rounding.
  ///
  ///     ⎡ dᵀBd  −dᵀBv⎤ ⎡α⎤   ⎡ gᵀd⎤
  ///     ⎣−dᵀBv   vᵀBv⎦ ⎣μ⎦ = ⎣−gᵀv⎦
  ///
  /// - Parameter ulpOfOne: The precision of the vectors that the products were made of.
  func minimum(ulpOfOne: Double) -> (rate: Double, momentum: Double)? {
    guard hasVelocity, let b = curvature, b.dd > 0, b.vv > 0 else { return nil }
    let determinant = b.dd * b.vv - b.dv * b.dv
    guard determinant > 64 * ulpOfOne * b.dd * b.vv else { return nil }
    return (
      (directionSlope * b.vv - velocitySlope * b.dv) / determinant,
      (directionSlope * b.dv - velocitySlope * b.dd) / determinant
    )
  }

  /// The μ that minimizes the model over −αd + μv for a given α, 0 where there is no minimum.
  func momentum(at rate: Double) -> Double {
    guard hasVelocity, let b = curvature, b.vv > 0 else { return 0 }
    let momentum = (rate * b.dv - velocitySlope) / b.vv
    return momentum.isFinite ? momentum : 0
  }
}

/// A quadratic form on the plane of the updates x·d + y·v.
struct PlaneForm {
  /// The product of d with itself.
  var dd: Double
  /// The product of d and v.
  var dv = 0.0
  /// The product of v with itself.
  var vv = 0.0

  /// Its value at x·d + y·v.
  func callAsFunction(_ x: Double, _ y: Double) -> Double {
    x * x * dd + (y == 0 ? 0 : 2 * x * y * dv + y * y * vv)
  }

  /// Whether all three products are finite.
  var isFinite: Bool { dd.isFinite && dv.isFinite && vv.isFinite }

  /// self + a·other.
  func adding(_ other: PlaneForm, scaledBy a: Double) -> PlaneForm {
    PlaneForm(dd: dd + a * other.dd, dv: dv + a * other.dv, vv: vv + a * other.vv)
  }
}
