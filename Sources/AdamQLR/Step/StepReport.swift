/// What happened in one step.
///
/// Encoded, a number that is not finite is null, and comes back as NaN; a number that there was no
/// need of is left out.
public struct StepReport: Hashable, Codable, Sendable {
  /// The number of this step, counted from 1.
  public var step: Int
  /// f(θ) before the step, on the step's batch.
  public var loss: Double
  /// ‖g‖, after gradient clipping.
  public var gradientNorm: Double
  /// ‖d‖, after direction clipping.
  public var directionNorm: Double
  /// gᵀd; from the independent batch where the method uses one.
  public var slope: Double
  /// gᵀd′ with the direction d′ of the step before; `nil` where the learning rate does not look at it.
  public var previousSlope: Double?
  /// dᵀ(C+λI)d as the learning rate used it, after memory and averaging; `nil` where the method
  /// needs no curvature.
  public var curvature: Double?
  /// α, after clipping, amplification and averaging.
  public var learningRate: Double
  /// The rate by which the step moves along a direction of usual size: α with what envelope and the
  /// limit on the update leave of it, times the step size that the direction itself contains, as
  /// Prodigy's and D-Adaptation's do. `nil` in a report of an earlier version.
  public var appliedLearningRate: Double?
  /// μ; `nil` where the method has no momentum.
  public var momentum: Double?
  /// α²·gᵀd before the norm constraint; `nil` without one.
  public var scaledGradientSquaredNorm: Double?
  /// ‖u‖ of the update u = −αd + μv, after clipping and before the envelope.
  public var updateNorm: Double
  /// The envelope's factor; 1 without one.
  public var envelope: Double
  /// λ as this step used it.
  public var damping: Double
  /// λ for the next step.
  public var nextDamping: Double
  /// f(θ + u), on the independent batch where the learning rate comes from one, else on the same;
  /// `nil` where the method does not need it.
  public var newLoss: Double?
  /// The true change of the loss, on the batch that the curvature came from.
  public var trueChange: Double?
  /// The change that the quadratic model predicts.
  public var predictedChange: Double?
  /// The true change of the loss, regularization aside, on a batch drawn independently of the step's;
  /// `nil` unless whoever makes the step measures it.
  public var heldBackChange: Double?
  /// ρ, the reduction ratio: true over predicted change.
  public var reductionRatio: Double?
  /// What was out of the ordinary.
  public var events: StepEvents

  /// Whether the parameters moved.
  public var isTaken: Bool { events.isDisjoint(with: .preventing) }
}

/// What can be out of the ordinary in a step.
public struct StepEvents: OptionSet, Hashable, Codable, Sendable, CustomStringConvertible {
  /// The bits of the set.
  public let rawValue: Int

  /// The set with these bits.
  public init(rawValue: Int) { self.rawValue = rawValue }

  /// The loss, before or after the step, is NaN or infinite. The step is taken back.
  public static let nonFiniteLoss = StepEvents(rawValue: 1)
  /// The gradient or the direction has a NaN or infinite element. The step is taken back.
  public static let nonFiniteGradient = StepEvents(rawValue: 2)
  /// dᵀCd is NaN or infinite. The step is taken back.
  public static let nonFiniteCurvature = StepEvents(rawValue: 4)
  /// The step would have put a NaN or infinite value into the parameters. It is taken back.
  public static let nonFiniteUpdate = StepEvents(rawValue: 8)
  /// The direction is zero: nothing to do, at a stationary point for instance.
  public static let zeroDirection = StepEvents(rawValue: 16)
  /// The step raised the loss and the method does not accept that.
  public static let rejected = StepEvents(rawValue: 32)
  /// gᵀd ≤ 0: −d does not descend. α is negative or zero accordingly.
  public static let ascentDirection = StepEvents(rawValue: 64)
  /// dᵀ(C+λI)d ≤ 0: the quadratic model has no minimum along d.
  public static let negativeCurvature = StepEvents(rawValue: 128)
  /// The quadratic model predicts no decrease; λ is raised.
  public static let predictedIncrease = StepEvents(rawValue: 256)
  /// The predicted change is lost in rounding; λ stays.
  public static let predictionBelowRounding = StepEvents(rawValue: 512)
  /// A damped factor of the curvature was not positive definite in working precision; the direction
  /// was made with more damping.
  public static let factorDampingRaised = StepEvents(rawValue: 1024)

  /// The events after which the parameters are as they were.
  public static let preventing: StepEvents = [
    .nonFiniteLoss, .nonFiniteGradient, .nonFiniteCurvature, .nonFiniteUpdate, .zeroDirection,
    .rejected,
  ]

  /// The events that show numbers breaking down.
  public static let nonFinite: StepEvents = [
    .nonFiniteLoss, .nonFiniteGradient, .nonFiniteCurvature, .nonFiniteUpdate,
  ]

  /// The events in words, separated by commas.
  public var description: String { names.joined(separator: ", ") }

  /// The events in words.
  public var names: [String] {
    if isEmpty { return [] }
    let names: [(StepEvents, String)] = [
      (.nonFiniteLoss, "non-finite loss"), (.nonFiniteGradient, "non-finite gradient"),
      (.nonFiniteCurvature, "non-finite curvature"), (.nonFiniteUpdate, "non-finite update"),
      (.zeroDirection, "zero direction"), (.rejected, "step rejected"),
      (.ascentDirection, "gᵀd ≤ 0"), (.negativeCurvature, "negative curvature"),
      (.predictedIncrease, "predicted increase"),
      (.predictionBelowRounding, "prediction below rounding"),
      (.factorDampingRaised, "factor damping raised"),
    ]
    return names.filter { contains($0.0) }.map(\.1)
  }
}
