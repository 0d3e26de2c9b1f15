extension Method {
  /// AdamQLR for batches of any size, with nothing to choose.
  ///
  /// It is ``paperAdamQLR(_:damping:curvature:)`` without damping, whose α = gᵀd/(dᵀCd) takes slope and
  /// curvature from one batch. What other batches tell corrects both. With n batches in an epoch and
  /// q = 1 − 1/n, the share of the data that a batch does not show,
  ///
  ///     α = (1 + 0.8σ)·((1 − w)·gᵀd + w·max(gᵀd′, 0)·‖d‖/‖d′‖) / (κ·dᵀd),    w = 0.85·q·doubt·(1 − σ)
  ///
  /// - σ, from 0 to 1, is how far batches agree on slopes (``Agreement``): where they do, steps
  ///   are up to 1.8 times as long as those to the lowest point along d, as those of well-chosen
  ///   constant rates are;
  /// - where they do not, the slope along d′, the direction of the step before, in which the batch had
  ///   no part, takes the place of the batch's own (``PreviousSlope``), as far as steps promise to
  ///   take away much more than 8 % of the loss (``Plausibility``), on average over about ten;
  /// - κ is the curvature along the directions of three epochs, by its power mean of order 2 + 3q, and
  ///   at least that of this step; less where the steps of an epoch together promise to take away less
  ///   than the loss that there is (``CurvatureMemory``). Where an epoch has 20 batches or more, k is
  ///   measured in every second step, and taken from there in the other.
  ///
  /// d is Adam's with β₂ = 0.95 and a relative ε of 0.1·q (``Adam/relativeEpsilon``), so that parameters
  /// that few examples touch move less. What the run gives is the average of the parameters over about
  /// its last 5 % (``IterateAveraging``). Where one batch has all examples, σ is 1 − 0.95ᵗ and w is 0.
  ///
  /// The numbers, and what each is worth, are of Documentation/Studies/development. How many batches
  /// make an epoch has still to be said, by ``resolved(for:)`` or
  /// ``adamQLR(_:batchesPerEpoch:damping:curvature:)``.
  ///
  /// - Parameters:
  ///   - direction: Adam's settings. An `Adam` of one's own has no relative ε unless it says so.
  ///     Default: β₁ 0.9, β₂ 0.95, ε 1e-8 and a relative ε of 0.1·q.
  ///   - damping: λ, with which α = … / ((κ + λ)·dᵀd). Default none.
  ///   - curvature: Default the Fisher matrix.
  public static func adamQLR(
    _ direction: Adam = .untuned,
    damping: LevenbergMarquardt? = nil, curvature: ModelCurvature = .fisher
  ) -> Method {
    adamQLR(
      along: direction, curvatureInterval: 2, damping: damping, curvature: curvature)
  }

  /// ``adamQLR(_:damping:curvature:)`` for an epoch of so many batches.
  ///
  /// - Parameters:
  ///   - direction: Adam's settings, as above.
  ///   - batches: n; `nil`: many, or a stream without end; then q = 1, and an epoch is 1000 steps.
  ///   - damping: λ. Default none.
  ///   - curvature: Default the Fisher matrix.
  public static func adamQLR(
    _ direction: Adam = .untuned,
    batchesPerEpoch batches: Int?, damping: LevenbergMarquardt? = nil,
    curvature: ModelCurvature = .fisher
  ) -> Method {
    adamQLR(direction, damping: damping, curvature: curvature)
      .resolved(for: RunShape(batchesPerEpoch: batches))
  }

  /// The rate of ``adamQLR(_:damping:curvature:)`` along another direction.
  ///
  /// - Parameters:
  ///   - direction: One of a second-moment method, as Adam's and SOAP's, for which the numbers were
  ///     chosen.
  ///   - interval: ``CurvatureMemory/interval``. Default 1: of a direction that costs more than
  ///     Adam's, a product with the curvature is a small part of a step.
  ///   - damping: λ. Default none.
  ///   - curvature: Default the Fisher matrix.
  public static func adamQLR(
    along direction: some Direction, curvatureInterval interval: Int = 1,
    damping: LevenbergMarquardt? = nil, curvature: ModelCurvature = .fisher
  ) -> Method {
    var method = quadratic(direction, damping, curvature)
    method.learningRate = QuadraticRate {
      $0.memory = CurvatureMemory(
        .epochs(3), order: BatchDependent(full: 2, small: 5), relief: .epochs(1),
        interval: interval)
      $0.plausibility = Plausibility(decrease: 0.08, averaging: 0.9)
      $0.previousSlope = PreviousSlope(weight: .unseen(0.85))
      $0.agreement = Agreement(overRelaxation: 0.8)
    }
    method.averaging = IterateAveraging(share: 0.05)
    return method
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
    decaying(direction, learningRate, weightDecay)
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

extension Adam {
  /// The direction of ``Method/adamQLR(_:damping:curvature:)``: β₁ 0.9, β₂ 0.95, ε 1e-8 and a relative ε
  /// of 0.1·q.
  public static let untuned = Adam(beta2: 0.95, relativeEpsilon: .unseen(0.1))
}
