import Synchronization

/// The heuristics that have a name: in files, on the command line, and where a ``Method`` or an
/// ``OptimizerState`` is encoded.
///
/// This module's are there from the start. One of your own trains without being registered; to save
/// it, or to choose it by settings, register it once, at the start of the program:
///
///     HeuristicRegistry.register(.direction("sign-descent", SignDescent(), usualRate: 1e-3))
public enum HeuristicRegistry {
  private static let registered = Mutex((version: 0, entries: builtIn))

  /// Gives a heuristic its name. The last one of a name counts.
  public static func register(_ entry: RegisteredHeuristic) {
    registered.withLock { registered in
      registered.entries.removeAll { $0.axis == entry.axis && $0.name == entry.name }
      registered.entries.append(entry)
      registered.version += 1
    }
  }

  /// All of them, in the order in which they were registered.
  public static var entries: [RegisteredHeuristic] { registered.withLock { $0.entries } }

  /// Those of one axis.
  public static func entries(_ axis: HeuristicAxis) -> [RegisteredHeuristic] {
    entries.filter { $0.axis == axis }
  }

  /// A number that rises with every registration.
  package static var version: Int { registered.withLock { $0.version } }

  private static let builtIn: [RegisteredHeuristic] = [
    .direction("sgd", StochasticGradientDescent(), group: "direction", usualRate: 0.1),
    .direction("adam", Adam(), group: "direction", usualRate: 1e-3),
    .direction("rmsprop", RMSprop(), usualRate: 0.01),
    .direction("adagrad", AdaGrad(), usualRate: 0.01),
    .direction("lion", Lion(), usualRate: 1e-4),
    .direction("nadam", NAdam(), usualRate: 2e-3),
    .direction("prodigy", Prodigy(), usualRate: 1),
    .direction("d-adaptation", DAdaptation(), usualRate: 1),
    .direction(
      "schedule-free-adamw", ScheduleFreeAdamW(), group: "schedule-free", usualRate: 0.0025),
    .direction("schedule-free-plus", ScheduleFreePlus(), usualRate: 1),
    .learningRate("fixed", FixedRate(1e-3)),
    .learningRate("schedule", ScheduledRate(Schedule(peak: 1e-3))),
    .learningRate("hypergradient", Hypergradient(initial: 1e-3)),
    .learningRate("quadratic-model", QuadraticRate()),
    .momentum("none", NoMomentum()),
    .momentum("fixed", FixedMomentum(0.9)),
    .momentum("schedule", ScheduledMomentum(Schedule(peak: 0.9))),
    .momentum("quadratic-model", QuadraticMomentum()),
    .damping("none", NoDamping()),
    .damping("constant", ConstantDamping()),
    .damping("schedule", ScheduledDamping(Schedule(peak: 1e-3))),
    .damping("levenberg-marquardt", LevenbergMarquardt()),
    .damping(
      "accept-or-reject", LossFollowingDamping(), with: OnlyDecreases(restoring: .everything)),
    .acceptance("all", AcceptsAll()),
    .acceptance("only-decreases", OnlyDecreases()),
  ]
}

/// The axes of the grid, by their names in settings.
public enum HeuristicAxis: String, CaseIterable, Sendable {
  /// Where a step goes.
  case direction
  /// How far.
  case learningRate = "learning-rate"
  /// How much of the previous update it repeats.
  case momentum
  /// What is added to the curvature.
  case damping
  /// Which steps are taken.
  case acceptance

  /// A method's heuristic of this axis.
  func heuristic(of method: Method) -> any Heuristic {
    switch self {
    case .direction: method.direction
    case .learningRate: method.learningRate
    case .momentum: method.momentum
    case .damping: method.damping
    case .acceptance: method.acceptance
    }
  }
}

/// A heuristic with its name.
public struct RegisteredHeuristic: Sendable {
  /// The axis.
  public let axis: HeuristicAxis
  /// The name, unique on the axis.
  public let name: String
  /// Its settings, under their full names.
  public let settings: [Setting<Method>]
  /// What the full names start with.
  let group: String
  /// The learning rate that is usual with this direction, where it is fixed.
  let usualRate: Double?
  /// What is accepted where this damping is chosen.
  let acceptance: (any Acceptance)?
  let type: ObjectIdentifier
  /// Puts it, with the settings' defaults, into a method.
  let select: @Sendable (inout Method) -> Void
  let decode: @Sendable (any Decoder) throws -> any Heuristic

  private init<H: Heuristic & Decodable>(
    _ axis: HeuristicAxis, _ name: String, _ value: H, group: String? = nil,
    usualRate: Double? = nil, acceptance: (any Acceptance)? = nil,
    get: @escaping @Sendable (Method) -> H?, set: @escaping @Sendable (inout Method, H) -> Void
  ) {
    (self.axis, self.name, self.usualRate, self.acceptance) = (axis, name, usualRate, acceptance)
    let group = group ?? axis.rawValue
    self.group = group
    type = ObjectIdentifier(H.self)
    settings = H.settings.map { $0.lifted(to: group, get: get, set: set) }
    select = { set(&$0, value) }
    decode = { try H(from: $0) }
  }

  /// A direction.
  ///
  /// - Parameters:
  ///   - name: Its name.
  ///   - value: It, with the settings' defaults.
  ///   - group: What its settings' names start with. Default: its name.
  ///   - usualRate: The α that is usual with it, where α is fixed.
  public static func direction<H: Direction & Codable>(
    _ name: String, _ value: H, group: String? = nil, usualRate: Double
  ) -> RegisteredHeuristic {
    RegisteredHeuristic(
      .direction, name, value, group: group ?? name, usualRate: usualRate,
      get: { $0.direction as? H }, set: { $0.direction = $1 })
  }

  /// A rule of the learning rate.
  public static func learningRate<H: LearningRate & Codable>(
    _ name: String, _ value: H
  ) -> RegisteredHeuristic {
    RegisteredHeuristic(
      .learningRate, name, value, get: { $0.learningRate as? H }, set: { $0.learningRate = $1 })
  }

  /// A rule of the momentum.
  public static func momentum<H: Momentum & Codable>(
    _ name: String, _ value: H
  ) -> RegisteredHeuristic {
    RegisteredHeuristic(
      .momentum, name, value, get: { $0.momentum as? H }, set: { $0.momentum = $1 })
  }

  /// A rule of the damping.
  ///
  /// - Parameters:
  ///   - name: The name by which it is chosen.
  ///   - value: The rule with its usual settings.
  ///   - acceptance: What is accepted where it is chosen by name. Default: what was before.
  public static func damping<H: Damping & Codable>(
    _ name: String, _ value: H, with acceptance: (any Acceptance)? = nil
  ) -> RegisteredHeuristic {
    RegisteredHeuristic(
      .damping, name, value, acceptance: acceptance, get: { $0.damping as? H },
      set: { $0.damping = $1 })
  }

  /// A rule of acceptance.
  public static func acceptance<H: Acceptance & Codable>(
    _ name: String, _ value: H
  ) -> RegisteredHeuristic {
    RegisteredHeuristic(
      .acceptance, name, value, get: { $0.acceptance as? H }, set: { $0.acceptance = $1 })
  }
}
