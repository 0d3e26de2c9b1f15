extension Method {
  /// AdamQLR, untuned (Clarke and Hernández-Lobato 2024): Adam's direction, the learning rate of
  /// the quadratic model with the Fisher matrix, Levenberg–Marquardt damping.
  ///
  /// - Parameters:
  ///   - direction: Adam's settings. Default β₁ 0.9, β₂ 0.999, ε 1e-8.
  ///   - damping: Default λ₀ 1e-3, ω_dec ½, ω_inc 2, floor 1e-8. `nil`: undamped.
  ///   - curvature: Default the Fisher matrix.
  public static func adamQLR(
    _ direction: Adam = Adam(), damping: LevenbergMarquardt? = LevenbergMarquardt(),
    curvature: Curvature = .fisher
  ) -> Method {
    quadratic(direction, damping, curvature)
  }

  /// SGDQLR (Clarke and Hernández-Lobato 2024): as ``adamQLR(_:damping:curvature:)`` along the
  /// gradient.
  public static func sgdQLR(
    _ direction: StochasticGradientDescent = StochasticGradientDescent(),
    damping: LevenbergMarquardt? = LevenbergMarquardt(), curvature: Curvature = .fisher
  ) -> Method {
    quadratic(direction, damping, curvature)
  }

  /// Adam with a fixed learning rate (Kingma and Ba 2015). Default 1e-3.
  public static func adam(learningRate: Double = 1e-3, _ direction: Adam = Adam()) -> Method {
    Method(direction: direction, learningRate: .fixed(learningRate))
  }

  /// AdamW (Loshchilov and Hutter 2019): Adam with weight decay by α·w·θ.
  ///
  /// - Parameters:
  ///   - learningRate: α. Default 1e-3.
  ///   - weightDecay: w. Default 0.01.
  ///   - direction: Adam's settings.
  public static func adamW(
    learningRate: Double = 1e-3, weightDecay: Double = 0.01, _ direction: Adam = Adam()
  ) -> Method {
    var method = adam(learningRate: learningRate, direction)
    method.weightDecay = WeightDecay(rate: weightDecay, isScaledByLearningRate: true)
    return method
  }

  /// Stochastic gradient descent with a fixed learning rate. Default 0.1, no momentum.
  public static func sgd(
    learningRate: Double = 0.1, momentum: Double = 0, isNesterov: Bool = false, l2: Double = 0
  ) -> Method {
    Method(
      direction: StochasticGradientDescent(momentum: momentum, isNesterov: isNesterov, l2: l2),
      learningRate: .fixed(learningRate))
  }

  private static func quadratic(
    _ direction: any Direction, _ damping: LevenbergMarquardt?, _ curvature: Curvature
  ) -> Method {
    Method(
      direction: direction,
      learningRate: .quadraticModel(QuadraticModel { $0.curvature = curvature }),
      damping: damping.map(Damping.levenbergMarquardt) ?? .none)
  }
}
