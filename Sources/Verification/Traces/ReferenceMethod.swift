import AdamQLR
import AdamQLRNetworks

extension Method {
  /// The method that a reference trace was made with, quirks included.
  ///
  /// - Parameter settings: The settings under the reference implementations' own names.
  /// - Throws: ``TraceError/unsupported(_:)`` for an optimizer or a setting that is not known.
  public init(reference settings: [String: ReferenceTrace.Value]) throws(TraceError) {
    var settings = ReferenceSettings(settings)
    switch try settings.text("name", default: "") {
    case "sgd":
      self = .sgd(
        learningRate: try settings.number("learning_rate"),
        momentum: try settings.number("momentum", default: 0),
        l2: try settings.number("add_decayed_weights", default: 0))
    case "adam":
      self = .adam(learningRate: try settings.number("learning_rate"), try settings.adam())
    case "adamw":
      self = .adamW(
        learningRate: try settings.number("learning_rate"),
        weightDecay: try settings.number("weight_decay"), try settings.adam())
    case "BaydinSGD":
      // The reference keeps the initial rate in single precision.
      let initial = Double(Float(try settings.number("initial_learning_rate")))
      self.init(
        direction: StochasticGradientDescent(),
        learningRate: Hypergradient(
          initial: initial, rate: try settings.number("hypergradient_learning_rate")))
    case "AdamQLROptimiser":
      self = try settings.quadraticModel(along: ReferenceAdam(try settings.adam()))
    case "SGDQLROptimiser":
      self = try settings.quadraticModel(along: StochasticGradientDescent())
    case "kfac":
      self = try settings.kfac()
    case let name:
      throw .unsupported("optimizer '\(name)'")
    }
    try settings.finish()
  }
}

/// Settings of a reference implementation, each of which must be asked for.
private struct ReferenceSettings {
  private var remaining: [String: ReferenceTrace.Value]

  init(_ settings: [String: ReferenceTrace.Value]) { remaining = settings }

  /// Takes a setting; `nil` where it is absent or null.
  private mutating func take(_ name: String) -> ReferenceTrace.Value? {
    let value = remaining.removeValue(forKey: name)
    return value == .null ? nil : value
  }

  mutating func optionalNumber(_ name: String) throws(TraceError) -> Double? {
    switch take(name) {
    case nil: return nil
    case .number(let value): return value
    case let value:
      throw .unreadable("optimizer.\(name) is \(value ?? .null), but must be a number")
    }
  }

  mutating func number(_ name: String, default value: Double? = nil) throws(TraceError) -> Double {
    if let number = try optionalNumber(name) ?? value { return number }
    throw .unreadable("optimizer.\(name) is missing")
  }

  mutating func text(_ name: String, default value: String) throws(TraceError) -> String {
    switch take(name) {
    case nil: return value
    case .text(let text): return text
    case let value: throw .unreadable("optimizer.\(name) is \(value ?? .null), but must be a word")
    }
  }

  mutating func flag(_ name: String) throws(TraceError) -> Bool {
    switch take(name) {
    case nil: return false
    case .flag(let value): return value
    case let value:
      throw .unreadable("optimizer.\(name) is \(value ?? .null), but must be true or false")
    }
  }

  mutating func adam() throws(TraceError) -> Adam {
    Adam(
      beta1: try number("b1", default: 0.9), beta2: try number("b2", default: 0.999),
      epsilon: try number("eps", default: 1e-8), epsilonRoot: try number("eps_root", default: 0))
  }

  mutating func quadraticModel(along direction: some Direction) throws(TraceError) -> Method {
    var rate = QuadraticRate()
    let curvature = try text("curvature_matrix", default: "fisher")
    rate.clipping = try optionalNumber("lr_clipping")
    rate.amplification = try number("update_amplification", default: 1)
    rate.averaging = try optionalNumber("lr_ema")
    rate.curvatureAverage = try optionalNumber("lr_curvature_ema").map {
      CurvatureAverage(decay: $0)
    }
    let isSaddleFree = try flag("saddle_free_lr_curvature")
    var method = Method(
      direction: direction, learningRate: ReferenceRate(rate, isSigned: !isSaddleFree))
    switch Curvature(rawValue: curvature) {
    case .fisher: method.model.curvature = .fisher
    case .hessian: method.model.curvature = isSaddleFree ? .saddleFreeHessian : .hessian
    case nil: throw .unsupported("curvature_matrix '\(curvature)'")
    }
    if let peak = try optionalNumber("scaling_envelope_peak") {
      method.envelope = Envelope(
        peak: try whole(peak, "scaling_envelope_peak", from: 0), total: try count("total_steps"))
    }
    try addDamping(to: &method)
    method.clipping = Clipping(
      gradientNorm: try optionalNumber("gradient_norm_clipping"),
      directionElement: try optionalNumber("direction_clipping"),
      updateNorm: try optionalNumber("update_norm_clipping"))
    method.weightDecay.rate = try number("weight_decay", default: 0)
    method.weightDecay.isJudged = true
    return method
  }

  mutating func kfac() throws(TraceError) -> Method {
    let (adaptsRate, adaptsMomentum) = (
      try flag("use_adaptive_learning_rate"), try flag("use_adaptive_momentum")
    )
    var direction = KFAC(
      decay: try number("curvature_ema"),
      inverseInterval: try count("inverse_update_period"),
      usesExactInverses: try flag("use_exact_inverses"))
    switch try text("estimation_mode", default: "") {
    case "fisher_exact": direction.estimation = .exact
    // The problem's loss gives what the reference takes for it.
    case "fisher_empirical": direction.estimation = .sampled
    case let name: throw .unsupported("estimation_mode '\(name)'")
    }
    var method = Method(direction: direction, learningRate: QuadraticRate())
    if !adaptsRate { method.learningRate = FixedRate(try number("learning_rate")) }
    if adaptsMomentum {
      method.momentum = QuadraticMomentum()
    } else {
      method.momentum = FixedMomentum(try number("momentum"))
    }
    if try flag("use_adaptive_damping") {
      var rule = LevenbergMarquardt.kfac
      rule.bounds.initial = try number("initial_damping")
      rule.interval = try count("damping_adaptation_interval")
      if !adaptsRate, !adaptsMomentum { rule.ratioCurvature = .direction }
      method.damping = ReferenceLevenbergMarquardt(rule)
    } else {
      method.damping = ConstantDamping(try number("damping"))
    }
    method.clipping.normConstraint = try optionalNumber("norm_constraint")
    return method
  }

  /// A whole number from 1.
  private mutating func count(_ name: String) throws(TraceError) -> Int {
    try whole(try number(name), name, from: 1)
  }

  private func whole(
    _ value: Double, _ name: String, from lowest: Int
  ) throws(TraceError) -> Int {
    guard let number = Int(exactly: value), (lowest...Int(Int32.max)).contains(number) else {
      throw .unreadable("optimizer.\(name) is \(value), but must be a whole number from \(lowest)")
    }
    return number
  }

  private mutating func addDamping(to method: inout Method) throws(TraceError) {
    var bounds = DampingBounds(initial: try number("initial_damping", default: 0), floor: 0)
    let algorithm = try text("damping_algorithm", default: "kfac")
    let (decrease, increase) = (
      try optionalNumber("damping_decrease_factor"), try optionalNumber("damping_increase_factor")
    )
    switch take("damping_clipping") {
    case nil: break
    case .list(let clipping) where clipping.count == 2:
      if case .number(let floor) = clipping[0] { bounds.floor = floor }
      if case .number(let ceiling) = clipping[1] { bounds.ceiling = ceiling }
    case let value: throw .unreadable("optimizer.damping_clipping is \(value ?? .null)")
    }
    let moment = try momentInRatio()
    // The reference needs both to adapt λ; without, λ is 0.
    guard let decrease, let increase else { return }
    (bounds.decreaseFactor, bounds.increaseFactor) = (decrease, increase)
    switch algorithm {
    case "kfac":
      var rule = LevenbergMarquardt()
      rule.bounds = bounds
      method.damping = ReferenceLevenbergMarquardt(rule, isOfMoment: moment != nil)
      if let moment, var adam = method.direction as? ReferenceAdam {
        adam.usesRoot = moment == .root
        method.direction = adam
      }
    case "decreasing_loss":
      method.damping = ReferenceAcceptOrReject(bounds)
      method.acceptance = OnlyDecreases(restoring: .everything)
    default: throw .unsupported("damping_algorithm '\(algorithm)'")
    }
  }

  private enum Moment { case plain, root }

  /// What of Adam's second moment stands for the curvature inside ρ.
  private mutating func momentInRatio() throws(TraceError) -> Moment? {
    switch try text("damping_curvature", default: "") {
    case "": return nil
    case "adam_sqrt": return .root
    case "adam_no_sqrt": return .plain
    case let name: throw .unsupported("damping_curvature '\(name)'")
    }
  }

  /// Fails if a setting was not asked for.
  func finish() throws(TraceError) {
    if let name = remaining.keys.min() { throw .unsupported("optimizer.\(name)") }
  }
}
