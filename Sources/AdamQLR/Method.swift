/// A point in the grid of heuristics: direction × learning rate × momentum × damping, and what limits
/// a step.
///
/// A method is a value that says what to do; an ``Optimizer`` does it.
///
///     var method = Method.adamQLR(batchesPerEpoch: 20)
///     method.clipping.updateNorm = 1
///     method.rejectsIncrease = true
public struct Method: Sendable {
  /// Where a step goes.
  public var direction: any Direction
  /// How far it goes.
  public var learningRate: LearningRate
  /// How much of the previous update it repeats. Default: nothing.
  public var momentum = Momentum.none
  /// What is added to the curvature.
  public var damping: Damping
  /// w of the regularization ½w‖θ‖², which is added to the loss: wθ to g, wI to C. Default 0.
  public var l2 = 0.0
  /// Limits on the gradient, the direction and the update.
  public var clipping = Clipping()
  /// Decoupled weight decay.
  public var weightDecay = WeightDecay()
  /// Whether a step that raises the loss on its own batch, or on the independent one where the
  /// learning rate comes from that, is not taken. The moments keep what they learned from the
  /// gradient, and λ, where it adapts, is raised. Default no.
  public var rejectsIncrease = false
  /// Where the method follows the paper's published implementation instead of the mathematics.
  /// Default: nowhere.
  public var quirks = ReferenceQuirks()

  /// Makes a method.
  public init(
    direction: any Direction, learningRate: LearningRate, damping: Damping = .none
  ) {
    self.direction = direction
    self.learningRate = learningRate
    self.damping = damping
  }
}

/// Differences between the paper's published implementation and the mathematics; only a comparison
/// with its figures needs them.
public struct ReferenceQuirks: OptionSet, Hashable, Codable, Sendable {
  /// The bits of the set.
  public let rawValue: Int

  /// The set with these bits.
  public init(rawValue: Int) { self.rawValue = rawValue }

  /// dᵀ(C+λI)d < 0 is divided by as it is, which steps to the model's maximum.
  public static let signedCurvature = ReferenceQuirks(rawValue: 1)
  /// The predicted change is that of −αd, whatever clipping and envelope left of it, while the true
  /// change includes both, and weight decay.
  public static let unclippedPrediction = ReferenceQuirks(rawValue: 2)
  /// ρ is used whatever the sign and size of the predicted change.
  public static let unguardedRatio = ReferenceQuirks(rawValue: 4)
  /// The accept-or-reject variant does not keep λ within its bounds.
  public static let unboundedAcceptOrReject = ReferenceQuirks(rawValue: 8)

  /// All of them.
  public static let all: ReferenceQuirks = [
    .signedCurvature, .unclippedPrediction, .unguardedRatio, .unboundedAcceptOrReject,
  ]
}
