import AdamQLR
import Testing

/// Rules of the learning rate as functions of numbers, without vectors.
@Suite("Rules of the learning rate")
struct RateRuleTests {
  /// gᵀd 6, dᵀd 4, dᵀCd 10 and λ ½, so that dᵀBd is 12, at a loss of 3.
  private func model(curvature: Double? = 10, slope: Double = 6) -> QuadraticModel {
    QuadraticModel(loss: 3, slope: slope, squaredNorm: 4, curvature: curvature, damping: 0.5)
  }

  /// ``model(curvature:slope:)`` with v: gᵀv 1, dᵀv ½, vᵀv 2, dᵀCv 3, vᵀCv 5, so that dᵀBv is 3.25
  /// and vᵀBv 6.
  private var plane: QuadraticModel {
    var model = model()
    model.hasVelocity = true
    model.velocitySlope = 1
    model.gram = PlaneForm(dd: 4, dv: 0.5, vv: 2)
    model.curvature = PlaneForm(dd: 10, dv: 3, vv: 5)
    return model
  }

  @Test("A rate that is given does not look at the step but for its number")
  func given() {
    let (fixed, scheduled) = (FixedRate(0.25), ScheduledRate(Schedule(peak: 0.5, warmUp: 2)))
    for step in 0..<4 {
      var model = model(curvature: nil)
      model.step = step
      let before = model
      #expect(fixed.rate(&model) == 0.25 && fixed.knownRate(at: step) == 0.25)
      let expected = step == 0 ? 0.25 : 0.5
      #expect(scheduled.rate(&model) == expected && scheduled.knownRate(at: step) == expected)
      #expect(model == before)
    }
    #expect(fixed.needs == [] && scheduled.needs == [])
  }

  @Test("α = gᵀd/|dᵀ(C+λI)d|")
  func quadratic() {
    var rule = QuadraticRate()
    #expect(rule.needs == .curvature && rule.knownRate(at: 0) == nil)
    var step = model()
    #expect(rule.rate(&step) == 6.0 / 12)
    #expect(step.dampedCurvature == PlaneForm(dd: 12))
    step = model(slope: -6)
    #expect(rule.rate(&step) == -0.5)
    // −10 + ½·4 = −8.
    step = model(curvature: -10)
    #expect(rule.rate(&step) == 6.0 / 8 && step.dampedCurvature?.dd == -8)
    // Nothing to divide by is no number, which the step then breaks down on.
    step = model(curvature: nil)
    #expect(rule.rate(&step).isNaN)
    // Nothing was learned.
    #expect(rule == QuadraticRate())
  }

  @Test("With a given μ, α = (gᵀd + μdᵀBv)/dᵀBd")
  func givenMomentum() {
    var (rule, step) = (QuadraticRate(), plane)
    step.knownMomentum = 0.5
    #expect(rule.rate(&step) == (6 + 0.5 * 3.25) / 12)
    // Without v there is nothing to repeat.
    step.hasVelocity = false
    #expect(rule.rate(&step) == 0.5)
  }

  @Test("With μ from the model, α and μ solve the two equations together")
  func joint() throws {
    let momentum = QuadraticMomentum()
    var (rule, step) = (QuadraticRate(), plane)
    step.isJoint = true
    step.hasRateFromModel = true
    let rate = rule.rate(&step)
    let determinant = 12 * 6 - 3.25 * 3.25
    #expect(isClose(rate, (6 * 6 - 1 * 3.25) / determinant, 1e-15))
    let mu = momentum.momentum(step, learningRate: rate)
    #expect(isClose(mu, (6 * 3.25 - 1 * 12) / determinant, 1e-14))
    // dᵀBd·α − dᵀBv·μ = gᵀd and −dᵀBv·α + vᵀBv·μ = −gᵀv.
    #expect(isClose(12 * rate - 3.25 * mu, 6, 1e-14))
    #expect(isClose(-3.25 * rate + 6 * mu, -1, 1e-13))
  }

  @Test("Clipping, amplification, averaging, in this order; an independent batch makes no ascent")
  func refinements() {
    var rule = QuadraticRate {
      $0.clipping = 0.25
      $0.amplification = 2
      $0.averaging = 0.75
    }
    var step = model()
    #expect(rule.rate(&step) == 0.25 * (2 * 0.25))
    step = model(slope: -6)
    #expect(rule.rate(&step) == 0.75 * 0.125 + 0.25 * (2 * -0.25))
    var plain = QuadraticRate()
    step.isIndependent = true
    #expect(plain.rate(&step) == 0)
  }

  @Test("An averaged curvature takes the place of dᵀBd alone")
  func averagedCurvature() {
    var (average, step) = (CurvatureAverage(decay: 0.75, initial: 40), plane)
    average.apply(to: &step)
    // There is no B yet.
    #expect(step == plane && average.average == nil)
    step.damp()
    average.apply(to: &step)
    #expect(step.dampedCurvature == PlaneForm(dd: 0.75 * 40 + 0.25 * 12, dv: 3.25, vv: 6))
    step.damp()
    average.apply(to: &step)
    #expect(step.dampedCurvature?.dd == 0.75 * 33 + 0.25 * 12 && average.average == 27.75)
  }

  @Test("A hypergradient adds β·gᵀd′ to α, where there was a d′")
  func hypergradient() {
    var rule = Hypergradient(initial: 0.5, rate: 0.125)
    var step = model(curvature: nil)
    #expect(rule.rate(&step) == 0.5)
    step.previous = .init(slope: 4, squaredNorm: 100)
    #expect(rule.rate(&step) == 1)
    step.previous = .init(slope: -16, squaredNorm: 1)
    #expect(rule.rate(&step) == -1)
    step.previous = nil
    #expect(rule.rate(&step) == -1)
    #expect(rule.needs == .previousMove && rule.knownRate(at: 0) == nil)
  }

  @Test("All refinements of the untuned default together, written out")
  func untuned() {
    var rule = QuadraticRate {
      $0.memory = CurvatureMemory(.decay(0.75), order: 2)
      $0.plausibility = Plausibility(decrease: 0.5)
      $0.previousSlope = PreviousSlope(weight: 0.5)
    }
    #expect(rule.needs == [.curvature, .previousDirection])
    // k is 10/4; B is (2.5 + ½)·4 = 12.
    var step = model()
    #expect(rule.rate(&step) == 0.5 && step.curvature?.dd == 10)
    // k is ½, κ̄ = √(½·2.5² + ½·½²) and B is (κ̄ + ½)·4.
    step = model(curvature: 2, slope: 3)
    step.previous = .init(slope: 2, squaredNorm: 8)
    let mean = (0.5 * 6.25 + 0.5 * 0.25).squareRoot()
    let b = (mean + 0.5) * 4
    let x = 3 * 3 / (2 * b) / 3
    let w = 0.5 * x * x / (x * x + 0.25)
    #expect(isClose(rule.rate(&step), (1 - w) * 3 / b + w * 2 / b * 0.5.squareRoot(), 1e-14))
    #expect(isClose(step.dampedCurvature?.dd, b, 1e-15) && step.damping == 0.5)
  }
}
