import AdamQLR

extension Sample {
  /// Every preset, ready to run, and methods with what no preset has: momentum of the step, an
  /// independent batch, λ without ρ, an envelope, limits, regularization.
  static let presets: [(name: String, method: Method)] = {
    var jointly = Method.paperAdamQLR()
    jointly.momentum = QuadraticMomentum()
    jointly.weightDecay.l2 = 0.01
    var heavy = Method.adam(learningRate: 0.02)
    heavy.momentum = FixedMomentum(0.5)
    var independent = Method.adamQLR(batchesPerEpoch: 10)
    independent.model.batch = .independent
    var limited = Method.adamW(learningRate: 0.02, weightDecay: 0.1)
    limited.clipping = Clipping(
      gradientNorm: 1, directionElement: 0.9, updateNorm: 0.05, normConstraint: 1e-3)
    limited.envelope = Envelope(peak: 2, total: 30)
    limited.damping = LossFollowingDamping()
    limited.acceptance = OnlyDecreases()
    let cosine = RunShape(batchesPerEpoch: 10, totalSteps: 50)
    return methods
      + [
        ("untuned AdamQLR", .adamQLR(batchesPerEpoch: 10)), ("tuned AdamQLR", .adamQLRTuned()),
        ("undamped AdamQLR", .paperAdamQLR(damping: nil)), ("SGDQLR", .sgdQLR()),
        ("Hessian", .sgdQLR(curvature: .saddleFreeHessian)),
        ("SGD", .sgd()), ("SGD minimal", .sgdMinimal()), ("SGD full", .sgdFull()),
        ("Nesterov", .sgd(momentum: 0.8, isNesterov: true, l2: 0.01)),
        ("Baydin SGD", .baydinSGD()), ("Adam", .adam()), ("tuned ε", .adamTunedEpsilon()),
        ("AdamW", .adamW()), ("RMSprop, fixed", .rmsprop()),
        ("centered RMSprop, fixed", .rmsprop(RMSprop(isCentered: true))),
        ("AdaGrad, fixed", .adaGrad()), ("NAdam, fixed", .nadam()),
        ("Lion, fixed", .lion(weightDecay: 0.1)), ("Prodigy, fixed", .prodigy(weightDecay: 0.1)),
        ("D-Adaptation, fixed", .dAdaptation(weightDecay: 0.1)),
        ("Schedule-Free, fixed", .scheduleFreeAdamW()),
        ("Schedule-Free of the paper", .scheduleFreeAdamWPaper()),
        ("ScheduleFree+, fixed", .scheduleFreePlus(ScheduleFreePlus(warmUp: 3, weightDecay: 0.1))),
        ("Adam with a cosine", .adamCosine().resolved(for: cosine)),
        ("NadamW with a cosine", .nadamWCosine().resolved(for: cosine)),
        ("α and μ together", jointly), ("heavy ball", heavy), ("independent batch", independent),
        ("limits", limited),
      ]
  }()

  /// The method of a name.
  static func preset(_ name: String) -> Method? { presets.first { $0.name == name }?.method }
}
