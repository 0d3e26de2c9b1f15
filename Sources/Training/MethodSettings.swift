import AdamQLR
import Networks

/// A method's settings as a flat record, so that each has a name of its own in files and on the
/// command line. ``makeMethod(totalSteps:batchesPerEpoch:seed:)`` makes the method.
public struct MethodSettings: Hashable, Sendable {
  /// The directions by name.
  public enum DirectionKind: String, CaseIterable, Sendable {
    case sgd, adam, kfac, rmsprop
    case adaGrad = "adagrad"
    case lion, nadam, prodigy
    case dAdaptation = "d-adaptation"
    case scheduleFreeAdamW = "schedule-free-adamw"
    case shampoo, muon
  }

  /// The learning rates by name.
  public enum LearningRateKind: String, CaseIterable, Sendable {
    case fixed, schedule, hypergradient
    case quadraticModel = "quadratic-model"
  }

  /// The momenta of the step by name.
  public enum MomentumKind: String, CaseIterable, Sendable {
    case none, fixed, schedule
    case quadraticModel = "quadratic-model"
  }

  /// The dampings by name.
  public enum DampingKind: String, CaseIterable, Sendable {
    case none, constant, schedule
    case levenbergMarquardt = "levenberg-marquardt"
    case acceptOrReject = "accept-or-reject"
  }

  var direction: DirectionKind
  var adam = Adam()
  var sgd = StochasticGradientDescent()
  var kfac = KFAC()
  var rmsprop = RMSprop()
  var adaGrad = AdaGrad()
  var lion = Lion()
  var nadam = NAdam()
  var prodigy = Prodigy()
  var dAdaptation = DAdaptation()
  var scheduleFreeAdamW = ScheduleFreeAdamW()
  var shampoo = Shampoo()
  var muon = Muon()

  var learningRate: LearningRateKind
  /// The fixed rate, the schedule's peak, the hypergradient's start.
  var rate: Double
  var hypergradientRate = 1e-3
  var model = QuadraticModel()
  /// The length in epochs of the curvature memory that ``QuadraticModel/memory`` does not give.
  var memoryEpochs: Double?
  var envelopePeak: Int?
  var envelopeTotal: Int?

  var momentum = MomentumKind.none
  /// The fixed μ, or the schedule's peak.
  var momentumValue = 0.9

  var damping: DampingKind
  var levenbergMarquardt = LevenbergMarquardt()

  private var schedules: [ScheduleSettings.Owner: ScheduleSettings] = [:]

  /// The schedule that something follows, if it follows one.
  subscript(owner: ScheduleSettings.Owner) -> ScheduleSettings {
    get { schedules[owner] ?? ScheduleSettings() }
    set { schedules[owner] = newValue == ScheduleSettings() ? nil : newValue }
  }

  var clipping = Clipping()
  var weightDecay = WeightDecay()
  var l2 = 0.0
  var rejectsIncrease = false

  /// Settings with these heuristics, each at its defaults.
  init(
    _ direction: DirectionKind, _ learningRate: LearningRateKind, rate: Double,
    _ damping: DampingKind = .none
  ) {
    self.direction = direction
    self.learningRate = learningRate
    self.rate = rate
    self.damping = damping
  }

  /// The method.
  ///
  /// - Parameters:
  ///   - totalSteps: The length of the run, at which cosines and envelopes end that are given no end
  ///     of their own; `nil` where it is not known.
  ///   - batches: The number of batches in an epoch.
  ///   - seed: What a method draws at random follows from.
  public func makeMethod(
    totalSteps: Int?, batchesPerEpoch batches: Int, seed: UInt64
  ) -> Method {
    let share = BatchShare(batchesPerEpoch: batches)
    var method = Method(
      direction: makeDirection(seed, share), learningRate: makeLearningRate(totalSteps, share),
      damping: makeDamping(totalSteps))
    method.momentum = makeMomentum(totalSteps)
    method.l2 = l2
    method.clipping = clipping
    method.weightDecay = weightDecay
    method.rejectsIncrease = rejectsIncrease
    return method
  }

  /// Whether steps need a second batch.
  public var usesIndependentBatch: Bool {
    learningRate == .quadraticModel && model.usesIndependentBatch
  }

  private func makeDirection(_ seed: UInt64, _ share: BatchShare) -> any Direction {
    switch direction {
    case .sgd: return sgd
    case .adam: return share.applied(to: adam)
    case .rmsprop: return rmsprop
    case .adaGrad: return adaGrad
    case .lion: return lion
    case .nadam: return nadam
    case .prodigy: return prodigy
    case .dAdaptation: return dAdaptation
    case .scheduleFreeAdamW: return scheduleFreeAdamW
    case .shampoo: return shampoo
    case .muon: return muon
    case .kfac:
      var kfac = kfac
      kfac.seed = seed
      return kfac
    }
  }

  private func makeLearningRate(_ totalSteps: Int?, _ share: BatchShare) -> LearningRate {
    switch learningRate {
    case .fixed:
      return .fixed(rate)
    case .hypergradient:
      return .hypergradient(initial: rate, rate: hypergradientRate)
    case .schedule:
      return .schedule(self[.learningRate].makeSchedule(peak: rate, totalSteps: totalSteps))
    case .quadraticModel:
      var model = share.applied(to: model, memoryEpochs: memoryEpochs)
      model.envelope = envelopePeak.map {
        Envelope(peak: $0, total: envelopeTotal ?? totalSteps ?? .max)
      }
      return .quadraticModel(model)
    }
  }

  private func makeMomentum(_ totalSteps: Int?) -> Momentum {
    switch momentum {
    case .none: .none
    case .fixed: .fixed(momentumValue)
    case .schedule:
      .schedule(self[.momentum].makeSchedule(peak: momentumValue, totalSteps: totalSteps))
    case .quadraticModel: .quadraticModel
    }
  }

  private func makeDamping(_ totalSteps: Int?) -> Damping {
    switch damping {
    case .none: .none
    case .constant: .constant(levenbergMarquardt.initial)
    case .schedule:
      .schedule(
        self[.damping].makeSchedule(peak: levenbergMarquardt.initial, totalSteps: totalSteps))
    case .levenbergMarquardt: .levenbergMarquardt(levenbergMarquardt)
    case .acceptOrReject: .acceptOrReject(levenbergMarquardt)
    }
  }

  /// What is wrong with the settings taken together; each by itself is known to be in range.
  func problem(totalSteps: Int?) -> String? {
    let rule = levenbergMarquardt
    if let ceiling = rule.ceiling, ceiling < rule.floor {
      return "damping.ceiling (\(ceiling)) is below damping.floor (\(rule.floor))"
    }
    let uses = [
      (ScheduleSettings.Owner.learningRate, learningRate == .schedule),
      (.momentum, momentum == .schedule), (.damping, damping == .schedule),
    ]
    for (owner, isUsed) in uses {
      if let text = self[owner].problem(owner, isUsed: isUsed, totalSteps: totalSteps) {
        return text
      }
    }
    if let peak = envelopePeak {
      guard let end = envelopeTotal ?? totalSteps else {
        return "learning-rate.envelope-total is needed: a run whose length is given in seconds has "
          + "no last step for the envelope to end at"
      }
      if peak >= end {
        return "learning-rate.envelope-peak (\(peak)) must lie before the envelope's end, at step "
          + "\(end)"
      }
    }
    switch rule.ratioCurvature {
    case .adam where direction != .adam, .adamRoot where direction != .adam:
      return "damping.ratio-curvature '\(rule.ratioCurvature.rawValue)' needs direction.kind 'adam'"
    case .direction where direction != .kfac:
      return "damping.ratio-curvature 'direction' needs direction.kind 'kfac'"
    default: break
    }
    if clipping.normConstraint != nil, learningRate != .fixed, learningRate != .schedule {
      return "clipping.norm-constraint needs a learning rate that is known in advance: set "
        + "learning-rate.kind to 'fixed' or 'schedule'"
    }
    return nil
  }
}
