import AdamQLR
import Foundation
import Testing

@Suite("Damping and rejection")
struct DampingTests {
  /// An objective of one parameter with gradient 2 and curvature 1 at 0, whose loss there is 10, and
  /// `after` anywhere else.
  ///
  /// Along the gradient with λ = 1: α = ½, predicted change −1, so that ρ = 10 − `after`, exactly.
  private func scripted(after: Double, gradient: Double = 2) -> ClosureObjective<[Double]> {
    ClosureObjective(
      loss: { $0[0] == 0 ? 10 : after }, gradient: { _ in [gradient] },
      curvatureVectorProduct: { _, d in d })
  }

  /// As accept-or-reject does.
  private static let all = OnlyDecreases(restoring: .everything)

  private func step(
    _ damping: any Damping, after: Double, gradient: Double = 2,
    _ refine: (inout Method) -> Void = { _ in }
  ) throws -> (report: StepReport, parameter: Double, state: OptimizerState<[Double]>) {
    var method = Method(
      direction: StochasticGradientDescent(momentum: 0.5),
      learningRate: QuadraticRate())
    method.damping = damping
    refine(&method)
    var parameters = [0.0]
    var optimizer = try Optimizer(method, for: parameters)
    let report = try optimizer.step(
      &parameters, on: scripted(after: after, gradient: gradient))
    #expect(report.nextDamping == optimizer.damping)
    return (report, parameters[0], optimizer.state)
  }

  @Test(
    "λ falls above ρ = ¾, rises below ¼, and stays between, both thresholds included",
    arguments: [
      (9, 0.25), (9.249, 0.25), (9.25, 1), (9.5, 1), (9.75, 1), (9.751, 4), (10, 4), (11, 4),
      (7, 0.25),
    ])
  func thresholds(_ after: Double, _ next: Double) throws {
    let rule = LevenbergMarquardt(initial: 1, decreaseFactor: 0.25, increaseFactor: 4)
    let (report, parameter, _) = try step(rule, after: after)
    #expect(report.learningRate == 0.5 && report.predictedChange == -1)
    #expect(report.reductionRatio == 10 - after)
    #expect(report.damping == 1 && report.nextDamping == next)
    // A bad step is taken all the same.
    #expect(parameter == -1 && report.isTaken && report.events == [])
  }

  @Test("λ keeps within its floor and its ceiling")
  func bounds() throws {
    func next(_ floor: Double, _ ceiling: Double?, after: Double) throws -> Double {
      let rule = LevenbergMarquardt(initial: 1, floor: floor, ceiling: ceiling)
      return try step(rule, after: after).report.nextDamping
    }
    #expect(try next(0.75, nil, after: 9) == 0.75)
    #expect(try next(0, nil, after: 9) == 0.5)
    #expect(try next(0, 1.5, after: 10) == 1.5)
    #expect(try next(0, 2.5, after: 10) == 2)
    // From 0, a floor is what makes it rise.
    let rule = LevenbergMarquardt(initial: 0, floor: 0.125)
    #expect(try step(rule, after: 10).report.nextDamping == 0.125)
    var optimizer = try Optimizer(.paperAdamQLR(), for: [1.0, 1])
    var parameters = [1.0, 1]
    let bowl = ClosureObjective<[Double]>(
      loss: { 0.5 * inner($0, $0) + 1 }, gradient: { $0 }, curvatureVectorProduct: { $1 })
    for _ in 0..<60 {
      if parameters[0].magnitude < 1e-3 { parameters = [1, 1] }
      try optimizer.step(&parameters, on: bowl)
    }
    #expect(optimizer.damping == 1e-8)
  }

  @Test("A broken step raises λ no higher than the ceiling")
  func brokenStepAtCeiling() throws {
    for damping in [
      LevenbergMarquardt(initial: 1, ceiling: 1.5),
      LossFollowingDamping(.init(initial: 1, ceiling: 1.5)),
    ] as [any Damping] {
      let result = try step(damping, after: .nan)
      #expect(result.report.events == .nonFiniteLoss && result.report.nextDamping == 1.5)
      #expect(result.parameter == 0)
    }
  }

  @Test("Undamped and constant damping ask for no second loss and leave λ")
  func plain() throws {
    for (damping, c) in [(NoDamping(), 4.0), (ConstantDamping(3), 16)] as [(any Damping, Double)] {
      let (report, _, _) = try step(damping, after: .nan)
      #expect(report.curvature == c && report.learningRate == 4 / c)
      #expect(report.newLoss == nil && report.nextDamping == damping.damping(at: 0))
      #expect(report.events == [])
    }
  }

  @Test("Where rounding swallows the predicted change, λ stays", arguments: [9.9, 10, 10.1])
  func belowRounding(_ after: Double) throws {
    // The predicted change is −g²/4: −8 ulp of 10 is −1.78e-14.
    let damping = LevenbergMarquardt(initial: 1)
    let (report, parameter, _) = try step(damping, after: after, gradient: 2.6e-7)
    #expect(report.events == .predictionBelowRounding && report.nextDamping == 1)
    #expect(parameter != 0)
    let larger = try step(damping, after: after, gradient: 2.7e-7).report
    #expect(larger.events == [] && larger.nextDamping != 1)
  }

  @Test("In single precision rounding swallows more")
  func belowFloatRounding() throws {
    for (gradient, isSwallowed) in [(2 * 3.0e-3, true), (2 * 3.2e-3, false)] {
      // The predicted change is −(g/2)²; 8 ulp of 10 are 9.54e-6.
      var parameters: [Float] = [0]
      let objective = ClosureObjective<[Float]>(
        loss: { $0[0] == 0 ? 10 : 9 }, gradient: { _ in [Float(gradient)] },
        curvatureVectorProduct: { _, d in d })
      let rule = LevenbergMarquardt(initial: 1)
      var optimizer = try Optimizer(.sgdQLR(damping: rule), for: parameters)
      let report = try optimizer.step(&parameters, on: objective)
      #expect(report.events.contains(.predictionBelowRounding) == isSwallowed)
      #expect(report.nextDamping == (isSwallowed ? 1 : 0.5))
    }
  }

  @Test("A predicted increase raises λ whatever ρ says", arguments: [9.0, 11])
  func predictedIncrease(_ after: Double) throws {
    let damping = LevenbergMarquardt(initial: 1)
    let (report, parameter, _) = try step(damping, after: after) {
      $0.learningRate = QuadraticRate { $0.amplification = 3 }
    }
    #expect(report.predictedChange == -1.5 * 4 + 0.5 * 1.5 * 1.5 * 8)
    #expect(report.events == .predictedIncrease && report.nextDamping == 2)
    #expect(parameter == -3)
  }

  @Test("Accept-or-reject takes back all state; an unchanged loss is accepted")
  func acceptOrReject() throws {
    let damping = LossFollowingDamping(.init(initial: 1, decreaseFactor: 0.25, increaseFactor: 4))
    let bad = try step(damping, after: 10.5) { $0.acceptance = Self.all }
    #expect(bad.report.events == .rejected && !bad.report.isTaken && bad.parameter == 0)
    #expect(bad.report.nextDamping == 4 && bad.report.trueChange == 0.5)
    #expect(bad.report.reductionRatio == nil)
    #expect(bad.state.direction.step == 0 && bad.state.direction.vectors == [[0]])
    #expect(bad.state.step == 1)
    for after in [10, 9.0] {
      let good = try step(damping, after: after) { $0.acceptance = Self.all }
      #expect(good.report.events == [] && good.parameter == -1 && good.report.nextDamping == 0.25)
      #expect(good.state.direction.step == 1 && good.state.direction.vectors == [[2]])
    }
  }

  @Test("Accept-or-reject keeps λ within bounds")
  func boundedAcceptOrReject() throws {
    let rule = LossFollowingDamping(.init(initial: 1, floor: 0.8, ceiling: 1.5))
    for (after, next) in [(9.0, 0.8), (11, 1.5)] {
      let result = try step(rule, after: after) { $0.acceptance = Self.all }
      #expect(result.report.nextDamping == next)
    }
  }

  @Test("λ that follows the loss falls after every step where all are accepted")
  func lossFollowing() throws {
    let bad = try step(LossFollowingDamping(.init(initial: 1)), after: 11)
    #expect(bad.report.nextDamping == 0.5 && bad.report.isTaken && bad.report.trueChange == 1)
  }

  @Test("What accept-or-reject takes back includes averages, memory and learned rates")
  func acceptOrRejectScalars() throws {
    let damping = LossFollowingDamping(.init(initial: 1))
    let rates: [any LearningRate] = [
      QuadraticRate {
        $0.averaging = 0.5
        $0.curvatureAverage = CurvatureAverage(decay: 0.5)
        $0.memory = CurvatureMemory(.decay(0.5))
      }, Hypergradient(initial: 0.25, rate: 0.5),
    ]
    for rate in rates {
      func refine(_ method: inout Method) {
        method.learningRate = rate
        method.acceptance = Self.all
      }
      let bad = try step(damping, after: 11, refine)
      let fresh = try OptimizerState(
        Method(direction: StochasticGradientDescent(), learningRate: rate, damping: damping),
        for: [0.0])
      #expect(bad.state.damping.damping(at: 1) == 2)
      #expect(AnyHashable(bad.state.learningRate) == AnyHashable(fresh.learningRate))
      #expect(bad.state.previousDirection == fresh.previousDirection)
      #expect(bad.state.previousSquaredNorm == nil && bad.state.lastRate == nil)
      #expect(bad.state.gradientDotGradient == nil)
      let good = try step(damping, after: 9, refine)
      #expect(good.state.damping.damping(at: 1) == 0.5)
      #expect(AnyHashable(good.state.learningRate) != AnyHashable(fresh.learningRate))
      #expect(good.state.lastRate != nil && good.state.gradientDotGradient == 4)
    }
  }

  @Test("Rejecting an increase keeps the moments and raises λ where it adapts")
  func rejectIncrease() throws {
    for (damping, next) in [
      (LevenbergMarquardt(initial: 1), 2.0), (ConstantDamping(1), 1), (NoDamping(), 0),
    ] as [(any Damping, Double)] {
      let bad = try step(damping, after: 10.5) { $0.acceptance = OnlyDecreases() }
      #expect(bad.report.events == .rejected && bad.parameter == 0)
      #expect(bad.report.nextDamping == next && bad.report.newLoss == 10.5)
      #expect(bad.state.direction.step == 1 && bad.state.direction.vectors == [[2]])
      for after in [10, 9.0] {
        let good = try step(damping, after: after) { $0.acceptance = OnlyDecreases() }
        #expect(good.report.isTaken && good.parameter != 0)
      }
    }
    // A rejection raises λ even where the predicted change is too small to judge.
    let tiny = try step(LevenbergMarquardt(initial: 1), after: 10.5, gradient: 2.6e-7) {
      $0.acceptance = OnlyDecreases()
    }
    #expect(tiny.report.events == [.rejected, .predictionBelowRounding])
    #expect(tiny.report.nextDamping == 2)
    // ρ = −½ is no increase of the loss that anything looks at, without the setting.
    #expect(try step(ConstantDamping(1), after: 10.5).parameter == -1)
    // Everything, whatever λ does.
    let strict = try step(LevenbergMarquardt(initial: 1), after: 10.5) {
      $0.acceptance = Self.all
    }
    #expect(strict.state.direction.step == 0 && strict.report.nextDamping == 2)
  }

  @Test("λ may follow ρ under a learning rate that needs no curvature of its own")
  func givenRate() throws {
    let rule = LevenbergMarquardt(initial: 1)
    let (report, parameter, _) = try step(rule, after: 9.25) {
      $0.learningRate = FixedRate(0.25)
    }
    // −¼·4 + ½·(¼)²·8
    #expect(report.curvature == 8 && report.predictedChange == -0.75 && parameter == -0.5)
    #expect(report.reductionRatio == 1 && report.nextDamping == 0.5)
  }
}
