extension Method {
  /// AdamQLR for batches of any size, with nothing to choose.
  ///
  /// It is ``paperAdamQLR(_:damping:curvature:)`` with three additions for what a batch does not see
  /// of the data. With n batches in an epoch and q = 1 − 1/n,
  ///
  /// - the curvature along the direction is remembered for three epochs, γ = 1 − 1/(3n), by its power
  ///   mean of order 2 + 3·q, in which a step counts at most as four times the mean before, less
  ///   where the steps of an epoch promise to take away much less than the loss that there is
  ///   (``CurvatureMemory``);
  /// - 0.85·q is the weight of the slope along the direction before, in which the batch had no part
  ///   (``PreviousSlope``), where steps, averaged over about ten, promise to take away much more than
  ///   4 % of the loss, and less where they do not (``Plausibility``);
  /// - 0.1·q is the relative ε of Adam's direction (``Adam/relativeEpsilon``), so that parameters that
  ///   few examples touch move less.
  ///
  /// Where one batch has all examples, only the memory is left. The numbers were found by a study over
  /// seven tasks and batch sizes from 16 to all examples, Documentation/Studies/untuned. How many
  /// batches make an epoch has still to be said, by ``resolved(for:)`` or
  /// ``adamQLR(_:batchesPerEpoch:damping:curvature:)``.
  ///
  /// - Parameters:
  ///   - direction: Adam's settings. An `Adam` of one's own has no relative ε unless it says so.
  ///     Default: ε 1e-8 and a relative ε of 0.1·q.
  ///   - damping: As in the paper.
  ///   - curvature: Default the Fisher matrix.
  public static func adamQLR(
    _ direction: Adam = Adam(relativeEpsilon: .unseen(0.1)),
    damping: LevenbergMarquardt? = LevenbergMarquardt(), curvature: ModelCurvature = .fisher
  ) -> Method {
    var method = paperAdamQLR(direction, damping: damping, curvature: curvature)
    method.learningRate = QuadraticRate {
      $0.memory = CurvatureMemory(
        .epochs(3), order: BatchDependent(full: 2, small: 5), cap: 4, relief: .epochs(1))
      $0.plausibility = Plausibility(decrease: 0.04, averaging: 0.9)
      $0.previousSlope = PreviousSlope(weight: .unseen(0.85))
    }
    return method
  }

  /// ``adamQLR(_:damping:curvature:)`` for an epoch of so many batches.
  ///
  /// - Parameter batches: n; `nil`: many, or a stream without end; then q = 1, γ = 1 − 1/3000 and an
  ///   epoch is 1000 steps.
  public static func adamQLR(
    _ direction: Adam = Adam(relativeEpsilon: .unseen(0.1)), batchesPerEpoch batches: Int?,
    damping: LevenbergMarquardt? = LevenbergMarquardt(), curvature: ModelCurvature = .fisher
  ) -> Method {
    adamQLR(direction, damping: damping, curvature: curvature)
      .resolved(for: RunShape(batchesPerEpoch: batches))
  }

  /// AdamQLR, untuned, exactly as in the paper (Clarke and Hernández-Lobato 2024): Adam's direction,
  /// the learning rate of the quadratic model with the Fisher matrix, Levenberg–Marquardt damping.
  ///
  /// It needs large batches: with small ones it may diverge.
  ///
  /// - Parameters:
  ///   - direction: Adam's settings. Default β₁ 0.9, β₂ 0.999, ε 1e-8.
  ///   - damping: Default λ₀ 1e-3, ω_dec ½, ω_inc 2, floor 1e-8. `nil`: undamped.
  ///   - curvature: Default the Fisher matrix.
  public static func paperAdamQLR(
    _ direction: Adam = Adam(), damping: LevenbergMarquardt? = LevenbergMarquardt(),
    curvature: ModelCurvature = .fisher
  ) -> Method {
    quadratic(direction, damping, curvature)
  }

  /// SGDQLR (Clarke and Hernández-Lobato 2024): as ``paperAdamQLR(_:damping:curvature:)`` along the
  /// gradient.
  public static func sgdQLR(
    _ direction: StochasticGradientDescent = StochasticGradientDescent(),
    damping: LevenbergMarquardt? = LevenbergMarquardt(), curvature: ModelCurvature = .fisher
  ) -> Method {
    quadratic(direction, damping, curvature)
  }

  /// Adam with a fixed learning rate (Kingma and Ba 2015). Default 1e-3.
  public static func adam(learningRate: Double = 1e-3, _ direction: Adam = Adam()) -> Method {
    Method(direction: direction, learningRate: FixedRate(learningRate))
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
      learningRate: FixedRate(learningRate))
  }

  private static func quadratic(
    _ direction: some Direction, _ damping: LevenbergMarquardt?, _ curvature: ModelCurvature
  ) -> Method {
    var method = Method(direction: direction, learningRate: QuadraticRate())
    if let damping { method.damping = damping }
    method.model.curvature = curvature
    return method
  }
}
