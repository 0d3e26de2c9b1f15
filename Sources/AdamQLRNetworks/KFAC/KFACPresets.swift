import AdamQLR

extension Method {
  /// K-FAC in full (Martens and Grosse 2015; Clarke and Hernández-Lobato 2024, §4): its direction,
  /// learning rate and momentum together from the quadratic model, Levenberg–Marquardt damping with
  /// the reduction ratio without λ.
  ///
  /// - Parameters:
  ///   - direction: K-FAC's settings.
  ///   - damping: Default: ``LevenbergMarquardt/kfac``.
  public static func kfac(
    _ direction: KFAC = KFAC(), damping: LevenbergMarquardt = .kfac
  ) -> Method {
    var method = Method(
      direction: direction, learningRate: QuadraticRate(), damping: damping)
    method.momentum = QuadraticMomentum()
    return method
  }

  /// K-FAC without its heuristics: fixed learning rate, momentum and damping.
  ///
  /// - Parameters:
  ///   - learningRate: α. Default 0.05.
  ///   - momentum: μ. Default 0.9.
  ///   - damping: λ. Default 0.3.
  ///   - direction: K-FAC's settings.
  public static func kfacUnadaptive(
    learningRate: Double = 0.05, momentum: Double = 0.9, damping: Double = 0.3,
    _ direction: KFAC = KFAC()
  ) -> Method {
    var method = Method(
      direction: direction, learningRate: FixedRate(learningRate),
      damping: ConstantDamping(damping))
    method.momentum = FixedMomentum(momentum)
    return method
  }
}

extension LevenbergMarquardt {
  /// K-FAC's rule: λ₀ 1, ω_dec 0.9, ω_inc 1/0.9, floor 1e-8, ρ without λ, after every step.
  public static let kfac = LevenbergMarquardt(
    initial: 1, decreaseFactor: 0.9, increaseFactor: 1 / 0.9, floor: 1e-8,
    ratioCurvature: .undamped)
}
