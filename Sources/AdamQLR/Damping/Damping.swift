/// A rule of the λ that is added to the curvature, C + λI.
///
/// It sees what came of a step as numbers alone, a ``Judgment``.
public protocol Damping: Heuristic {
  /// λ of a step, counted from 0.
  func damping(at step: Int) -> Double

  /// What has to be known of a step, counted from 0, for the λ that follows. Default: nothing.
  func needs(at step: Int) -> DampingNeeds

  /// What has to be known of some step. Default: what has to be of the first.
  var allNeeds: DampingNeeds { get }

  /// The change of the loss that the quadratic model predicts for a step, where λ follows from it.
  /// Default: `nil`.
  func predictedChange(_ step: PlannedStep) -> Double?

  /// Learns from a step of which the loss was evaluated. Default: nothing.
  ///
  /// - Returns: ρ, where it was asked for and is finite, and what was out of the ordinary.
  mutating func adapt(to judgment: Judgment) -> Adaptation

  /// Learns that a step broke down in numbers that are not finite. Default: nothing.
  mutating func noteBreakdown()
}

extension Damping {
  public func needs(at step: Int) -> DampingNeeds { [] }
  public var allNeeds: DampingNeeds { needs(at: 0) }
  public func predictedChange(_ step: PlannedStep) -> Double? { nil }
  public mutating func adapt(to judgment: Judgment) -> Adaptation { Adaptation() }
  public mutating func noteBreakdown() {}
}

/// What a damping asks to be measured.
public struct DampingNeeds: OptionSet, Hashable, Sendable {
  /// The bits of the set.
  public let rawValue: Int

  /// The set with these bits.
  public init(rawValue: Int) { self.rawValue = rawValue }

  /// C on the plane of the step.
  public static let curvature = DampingNeeds(rawValue: 1)
  /// uᵀĈu with the direction's own approximation of the curvature.
  public static let directionCurvature = DampingNeeds(rawValue: 2)
  /// The loss after the step.
  public static let newLoss = DampingNeeds(rawValue: 4)
}

/// A step that is decided on, but not yet made: u = s·(−αd + μv).
public struct PlannedStep: Hashable, Sendable {
  /// The quadratic model, with what the learning rate put in the place of the curvature.
  public var model: QuadraticModel
  /// α.
  public var learningRate: Double
  /// μ; 0 without momentum.
  public var momentum: Double
  /// s, what clipping of the update and the envelope left of it.
  public var scale: Double
  /// uᵀĈu with the direction's own undamped approximation of the curvature, the regularization's
  /// included; `nil` unless asked for.
  public var directionCurvature: Double?

  /// A step by α and μ of which s is left.
  public init(
    model: QuadraticModel, learningRate: Double, momentum: Double = 0, scale: Double = 1,
    directionCurvature: Double? = nil
  ) {
    self.model = model
    self.learningRate = learningRate
    self.momentum = momentum
    self.scale = scale
    self.directionCurvature = directionCurvature
  }

  /// The factor of d: u = x·d + y·v.
  public var x: Double { -learningRate * scale }
  /// The factor of v.
  public var y: Double { momentum * scale }
}

/// What came of a step.
public struct Judgment: Hashable, Sendable {
  /// The step.
  public var step: PlannedStep
  /// f(θ + u), on the batch that the model is of.
  public var newLoss: Double
  /// f(θ + u) − f(θ).
  public var trueChange: Double
  /// What ``Damping/predictedChange(_:)`` said.
  public var predictedChange: Double?
  /// Whether the step was not accepted.
  public var isRejected: Bool

  /// What came of a step of which the loss before it is its model's.
  public init(
    step: PlannedStep, newLoss: Double, predictedChange: Double? = nil, isRejected: Bool = false
  ) {
    self.step = step
    self.newLoss = newLoss
    trueChange = newLoss - step.model.loss
    self.predictedChange = predictedChange
    self.isRejected = isRejected
  }
}

/// How a damping took a step.
public struct Adaptation: Hashable, Sendable {
  /// ρ, the reduction ratio: true over predicted change.
  public var reductionRatio: Double?
  /// What was out of the ordinary.
  public var events: StepEvents

  /// Nothing, unless said otherwise.
  public init(reductionRatio: Double? = nil, events: StepEvents = []) {
    self.reductionRatio = reductionRatio
    self.events = events
  }
}
