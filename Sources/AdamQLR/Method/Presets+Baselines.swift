/// The methods that AdamQLR is compared with, under the names and with the starting values of its
/// paper (Clarke and Hernández-Lobato 2024, §4 and its published configurations).
extension Method {
  /// AdamQLR, tuned: where the paper's search starts from, λ₀ 1, ω_dec 0.95, ω_inc 1.0526.
  public static func adamQLRTuned() -> Method {
    paperAdamQLR(
      damping: LevenbergMarquardt(initial: 1, decreaseFactor: 0.95, increaseFactor: 1.0526))
  }

  /// SGD minimal: a fixed learning rate and nothing else. Default 1e-3.
  public static func sgdMinimal(learningRate: Double = 1e-3) -> Method {
    sgd(learningRate: learningRate)
  }

  /// SGD full: momentum and weight decay, which is added to the gradient before momentum.
  ///
  /// - Parameters:
  ///   - learningRate: α. Default 0.1.
  ///   - momentum: Default 0.9.
  ///   - weightDecay: Default 5e-4.
  public static func sgdFull(
    learningRate: Double = 0.1, momentum: Double = 0.9, weightDecay: Double = 5e-4
  ) -> Method {
    sgd(learningRate: learningRate, momentum: momentum, l2: weightDecay)
  }

  /// Adam (tuned ε): Adam with an ε that is no mere guard against division by zero. Default 1e-4, the
  /// middle of the range 1e-8 to 1 in which the paper searches on a logarithmic scale.
  public static func adamTunedEpsilon(
    learningRate: Double = 1e-3, epsilon: Double = 1e-4
  ) -> Method {
    adam(learningRate: learningRate, Adam(epsilon: epsilon))
  }

  /// Baydin SGD: gradient descent whose learning rate follows the hypergradient (Baydin et al.
  /// 2018).
  ///
  /// - Parameters:
  ///   - initial: α before the first step. Default 1e-3.
  ///   - rate: β, the rate at which α learns. Default 1e-3.
  public static func baydinSGD(initial: Double = 1e-3, rate: Double = 1e-3) -> Method {
    Method(
      direction: StochasticGradientDescent(),
      learningRate: Hypergradient(initial: initial, rate: rate))
  }
}

/// Other optimizers with a fixed learning rate, at the defaults of their papers or, where those have
/// none, of PyTorch.
extension Method {
  /// RMSprop (Tieleman and Hinton 2012). Default learning rate 0.01.
  public static func rmsprop(
    learningRate: Double = 0.01, _ direction: RMSprop = RMSprop()
  ) -> Method {
    Method(direction: direction, learningRate: FixedRate(learningRate))
  }

  /// AdaGrad (Duchi et al. 2011). Default learning rate 0.01.
  public static func adaGrad(
    learningRate: Double = 0.01, _ direction: AdaGrad = AdaGrad()
  ) -> Method {
    Method(direction: direction, learningRate: FixedRate(learningRate))
  }

  /// NAdam (Dozat 2016). Default learning rate 2e-3.
  public static func nadam(learningRate: Double = 2e-3, _ direction: NAdam = NAdam()) -> Method {
    Method(direction: direction, learningRate: FixedRate(learningRate))
  }

  /// Lion (Chen et al. 2023).
  ///
  /// - Parameters:
  ///   - learningRate: α. Default 1e-4.
  ///   - weightDecay: w of the decay by αwθ. Default 0.
  ///   - direction: Lion's settings.
  public static func lion(
    learningRate: Double = 1e-4, weightDecay: Double = 0, _ direction: Lion = Lion()
  ) -> Method {
    decaying(direction, learningRate, weightDecay)
  }

  /// Prodigy (Mishchenko and Defazio 2023), which needs no learning rate.
  ///
  /// - Parameters:
  ///   - learningRate: α, a factor on the step size that it finds itself. Default 1.
  ///   - weightDecay: w of the decay by αdwθ, d being that step size. Default 0.
  ///   - direction: Prodigy's settings.
  public static func prodigy(
    learningRate: Double = 1, weightDecay: Double = 0, _ direction: Prodigy = Prodigy()
  ) -> Method {
    decaying(direction, learningRate, weightDecay)
  }

  /// D-Adapted Adam (Defazio and Mishchenko 2023), which needs no learning rate.
  ///
  /// - Parameters:
  ///   - learningRate: A factor on the step size that it finds itself. Default 1.
  ///   - weightDecay: w of the decay by αdwθ, d being that step size. Default 0.
  ///   - direction: D-Adaptation's settings.
  public static func dAdaptation(
    learningRate: Double = 1, weightDecay: Double = 0, _ direction: DAdaptation = DAdaptation()
  ) -> Method {
    decaying(direction, learningRate, weightDecay)
  }

  /// Schedule-Free AdamW (Defazio et al. 2024), as its authors' package has it; what it learned is at
  /// ``Optimizer/evaluationPoint(for:)``. Default learning rate 0.0025.
  public static func scheduleFreeAdamW(
    learningRate: Double = 0.0025, _ direction: ScheduleFreeAdamW = ScheduleFreeAdamW()
  ) -> Method {
    Method(direction: direction, learningRate: FixedRate(learningRate))
  }

  /// Schedule-Free AdamW exactly as in Algorithm 1 of its paper; what it learned is at
  /// ``Optimizer/evaluationPoint(for:)``. Default learning rate 0.0025.
  public static func scheduleFreeAdamWPaper(learningRate: Double = 0.0025) -> Method {
    scheduleFreeAdamW(learningRate: learningRate, .paper)
  }

  private static func decaying(
    _ direction: some Direction, _ learningRate: Double, _ weightDecay: Double
  ) -> Method {
    var method = Method(direction: direction, learningRate: FixedRate(learningRate))
    method.weightDecay = WeightDecay(rate: weightDecay, isScaledByLearningRate: true)
    return method
  }
}
