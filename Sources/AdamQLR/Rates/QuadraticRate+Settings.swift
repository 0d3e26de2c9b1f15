extension QuadraticRate {
  public static let settings: [Setting<QuadraticRate>] =
    memorySettings + plausibilitySettings + agreementSettings + averageSettings + [
      Setting(
        "clipping", \.clipping, orNull: .positive, "Quadratic model: greatest |α|."),
      Setting("amplification", \.amplification, .nonnegative, "Quadratic model: factor on α."),
      Setting(
        "averaging", \.averaging, orNull: .fraction, "Quadratic model: decay of the averaged α."),
    ]

  private static let memorySettings: [Setting<QuadraticRate>] = [
    Setting(
      "memory", SettingRange<Double>.fraction.orNull,
      "Quadratic model: decay of the remembered curvature; null: by memory-epochs.",
      get: { .some($0.memory.horizon?.ownDecay) },
      set: { $0.memory.set(horizon: $1.map(Horizon.decay), instead: \.ownDecay) }),
    Setting(
      "memory-epochs", SettingRange<Double>.positive.orNull,
      "Quadratic model: how many epochs it is remembered.",
      get: { .some($0.memory.horizon?.epochs) },
      set: { $0.memory.set(horizon: $1.map(Horizon.epochs), instead: \.epochs) }),
    Setting(
      "memory-order", SettingRange<Double>.positive.orNull,
      "Quadratic model: order of the mean that it is, 2 with full batches; null: the maximum.",
      get: { $0.memory.horizon == nil ? nil : .some($0.memory.order?.small) },
      set: { $0.memory.order = $1.map { BatchDependent(full: 2, small: $0) } }),
    Setting(
      "memory-cap", SettingRange<Double>.fromOne.orNull,
      "Quadratic model: times the mean that one step counts at most; null: no cap.",
      get: { $0.memory.isMean ? .some($0.memory.cap) : nil }, set: { $0.memory.cap = $1 }),
    Setting(
      "memory-relief", SettingRange<Double>.positive.orNull,
      "Quadratic model: epochs whose promises below the loss relieve memory; null: none do.",
      get: { rate in
        rate.plausibility != nil && rate.memory.isMean
          ? .some(rate.memory.relief?.epochs) : nil
      },
      set: { $0.memory.relief = $1.map(Horizon.epochs) }),
    Setting(
      "curvature-interval", .positive,
      "Quadratic model: steps from one curvature to the next, at least 10 an epoch.",
      get: { $0.memory.horizon == nil ? nil : $0.memory.interval },
      set: { $0.memory.interval = $1 }),
  ]

  private static let plausibilitySettings: [Setting<QuadraticRate>] = [
    Setting(
      "previous-direction", .fraction,
      "Quadratic model: weight of the slope along d before; × the share not in a batch.",
      get: { $0.previousSlope?.weight.small ?? 0 },
      set: { $0.previousSlope = $1 == 0 ? nil : PreviousSlope(weight: .unseen($1)) }),
    Setting(
      "plausible-decrease", SettingRange<Double>.positive.orNull,
      "Quadratic model: share of the loss at which that weight is half; null: always whole.",
      get: { rate in
        rate.previousSlope != nil || rate.memory.isMean
          ? .some(rate.plausibility?.decrease) : nil
      },
      set: { rate, decrease in
        rate.plausibility = decrease.map {
          Plausibility(decrease: $0, averaging: rate.plausibility?.averaging ?? 0)
        }
      }),
    Setting(
      "promise-averaging", .decay, "Quadratic model: decay of the averages of that share.",
      get: { $0.plausibility?.averaging }, set: { $0.plausibility?.averaging = $1 }),
  ]

  private static let agreementSettings: [Setting<QuadraticRate>] = [
    Setting(
      "over-relaxation", SettingRange<Double>.decay.orNull,
      "Quadratic model: a of the factor 1 + aσ on α, σ the share of slope that batches agree on.",
      get: { .some($0.agreement?.overRelaxation) },
      set: { rate, excess in
        rate.agreement = excess.map {
          var agreement = rate.agreement ?? Agreement(overRelaxation: $0)
          agreement.overRelaxation = $0
          return agreement
        }
      }),
    Setting(
      "agreement-averaging", .decay, "Quadratic model: decay of the sums that σ comes from.",
      get: { $0.agreement?.averaging }, set: { $0.agreement?.averaging = $1 }),
  ]

  private static let averageSettings: [Setting<QuadraticRate>] = [
    Setting(
      "curvature-averaging", SettingRange<Double>.fraction.orNull,
      "Quadratic model: decay of the averaged dᵀ(C+λI)d.",
      get: { .some($0.curvatureAverage?.decay) },
      set: { rate, decay in
        rate.curvatureAverage = decay.map {
          CurvatureAverage(decay: $0, initial: rate.curvatureAverage?.initial ?? 1e7)
        }
      }),
    Setting(
      "initial-averaged-curvature", .nonnegative,
      "Quadratic model: where that average starts.",
      get: { $0.curvatureAverage?.initial }, set: { $0.curvatureAverage?.initial = $1 }),
  ]

  public var problem: String? {
    let isUnresolved =
      memory.isUnresolved || previousSlope.map { $0.weight.value == nil } ?? false
    if isUnresolved {
      return "memory and previous-direction depend on how many batches make an epoch: say it by "
        + "Method.resolved(for:)"
    }
    return memory.problem
  }
}

extension CurvatureMemory {
  /// Whether there is a memory, and it is a mean.
  fileprivate var isMean: Bool { horizon != nil && order != nil }

  fileprivate var isUnresolved: Bool {
    guard let horizon else { return false }
    return horizon.decay == nil || order.map { $0.value == nil } ?? false
      || relief.map { $0.steps == nil } ?? false
  }

  /// Remembers for as long as this; `nil` ends the memory where it is given in that way.
  fileprivate mutating func set(horizon: Horizon?, instead own: KeyPath<Horizon, Double?>) {
    if horizon != nil || self.horizon?[keyPath: own] != nil { self.horizon = horizon }
  }

  /// What is wrong with horizons that are resolved, which no setting is of.
  fileprivate var problem: String? {
    let horizons: [(String, Horizon?)] = [("memory-epochs", horizon), ("memory-relief", relief)]
    for (name, horizon) in horizons {
      guard case .steps(let steps) = horizon, !SettingRange.positive.contains(steps) else {
        continue
      }
      return "\(name) comes to \(steps) steps, but must be above 0"
    }
    return nil
  }
}

extension Horizon {
  fileprivate var ownDecay: Double? {
    if case .decay(let decay) = self { decay } else { nil }
  }
  fileprivate var epochs: Double? {
    if case .epochs(let epochs) = self { epochs } else { nil }
  }
}
