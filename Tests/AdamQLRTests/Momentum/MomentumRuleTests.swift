import AdamQLR
import Testing

/// Rules of momentum as functions of numbers, without vectors.
@Suite("Rules of momentum")
struct MomentumRuleTests {
  /// gᵀd 6, gᵀv 1, dᵀBd 12, dᵀBv 3, vᵀBv 6.
  private var model: QuadraticModel {
    var model = QuadraticModel(loss: 3, slope: 6, squaredNorm: 4, curvature: 12)
    model.hasVelocity = true
    model.velocitySlope = 1
    model.gram = PlaneForm(dd: 4, dv: 1, vv: 2)
    model.curvature = PlaneForm(dd: 12, dv: 3, vv: 6)
    model.damp()
    return model
  }

  @Test("None, fixed, scheduled")
  func given() {
    let (fixed, scheduled) = (
      FixedMomentum(0.75), ScheduledMomentum(Schedule(peak: 0.5, warmUp: 2))
    )
    for step in 0..<3 {
      #expect(fixed.knownMomentum(at: step) == 0.75)
      #expect(scheduled.knownMomentum(at: step) == (step == 0 ? 0.25 : 0.5))
    }
    #expect(!NoMomentum().isUsed && fixed.isUsed && scheduled.isUsed)
    #expect(![fixed.needsCurvature, scheduled.needsCurvature, fixed.isJoint].contains(true))
  }

  @Test("For an α that is given, μ = (α·dᵀBv − gᵀv)/vᵀBv")
  func givenRate() {
    let rule = QuadraticMomentum()
    #expect(rule.needsCurvature && rule.isJoint && rule.knownMomentum(at: 0) == nil)
    #expect(rule.momentum(model, learningRate: 0.5) == (0.5 * 3 - 1) / 6)
    // Without v, with vᵀBv ≤ 0, or with what is not finite, μ is 0.
    var other = model
    other.hasVelocity = false
    #expect(rule.momentum(other, learningRate: 0.5) == 0)
    other = model
    other.dampedCurvature?.vv = -6
    #expect(rule.momentum(other, learningRate: 0.5) == 0)
    #expect(rule.momentum(model, learningRate: .infinity) == 0)
    other.dampedCurvature = nil
    #expect(rule.momentum(other, learningRate: 0.5) == 0)
  }

  @Test("With α from the model too, μ is 0 where the plane has no minimum")
  func joint() throws {
    let rule = QuadraticMomentum()
    var model = model
    model.hasRateFromModel = true
    let minimum = try #require(model.minimum)
    // 12·6 − 3² = 63.
    #expect(isClose(minimum.rate, (6 * 6 - 1 * 3) / 63, 1e-15))
    #expect(isClose(minimum.momentum, (6 * 3 - 1 * 12) / 63, 1e-15))
    #expect(isClose(rule.momentum(model, learningRate: minimum.rate), minimum.momentum, 1e-14))
    // d and v parallel: 12·0.75 − 3² = 0.
    var parallel = model
    parallel.dampedCurvature?.vv = 0.75
    #expect(parallel.minimum == nil && rule.momentum(parallel, learningRate: 0.5) == 0)
    // In single precision what differs in the last bits is parallel too.
    parallel.dampedCurvature?.vv = 0.75 * (1 + 1e-6)
    #expect(parallel.minimum != nil)
    parallel.ulpOfOne = Double(Float.ulpOfOne)
    #expect(parallel.minimum == nil)
    // A saddle.
    parallel.dampedCurvature?.dd = -12
    #expect(parallel.minimum == nil && rule.momentum(parallel, learningRate: 0.5) == 0)
  }

  @Test("The model's value at x·d + y·v")
  func form() {
    let form = PlaneForm(dd: 12, dv: 3, vv: 6)
    #expect(form(2, -1) == 4 * 12 - 4 * 3 + 6)
    #expect(form(2, 0) == 48)
    #expect(model.slope(2, -1) == 12 - 1)
    #expect(
      form.adding(PlaneForm(dd: 1, dv: 2, vv: 3), scaledBy: 2) == PlaneForm(dd: 14, dv: 7, vv: 12))
    // What is not there adds nothing.
    #expect(PlaneForm(dd: 1, dv: .nan, vv: .nan)(3, 0) == 9)
    #expect(!PlaneForm(dd: 1, dv: .nan).isFinite && form.isFinite)
  }
}
