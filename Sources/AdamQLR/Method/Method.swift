/// A point in the grid of heuristics: direction × learning rate × momentum × damping × acceptance, and
/// what they are about.
///
/// A method is a value that says what to do; an ``Optimizer`` does it. Every axis is open: any value
/// of your own that conforms to its protocol can take the place of ours.
///
///     var method = Method.adamQLR(batchesPerEpoch: 20)
///     method.clipping.updateNorm = 1
///     method.acceptance = OnlyDecreases()
public struct Method: Codable, Sendable {
  /// Where a step goes.
  @AnyHeuristic public var direction: any Direction
  /// How far it goes.
  @AnyHeuristic public var learningRate: any LearningRate
  /// How much of the previous update it repeats. Default: nothing.
  @AnyHeuristic public var momentum: any Momentum = NoMomentum()
  /// What is added to the curvature. Default: nothing.
  @AnyHeuristic public var damping: any Damping
  /// Which steps are taken. Default: all.
  @AnyHeuristic public var acceptance: any Acceptance = AcceptsAll()
  /// Where the quadratic model's numbers come from. Default: the Fisher matrix, on the step's own batch.
  public var model = ModelSource()
  /// A factor on the whole step as a function of its number. Default: none.
  public var envelope: Envelope?
  /// Limits on the gradient, the direction and the update.
  public var clipping = Clipping()
  /// What pulls parameters towards 0.
  public var weightDecay = WeightDecay()
  /// An average of the parameters of the last steps, at which what was learned is judged and used
  /// (``Optimizer/evaluationPoint(for:)``). Default: none.
  public var averaging: IterateAveraging?

  /// Makes a method.
  public init(
    direction: some Direction, learningRate: some LearningRate, damping: some Damping = NoDamping()
  ) {
    self.direction = direction
    self.learningRate = learningRate
    self.damping = damping
  }

  /// The same with all that depends on a run's data and length worked out: what was said in epochs,
  /// what depends on how much of the data a batch shows, schedules that end with the run.
  ///
  /// Once worked out, nothing changes when it is done again.
  public func resolved(for run: RunShape) -> Method {
    var method = self
    method.direction = direction.resolved(for: run)
    method.learningRate = learningRate.resolved(for: run)
    method.momentum = momentum.resolved(for: run)
    method.damping = damping.resolved(for: run)
    method.acceptance = acceptance.resolved(for: run)
    method.envelope = envelope?.resolved(for: run)
    return method
  }

  /// Whether something asks for C on the plane of the step.
  public var needsCurvature: Bool {
    learningRate.needs.contains(.curvature) || momentum.needsCurvature
      || damping.allNeeds.contains(.curvature)
  }
}

/// Where a method's quadratic model comes from.
public struct ModelSource: Hashable, Codable, Sendable {
  /// C, where there is need of it. Default: the Fisher matrix.
  public var curvature: ModelCurvature
  /// The batch whose slope, curvature and losses count. Default: the step's own.
  public var batch: ModelBatch

  /// Makes a source.
  public init(_ curvature: ModelCurvature = .fisher, batch: ModelBatch = .own) {
    self.curvature = curvature
    self.batch = batch
  }
}

/// The matrix C of a method's quadratic model.
public enum ModelCurvature: String, Codable, Sendable, CaseIterable {
  /// The Fisher matrix.
  case fisher
  /// The Hessian matrix. Where dᵀ(C+λI)d ≤ 0 its magnitude is used, and the step's report says so.
  case hessian
  /// The Hessian matrix, by the magnitude of dᵀ(C+λI)d: negative curvature is then nothing out of the
  /// ordinary. The predicted change keeps the curvature's sign.
  case saddleFreeHessian = "saddle-free-hessian"

  /// What an objective is asked for.
  public var matrix: Curvature { self == .fisher ? .fisher : .hessian }
}

/// The batch whose slope, curvature and losses count.
public enum ModelBatch: String, Codable, Sendable, CaseIterable {
  /// The batch that the direction comes from.
  case own
  /// A second batch, independent of the one that made the direction, which steps are given. A
  /// negative α is then taken as 0. Not in the paper.
  case independent
}

extension Method: Hashable {
  public static func == (a: Method, b: Method) -> Bool { a.parts == b.parts }
  public func hash(into hasher: inout Hasher) { hasher.combine(parts) }

  private var parts: [AnyHashable] {
    [
      AnyHashable(direction), AnyHashable(learningRate), AnyHashable(momentum),
      AnyHashable(damping), AnyHashable(acceptance), model, envelope, clipping, weightDecay,
      averaging,
    ]
  }
}

extension Method {
  /// The settings that are the method's own rather than one of its heuristics'.
  static let ownSettings: [Setting<Method>] =
    [
      Setting(
        "learning-rate.curvature", .oneOf(ModelCurvature.self), "Quadratic model: C.",
        get: { $0.needsCurvature ? $0.model.curvature.rawValue : nil },
        set: { $0.model.curvature = ModelCurvature(rawValue: $1) ?? $0.model.curvature }),
      Setting(
        "learning-rate.independent-batch", .either, "Quadratic model: from a second batch.",
        get: { $0.learningRate.needs.contains(.curvature) ? $0.model.batch == .independent : nil },
        set: { $0.model.batch = $1 ? .independent : .own }),
    ] + Envelope.settings.map { $0.lifted(to: "", get: { $0.envelope }, set: { $0.envelope = $1 }) }
    + Clipping.settings.map { $0.lifted(to: \.clipping) }
    + WeightDecay.settings.map { $0.lifted(to: \.weightDecay) }
    + IterateAveraging.settings.map {
      $0.lifted(to: "", get: { $0.averaging }, set: { $0.averaging = $1 })
    }

  /// What cannot be meant, in words: a setting out of its range, or settings that do not go together;
  /// `nil` where there is nothing.
  public var problem: String? {
    for axis in HeuristicAxis.allCases {
      if let problem = problem(axis) { return problem }
    }
    for setting in Self.ownSettings where !setting.isValid(self) {
      return setting.rangeProblem(self)
    }
    if clipping.normConstraint != nil, learningRate.knownRate(at: 0) == nil {
      return "clipping.norm-constraint needs a learning rate that is known in advance: set "
        + "learning-rate.kind to 'fixed' or 'schedule'"
    }
    if damping.allNeeds.contains(.directionCurvature), !direction.hasCurvature {
      return "damping.ratio-curvature 'direction' needs a direction that has a curvature of its "
        + "own, as K-FAC's"
    }
    return envelope?.problem
  }
}
