import AdamQLR
import Foundation
import Synchronization
import Testing

@Suite("Memory of curvature")
struct CurvatureMemoryTests {
  /// κ of each k in turn.
  private func remembered(
    _ memory: CurvatureMemory, _ curvatures: [Double], _ plausibility: Plausibility? = nil
  ) -> [Double] {
    var memory = memory
    return curvatures.map { memory.remember($0, plausibility) }
  }

  @Test("Without an order: κ ← max(γκ, k)")
  func maximum() {
    #expect(remembered(.init(.decay(0.5)), [4, 1, 1, 8, -3]) == [4, 2, 1, 8, 4])
    // 1 − 1/4.
    #expect(remembered(.init(.steps(4)), [4, 1]) == [4, 3])
    // Negative curvature counts by its magnitude.
    #expect(remembered(.init(.decay(0.5)), [-3, 1]) == [3, 1.5])
    #expect(remembered(.init(.decay(0)), [4, 1]) == [4, 1])
    // Without a horizon nothing is remembered.
    #expect(remembered(.init(order: 2), [4, 1]) == [4, 1])
  }

  @Test("With an order: the power mean with weights max(1 − γ, 1/t), never below k")
  func powerMean() {
    let kappa = remembered(.init(.decay(0.5), order: 2), [3, 4, 1])
    #expect(isClose(kappa[0], 3, 1e-15) && kappa[1] == 4)
    // κ̄² is 9, (9 + 16)/2, then half of that and half of 1.
    #expect(isClose(kappa[2], (0.5 * 12.5 + 0.5).squareRoot(), 1e-15))
    // Equal weights as long as 1/t is more than 1 − γ.
    let many = remembered(.init(.decay(0.9), order: 3), [1, 2, 3, 0.5])
    #expect(isClose(many[3], pow((1 + 8 + 27 + 0.125) / 4, 1.0 / 3), 1e-14))
    // Negative curvature counts by its magnitude.
    #expect(remembered(.init(.decay(0.5), order: 2), [-3, 4, -1]) == kappa)
    #expect(remembered(.init(.decay(0.5), order: 2), [0, 0]) == [0, 0])
  }

  @Test("With a cap a step counts as so many times the mean, but is as large as ever itself")
  func cap() {
    let kappa = remembered(.init(.decay(0.5), order: 1, cap: 2), [1, 100, 0.5])
    // κ̄ is 1, then ½·1 + ½·2, then ½·1.5 + ½·½.
    #expect(kappa[1] == 100 && isClose(kappa[2], 1, 1e-15))
    let uncapped = remembered(.init(.decay(0.5), order: 1), [1, 100, 0.5])
    #expect(isClose(uncapped[2], 0.5 * 50.5 + 0.25, 1e-14))
  }

  @Test("Relief: κ = k·(κ̄/k)^t, t = 1 − (1 − y)(1 − z)", arguments: [0.5, 2, 20])
  func relief(_ steps: Double) {
    var plausibility = Plausibility(decrease: 0.25)
    plausibility.note(decrease: 0.5, of: 4)
    let x = 0.5 / 4
    let (y, z) = (
      x * x / (x * x + 0.25 * 0.25), steps * steps * x * x / (steps * steps * x * x + 1)
    )
    let t = 1 - (1 - y) * (1 - z)
    let memory = CurvatureMemory(.decay(0.5), order: 1, relief: .steps(steps))
    let kappa = remembered(memory, [7, 1, 1], plausibility)
    #expect(isClose(kappa[1], pow(4, t), 1e-13))
    // The mean itself is not relieved.
    #expect(isClose(kappa[2], pow(2.5, t), 1e-13))
    // Not without an order, a measure of plausibility, or a step that it has seen.
    #expect(remembered(memory, [7, 1])[1] == 4)
    #expect(remembered(memory, [7, 1], Plausibility(decrease: 0.25))[1] == 4)
    #expect(
      remembered(.init(.decay(0.5), relief: .steps(steps)), [7, 1], plausibility)[1] == 3.5)
  }

  @Test("κ takes the place of dᵀCd/dᵀd in the model, and of nothing else")
  func model() {
    var memory = CurvatureMemory(.decay(0.5))
    var model = QuadraticModel(loss: 1, slope: 1, squaredNorm: 2, curvature: 8, damping: 3)
    model.curvature?.dv = 5
    memory.apply(to: &model, nil)
    #expect(model.curvature == PlaneForm(dd: 8, dv: 5) && memory.remembered == 4)
    model.curvature?.dd = 1
    memory.apply(to: &model, nil)
    #expect(model.curvature == PlaneForm(dd: 4, dv: 5) && memory.remembered == 2)
    // Where nothing was measured, nothing is learned.
    model.curvature = nil
    memory.apply(to: &model, nil)
    #expect(model.curvature == PlaneForm(dd: 4) && memory.remembered == 2)
    memory = CurvatureMemory(.decay(0.5))
    model.curvature = nil
    memory.apply(to: &model, nil)
    #expect(model.curvature == nil && memory.remembered == 0)
  }

  @Test("In a step without a measurement κ is κ̄, and at least the last one")
  func interval() {
    var memory = CurvatureMemory(.decay(0.5), order: 1, interval: 2)
    func apply(_ curvature: Double?) -> Double? {
      var model = QuadraticModel(loss: 1, slope: 1, squaredNorm: 4, curvature: curvature)
      memory.apply(to: &model, nil)
      return model.curvature?.dd
    }
    #expect(apply(4 * 3) == 12 && apply(nil) == 12)
    // κ̄ is 2, the last κ too; then κ̄ is 4.5 and the last κ 7.
    #expect(apply(4 * 1) == 8 && apply(nil) == 8 && apply(4 * 7) == 28 && apply(nil) == 28)
    // What was not measured counts for nothing.
    #expect(apply(4 * 1) == 4 * 2.75 && apply(nil) == 4 * 2.75)
  }

  @Test("Where negative curvature comes first, a memory that is a maximum moves all the same")
  func negativeFirst() throws {
    var method = Method.sgdQLR()
    method.damping = ConstantDamping(0)
    method.model.curvature = .hessian
    method.learningRate = QuadraticRate { $0.memory = CurvatureMemory(.decay(0.9)) }
    var parameters = [1.0]
    var optimizer = try Optimizer(method, for: parameters)
    let hill = ClosureObjective<[Double]>(
      loss: { -0.5 * $0[0] * $0[0] }, gradient: { [-$0[0]] },
      curvatureVectorProduct: { _, d in [-d[0]] })
    let report = try optimizer.step(&parameters, on: hill)
    #expect(report.events == .negativeCurvature && report.learningRate == 1)
    #expect(parameters == [2])
  }

  @Test("With a momentum that is known, curvature is measured in every step: the slope needs dᵀCv")
  func intervalWithMomentum() throws {
    for momentum in [NoMomentum(), FixedMomentum(0.9)] as [any Momentum] {
      var method = Method.adamQLR(batchesPerEpoch: 50)
      method.momentum = momentum
      var parameters = WavyFit.start
      var optimizer = try Optimizer(method, for: parameters)
      let products = Mutex(0)
      let fit = WavyFit()
      let counted = ClosureObjective<[Double]>(
        loss: fit.loss, gradient: fit.gradient,
        curvatureVectorProduct: { p, d in
          products.withLock { $0 += 1 }
          return product(fit.matrix(.fisher, p), d)
        })
      for _ in 0..<10 { try optimizer.step(&parameters, on: counted) }
      // Along d in every second step; with momentum along d and, from the second step on, v.
      #expect(products.withLock { $0 } == (momentum is NoMomentum ? 5 : 19))
    }
  }

  @Test("Curvature is measured in every N-th step, as far as an epoch has ten measurements")
  func measuredSteps() {
    func needs(_ batches: Int?, _ step: Int, interval: Int = 2) -> Bool {
      var rate = QuadraticRate { $0.memory = CurvatureMemory(.epochs(1), interval: interval) }
        .resolved(for: RunShape(batchesPerEpoch: batches))
      var model = QuadraticModel(loss: 1, slope: 1, squaredNorm: 1, curvature: 1)
      // Without any measurement there is nothing to go by.
      #expect(rate.needs(at: 1).contains(.curvature))
      _ = rate.rate(&model)
      return rate.needs(at: step).contains(.curvature)
    }
    #expect(needs(20, 2) && !needs(20, 3) && needs(19, 3) && needs(1, 3) && !needs(nil, 3))
    #expect(needs(30, 9, interval: 4) && !needs(30, 8, interval: 4))
    // Without a memory every step is measured.
    let rate = QuadraticRate { $0.memory.interval = 2 }
    #expect(rate.needs(at: 1).contains(.curvature))
  }
}
