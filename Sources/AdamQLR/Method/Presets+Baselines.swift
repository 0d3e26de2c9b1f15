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

  /// ScheduleFree+ (Defazio 2026), which needs no learning rate and no schedule; what it learned is at
  /// ``Optimizer/evaluationPoint(for:)``.
  ///
  /// - Parameters:
  ///   - learningRate: A factor on the step size that it finds itself. Default 1.
  ///   - direction: ScheduleFree+'s settings.
  public static func scheduleFreePlus(
    learningRate: Double = 1, _ direction: ScheduleFreePlus = ScheduleFreePlus()
  ) -> Method {
    Method(direction: direction, learningRate: FixedRate(learningRate))
  }

  /// A direction with a fixed learning rate α and decoupled weight decay by α·w·θ.
  package static func decaying(
    _ direction: some Direction, _ learningRate: Double, _ weightDecay: Double
  ) -> Method {
    var method = Method(direction: direction, learningRate: FixedRate(learningRate))
    method.weightDecay = WeightDecay(rate: weightDecay, isScaledByLearningRate: true)
    return method
  }
}

/// Optimizers whose learning rate rises over the first 2 % of a run, and falls by half a cosine to 0 at
/// its end: how most networks are trained. How long the run is has to be said, by
/// ``resolved(for:)``.
extension Method {
  /// The envelope of the learning rate, that of AlgoPerf's NadamW.
  private static let warmUpAndCosine = Envelope(warmUp: 0.02)

  /// Adam with warm-up and cosine. Default 1e-3 at the peak.
  public static func adamCosine(
    learningRate: Double = 1e-3, _ direction: Adam = Adam()
  ) -> Method {
    var method = adam(learningRate: learningRate, direction)
    method.envelope = warmUpAndCosine
    return method
  }

  /// NadamW with warm-up and cosine: NAdam's direction with decoupled weight decay, by default with the
  /// one setting for all workloads that AlgoPerf (Dahl et al. 2023, arXiv 2306.07179) has as the
  /// baseline of its self-tuning track.
  ///
  /// The figures are those of its submission
  /// `prize_qualification_baselines/self_tuning/pytorch_nadamw_full_budget.py` but for dropout, which
  /// is the network's. There the momentum is constant (Choi et al. 2019, arXiv 1910.05446, Table 1),
  /// and so it is here by a momentum decay at which μ is β₁ from the first step on. As bias correction
  /// the submission has 1/(1 − β₁ᵗ) for both terms of m̂, and ``NAdam`` 1/(1 − β₁ᵗ⁺¹) for the one with m,
  /// which differs in the first steps.
  ///
  /// - Parameters:
  ///   - learningRate: α at the peak. Default 0.0017486387539278373.
  ///   - weightDecay: w of the decay by αwθ. Default 0.08121616522670176.
  ///   - direction: NAdam's settings. Default: β₁ 1 − 0.06733926164, β₂ 0.9955159689799007, ε 1e-8.
  public static func nadamWCosine(
    learningRate: Double = 0.0017486387539278373, weightDecay: Double = 0.08121616522670176,
    _ direction: NAdam = NAdam(
      beta1: 1 - 0.06733926164, beta2: 0.9955159689799007, epsilon: 1e-8, momentumDecay: 1000)
  ) -> Method {
    var method = decaying(direction, learningRate, weightDecay)
    method.envelope = warmUpAndCosine
    return method
  }
}
