import AdamQLR

/// A method's settings as a flat record, so that each has a name of its own in files and on the
/// command line. ``makeMethod(totalSteps:)`` makes the method.
public struct MethodSettings: Hashable, Sendable {
  /// The directions by name.
  public enum DirectionKind: String, CaseIterable, Sendable {
    case sgd, adam
  }

  /// The learning rates by name.
  public enum LearningRateKind: String, CaseIterable, Sendable {
    case fixed, schedule, hypergradient
    case quadraticModel = "quadratic-model"
  }

  /// The shapes of schedules by name.
  public enum ScheduleShape: String, CaseIterable, Sendable {
    case constant, cosine, piecewise
  }

  /// The dampings by name.
  public enum DampingKind: String, CaseIterable, Sendable {
    case none, constant
    case levenbergMarquardt = "levenberg-marquardt"
    case acceptOrReject = "accept-or-reject"
  }

  var direction: DirectionKind
  var adam = Adam()
  var sgd = StochasticGradientDescent()

  var learningRate: LearningRateKind
  /// The fixed rate, the schedule's peak, the hypergradient's start.
  var rate: Double
  var hypergradientRate = 1e-3
  var shape = ScheduleShape.constant
  var warmUp = 0
  var total: Int?
  var final = 0.0
  var boundaries: [Int] = []
  var factors: [Double] = []
  var model = QuadraticModel()
  var envelopePeak: Int?
  var envelopeTotal: Int?

  var damping: DampingKind
  var levenbergMarquardt = LevenbergMarquardt()

  var clipping = Clipping()
  var weightDecay = WeightDecay()
  var rejectsIncrease = false

  /// The settings of a preset.
  public init(_ preset: Preset) {
    (direction, learningRate, rate, damping) =
      switch preset {
      case .adamQLR: (.adam, .quadraticModel, 1e-3, .levenbergMarquardt)
      case .sgdQLR: (.sgd, .quadraticModel, 0.1, .levenbergMarquardt)
      case .adam, .adamW: (.adam, .fixed, 1e-3, .none)
      case .sgd: (.sgd, .fixed, 0.1, .none)
      case .hypergradient: (.sgd, .hypergradient, 0.1, .none)
      }
    if preset == .adamW { weightDecay = WeightDecay(rate: 0.01, isScaledByLearningRate: true) }
  }

  /// The method.
  ///
  /// - Parameter totalSteps: The length of the run, at which cosines and envelopes end that are
  ///   given no end of their own; `nil` where it is not known.
  public func makeMethod(totalSteps: Int?) -> Method {
    var method = Method(
      direction: direction == .adam ? adam : sgd,
      learningRate: makeLearningRate(totalSteps), damping: makeDamping())
    method.clipping = clipping
    method.weightDecay = weightDecay
    method.rejectsIncrease = rejectsIncrease
    return method
  }

  /// Whether steps need a second batch.
  public var usesIndependentBatch: Bool {
    learningRate == .quadraticModel && model.usesIndependentBatch
  }

  private func makeLearningRate(_ totalSteps: Int?) -> LearningRate {
    switch learningRate {
    case .fixed:
      return .fixed(rate)
    case .hypergradient:
      return .hypergradient(initial: rate, rate: hypergradientRate)
    case .schedule:
      let shape: Schedule.Shape =
        switch shape {
        case .constant: .constant
        case .cosine: .cosine(total: total ?? totalSteps ?? .max, final: final)
        case .piecewise: .piecewise(zip(boundaries, factors).map(Schedule.Boundary.init))
        }
      return .schedule(Schedule(peak: rate, warmUp: warmUp, shape: shape))
    case .quadraticModel:
      var model = model
      model.envelope = envelopePeak.map {
        Envelope(peak: $0, total: envelopeTotal ?? totalSteps ?? .max)
      }
      return .quadraticModel(model)
    }
  }

  private func makeDamping() -> Damping {
    switch damping {
    case .none: .none
    case .constant: .constant(levenbergMarquardt.initial)
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
    if boundaries.count != factors.count {
      return "learning-rate.boundaries has \(boundaries.count) steps, but learning-rate.factors "
        + "\(factors.count) factors; there must be one for each"
    }
    if learningRate == .schedule, shape == .cosine {
      guard let end = total ?? totalSteps else {
        return "learning-rate.total is needed: a run whose length is given in seconds has no last "
          + "step for the cosine to end at"
      }
      if warmUp >= end {
        return "learning-rate.warm-up (\(warmUp)) must end before the cosine does, at step \(end)"
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
    if direction == .sgd, rule.ratioCurvature != .model {
      return "damping.ratio-curvature '\(rule.ratioCurvature.rawValue)' needs direction.kind 'adam'"
    }
    return nil
  }
}
