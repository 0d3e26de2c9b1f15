import AdamQLR

extension MethodSettings {
  /// The settings of a preset.
  public init(_ preset: Preset) {
    switch preset {
    case .adamQLR, .adamQLRPaper, .adamQLRHessian, .adamQLRTuned:
      self.init(.adam, .quadraticModel, rate: 1e-3, .levenbergMarquardt)
    case .adamQLRUndamped: self.init(.adam, .quadraticModel, rate: 1e-3)
    case .sgdQLR: self.init(.sgd, .quadraticModel, rate: 0.1, .levenbergMarquardt)
    case .kfac: self.init(.kfac, .quadraticModel, rate: 0.05, .levenbergMarquardt)
    case .kfacUnadaptive: self.init(.kfac, .fixed, rate: 0.05, .constant)
    case .adam, .adamEpsilon, .adamW: self.init(.adam, .fixed, rate: 1e-3)
    case .sgdMinimal: self.init(.sgd, .fixed, rate: 1e-3)
    case .sgdFull, .sgd: self.init(.sgd, .fixed, rate: 0.1)
    case .baydinSGD: self.init(.sgd, .hypergradient, rate: 1e-3)
    case .hypergradient: self.init(.sgd, .hypergradient, rate: 0.1)
    case .rmsprop: self.init(.rmsprop, .fixed, rate: 0.01)
    case .adaGrad: self.init(.adaGrad, .fixed, rate: 0.01)
    case .nadam: self.init(.nadam, .fixed, rate: 2e-3)
    case .lion: self.init(.lion, .fixed, rate: 1e-4)
    case .shampoo: self.init(.shampoo, .fixed, rate: 0.05)
    case .muon: self.init(.muon, .fixed, rate: 0.02)
    case .prodigy: self.init(.prodigy, .fixed, rate: 1)
    case .dAdaptation: self.init(.dAdaptation, .fixed, rate: 1)
    case .scheduleFreeAdamW: self.init(.scheduleFreeAdamW, .fixed, rate: 0.0025)
    }
    switch preset {
    case .adamQLR:
      adam.relativeEpsilon = 0.1
      model.memoryOrder = 5
      model.memoryCap = 4
      model.previousDirectionWeight = 0.85
      model.plausibleDecrease = 0.04
      model.promiseAveraging = 0.9
      model.memoryRelief = 1
      memoryEpochs = 3
    case .adamQLRHessian:
      model.curvature = .hessian
    case .adamQLRTuned:
      levenbergMarquardt = LevenbergMarquardt(
        initial: 1, decreaseFactor: 0.95, increaseFactor: 1.0526)
    case .kfac:
      momentum = .quadraticModel
      levenbergMarquardt = .kfac
    case .kfacUnadaptive:
      momentum = .fixed
      levenbergMarquardt.initial = 0.3
    case .adamEpsilon:
      adam.epsilon = 1e-4
    case .adamW:
      weightDecay = WeightDecay(rate: 0.01, isScaledByLearningRate: true)
    case .sgdFull:
      (sgd.momentum, sgd.l2) = (0.9, 5e-4)
    case .lion, .muon, .prodigy, .dAdaptation:
      // None by default, but where someone sets a rate it is the paper's.
      weightDecay.isScaledByLearningRate = true
    default: break
    }
  }

  /// The point in the grid of heuristics in words: direction, learning rate, momentum, damping.
  public var gridPoint: [String] {
    let rate =
      switch learningRate {
      case .fixed: "fixed α \(rate)"
      case .schedule: "scheduled α, peak \(rate)"
      case .hypergradient: "hypergradient, from α \(rate)"
      case .quadraticModel: "quadratic model (\(model.curvature.rawValue))"
      }
    let momentumText =
      switch momentum {
      case .none: "no momentum"
      case .fixed: "fixed μ \(momentumValue)"
      case .schedule: "scheduled μ, peak \(momentumValue)"
      case .quadraticModel: "quadratic model"
      }
    let initial = levenbergMarquardt.initial
    let dampingText =
      switch damping {
      case .none: "no damping"
      case .constant: "constant λ \(initial)"
      case .schedule: "scheduled λ, peak \(initial)"
      case .levenbergMarquardt: "Levenberg–Marquardt, from λ \(initial)"
      case .acceptOrReject: "accept or reject, from λ \(initial)"
      }
    return [direction.rawValue, rate, momentumText, dampingText]
  }
}

extension SettingsKey {
  /// Whether ``MethodSettings/gridPoint`` tells the setting's value.
  public var isPartOfGridPoint: Bool {
    name.hasSuffix(".kind")
      || ["learning-rate.value", "learning-rate.curvature", "momentum.value", "damping.initial"]
        .contains(name)
  }
}
