import AdamQLR
import Testing

@Suite("Presets")
struct PresetTests {
  @Test("The untuned defaults of the presets")
  func presets() {
    let adam = Adam()
    #expect(adam == Adam(beta1: 0.9, beta2: 0.999, epsilon: 1e-8, epsilonRoot: 0))
    let rule = LevenbergMarquardt(
      initial: 1e-3, decreaseFactor: 0.5, increaseFactor: 2, floor: 1e-8, ceiling: nil,
      ratioCurvature: .model)
    for (method, isAdam) in [(Method.paperAdamQLR(), true), (.sgdQLR(), false)] {
      #expect((method.direction as? Adam == adam) == isAdam)
      #expect((method.direction as? StochasticGradientDescent == .init()) == !isAdam)
      #expect(method.damping as? LevenbergMarquardt == rule)
      #expect(method.learningRate as? QuadraticRate == QuadraticRate())
      #expect(method.momentum is NoMomentum && method.acceptance is AcceptsAll)
      #expect(method.clipping == Clipping() && method.weightDecay == WeightDecay())
      #expect(
        method.model.curvature == .fisher && method.model.batch == .own && method.envelope == nil)
    }
    let rate = QuadraticRate()
    #expect(rate.memory.horizon == nil && rate.plausibility == nil && rate.previousSlope == nil)
    #expect(rate.clipping == nil && rate.amplification == 1 && rate.averaging == nil)
    #expect(rate.curvatureAverage == nil)
    let undamped = Method.paperAdamQLR(damping: nil, curvature: .hessian)
    #expect(undamped.damping is NoDamping && undamped.model.curvature == .hessian)
    #expect(Method.sgdQLR(curvature: .hessian).model.curvature == .hessian)
    #expect(Method.adam() == Method(direction: adam, learningRate: FixedRate(1e-3)))
    #expect(Method.adamW().weightDecay == .init(rate: 0.01, isScaledByLearningRate: true))
    #expect(Method.adamW().learningRate as? FixedRate == FixedRate(1e-3))
    #expect(Method.sgd().learningRate as? FixedRate == FixedRate(0.1))
    #expect(
      Method.sgd(momentum: 0.5, isNesterov: true, l2: 0.25).direction as? StochasticGradientDescent
        == .init(momentum: 0.5, isNesterov: true, l2: 0.25))
  }
}
