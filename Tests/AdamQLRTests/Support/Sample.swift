import AdamQLR

/// Methods and directions to test with.
enum Sample {
  /// Methods that between them remember everything there is to remember.
  static let methods: [(name: String, method: Method)] = {
    var memory = Method.paperAdamQLR()
    memory.learningRate = QuadraticRate {
      $0.memory = CurvatureMemory(.decay(0.9))
      $0.averaging = 0.3
      $0.agreement = Agreement(overRelaxation: 0.5)
      $0.curvatureAverage = CurvatureAverage(decay: 0.4, initial: 2)
    }
    var rejecting = Method.sgdQLR(StochasticGradientDescent(momentum: 0.9))
    rejecting.acceptance = OnlyDecreases()
    rejecting.weightDecay.rate = 0.01
    var accepting = Method.paperAdamQLR()
    accepting.damping = LossFollowingDamping()
    accepting.acceptance = OnlyDecreases(restoring: .everything)
    var learned = Method(
      direction: StochasticGradientDescent(momentum: 0.5, isNesterov: true, l2: 0.01),
      learningRate: Hypergradient(initial: 0.02, rate: 0.01),
      damping: LevenbergMarquardt())
    learned.clipping = Clipping(gradientNorm: 1, directionElement: 0.5, updateNorm: 0.1)
    var averaged = Method.paperAdamQLR()
    averaged.averaging = IterateAveraging(share: 0.3)
    return [
      ("AdamQLR", .paperAdamQLR()), ("memory", memory), ("rejecting", rejecting),
      ("accepting", accepting), ("learned", learned), ("averaged", averaged),
    ]
      + directions.map { name, direction in
        var method = Method.paperAdamQLR()
        method.direction = direction
        return (name, method)
      }
  }()

  /// The directions besides SGD's and Adam's.
  static let directions: [(name: String, direction: any Direction)] = [
    ("RMSprop", RMSprop()), ("centered RMSprop", RMSprop(decay: 0.9, isCentered: true)),
    ("AdaGrad", AdaGrad()), ("Lion", Lion()), ("NAdam", NAdam()), ("Prodigy", Prodigy()),
    ("D-Adaptation", DAdaptation()), ("Schedule-Free", ScheduleFreeAdamW()),
    ("ScheduleFree+", ScheduleFreePlus()),
  ]
}
