import AdamQLR
import Testing

/// Rules of λ as functions of numbers, without vectors.
@Suite("Rules of damping")
struct DampingRuleTests {
  /// u = −½·d + ¼·v at a loss of 10 with gᵀd 8, gᵀv −2, and dᵀBd 12, dᵀBv 1, vᵀBv 6 at λ = ½.
  private func step(scale: Double = 1, number: Int = 0) -> PlannedStep {
    var model = QuadraticModel(
      step: number, loss: 10, slope: 8, squaredNorm: 4, curvature: 10, damping: 0.5)
    model.hasVelocity = true
    model.velocitySlope = -2
    model.gram = PlaneForm(dd: 4, dv: 1, vv: 2)
    model.curvature = PlaneForm(dd: 10, dv: 0.5, vv: 5)
    model.damp()
    return PlannedStep(model: model, learningRate: 0.5, momentum: 0.25, scale: scale)
  }

  private let predicted = -0.5 * 8 + 0.25 * -2 + 0.5 * (0.25 * 12 - 2 * 0.125 * 1 + 6.0 / 16)
  private let undamped = -0.5 * 8 + 0.25 * -2 + 0.5 * (0.25 * 10 - 2 * 0.125 * 0.5 + 5.0 / 16)

  /// What becomes of λ = 1 after a step with this ρ.
  private func next(
    _ rule: LevenbergMarquardt, ratio: Double, number: Int = 0, predicted: Double? = nil,
    isRejected: Bool = false
  ) -> (damping: Double, adaptation: Adaptation) {
    var rule = rule
    let change = predicted ?? self.predicted
    let judgment = Judgment(
      step: step(number: number), newLoss: 10 + ratio * change, predictedChange: change,
      isRejected: isRejected)
    let adaptation = rule.adapt(to: judgment)
    return (rule.damping(at: number + 1), adaptation)
  }

  @Test("u = s·(−αd + μv)")
  func planned() {
    let step = step(scale: 0.5)
    #expect(step.x == -0.25 && step.y == 0.125)
    let judgment = Judgment(step: step, newLoss: 9.5)
    #expect(judgment.trueChange == -0.5 && judgment.predictedChange == nil && !judgment.isRejected)
  }

  @Test("The predicted change is gᵀu + ½uᵀBu, with λ or without, or with the direction's own")
  func prediction() {
    var rule = LevenbergMarquardt()
    #expect(isClose(rule.predictedChange(step()), predicted, 1e-15))
    let (x, y) = (-0.25, 0.125)
    #expect(
      isClose(
        rule.predictedChange(step(scale: 0.5)),
        x * 8 + y * -2 + 0.5 * (x * x * 12 + 2 * x * y * 1 + y * y * 6), 1e-15))
    rule.ratioCurvature = .undamped
    #expect(isClose(rule.predictedChange(step()), undamped, 1e-15))
    rule.ratioCurvature = .direction
    #expect(rule.predictedChange(step()) == nil)
    var known = step()
    known.directionCurvature = 7
    #expect(rule.predictedChange(known) == -0.5 * 8 + 0.25 * -2 + 0.5 * 7)
  }

  @Test("What is asked for, and when")
  func needs() {
    var rule = LevenbergMarquardt(interval: 3)
    #expect((0..<6).filter { rule.needs(at: $0).contains(.newLoss) } == [2, 5])
    #expect((0..<3).allSatisfy { rule.needs(at: $0).contains(.curvature) })
    rule.ratioCurvature = .direction
    #expect(rule.needs(at: 1) == [] && rule.needs(at: 2) == [.newLoss, .directionCurvature])
    #expect(rule.allNeeds == [.newLoss, .directionCurvature])
    #expect(LossFollowingDamping().needs(at: 0) == .newLoss)
    #expect(NoDamping().needs(at: 0) == [] && ConstantDamping().needs(at: 0) == [])
    #expect(ScheduledDamping(Schedule(peak: 1)).needs(at: 0) == [])
  }

  @Test(
    "Levenberg–Marquardt: λ·ω_dec above ρ = ¾, λ·ω_inc below ¼",
    arguments: [(1, 0.25), (0.8, 0.25), (0.7, 1), (0.3, 1), (0.2, 8), (-1, 8), (5, 0.25)])
  func levenbergMarquardt(_ ratio: Double, _ expected: Double) {
    let rule = LevenbergMarquardt(initial: 1, decreaseFactor: 0.25, increaseFactor: 8)
    let (damping, adaptation) = next(rule, ratio: ratio)
    #expect(damping == expected && adaptation.events == [])
    #expect(isClose(adaptation.reductionRatio, ratio, 1e-13))
    // Within the bounds, and by the T-th power.
    let bounded = LevenbergMarquardt(
      initial: 1, decreaseFactor: 0.25, increaseFactor: 8, floor: 0.5, ceiling: 3)
    #expect(next(bounded, ratio: ratio).damping == min(max(expected, 0.5), 3))
    var seldom = rule
    seldom.interval = 2
    #expect(next(seldom, ratio: ratio).damping == 1)
    #expect(next(seldom, ratio: ratio, number: 1).damping == expected * expected)
    // A rejection raises λ whatever ρ is, and whenever it comes.
    for rule in [rule, seldom] {
      #expect(next(rule, ratio: ratio, isRejected: true).damping == 8)
    }
  }

  @Test("Levenberg–Marquardt where ρ cannot be trusted")
  func untrusted() {
    let rule = LevenbergMarquardt(initial: 1)
    for (predicted, ratio, damping, events) in [
      // 8 ulp of 10 are 1.78e-14.
      (-1.7e-14, 1, 1, .predictionBelowRounding), (1.7e-14, 1, 1, .predictionBelowRounding),
      (-1.8e-14, 0, 2, []), (0, 1, 1, .predictionBelowRounding),
      (1, 1, 2, .predictedIncrease), (1, -1, 2, .predictedIncrease), (.nan, 1, 2, []),
    ] as [(Double, Double, Double, StepEvents)] {
      let result = next(rule, ratio: ratio, predicted: predicted)
      #expect(result.damping == damping, "\(predicted), \(ratio)")
      #expect(result.adaptation.events == events, "\(predicted), \(ratio)")
    }
    #expect(next(rule, ratio: 1, predicted: .nan).adaptation.reductionRatio == nil)
  }

  @Test("λ that follows the loss")
  func lossFollowing() {
    var rule = LossFollowingDamping(
      DampingBounds(initial: 1, decreaseFactor: 0.5, increaseFactor: 4, floor: 0.4, ceiling: 3))
    #expect(rule.damping(at: 0) == 1 && rule.predictedChange(step()) == nil)
    for (isRejected, damping) in [(false, 0.5), (false, 0.4), (true, 1.6), (true, 3)] {
      // Whether a step is accepted is for the acceptance to say.
      let adaptation = rule.adapt(
        to: Judgment(step: step(), newLoss: isRejected ? 9 : 11, isRejected: isRejected))
      #expect(adaptation == Adaptation() && rule.damping(at: 7) == damping)
    }
  }

  @Test("A broken step raises λ where it adapts")
  func breakdown() {
    var rules: [any Damping] = [
      LevenbergMarquardt(initial: 1, increaseFactor: 3, ceiling: 4, interval: 5),
      LossFollowingDamping(DampingBounds(initial: 1, increaseFactor: 3, ceiling: 4)),
      ConstantDamping(1), ScheduledDamping(Schedule(peak: 1)),
    ]
    for (index, expected) in [[3.0, 4], [3, 4], [1, 1], [1, 1]].enumerated() {
      for damping in expected {
        rules[index].noteBreakdown()
        #expect(rules[index].damping(at: 0) == damping)
      }
    }
    var none = NoDamping()
    none.noteBreakdown()
    #expect(none.damping(at: 0) == 0)
  }

  @Test("Bounds hold, from 0 and from what is infinite too")
  func bounds() {
    let bounds = DampingBounds(decreaseFactor: 0.5, increaseFactor: 2, floor: 0.25, ceiling: 16)
    #expect(bounds.decreased(4) == 2 && bounds.decreased(4, steps: 3) == 0.5)
    #expect(bounds.increased(4) == 8 && bounds.increased(4, steps: 2) == 16)
    #expect(bounds.decreased(0) == 0.25 && bounds.increased(1e308) == 16)
    #expect(DampingBounds().increased(1e308) == .greatestFiniteMagnitude)
    // 2¹⁰²⁴ is infinite.
    #expect(DampingBounds(floor: 0).increased(0, steps: 1024) == 0)
    #expect(DampingBounds().increased(1, steps: 1024) == .greatestFiniteMagnitude)
  }

  @Test("Acceptance: every step, or those that do not raise the loss")
  func acceptance() {
    let step = step()
    for change in [-1.0, 0, 1, .infinity] {
      #expect(AcceptsAll().verdict(on: step, trueChange: change) == .accepted)
      for restoration in Restoration.allCases {
        #expect(
          OnlyDecreases(restoring: restoration).verdict(on: step, trueChange: change)
            == (change > 0 ? .rejected(restoring: restoration) : .accepted))
      }
    }
    #expect(!AcceptsAll().isUsed && OnlyDecreases().isUsed)
  }
}
