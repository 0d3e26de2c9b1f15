/// Everything an optimizer remembers between steps.
///
/// Together with the parameters, the method and the order of batches it determines every step that
/// follows, so encoding both is enough to go on later exactly.
public struct OptimizerState<Vector: ParameterVector>: Codable, Sendable {
  /// The number of steps made, those that were taken back included.
  public var step = 0
  /// The scalars that adapt.
  public var scalars: Scalars
  /// What the direction remembers.
  public var direction: DirectionState<Vector>
  /// d of the step before, where the learning rate looks at it; zero for a hypergradient where that
  /// step was rejected.
  public var previousDirection: Vector?

  /// v, the update of the step before, where the method has momentum.
  public var velocity: Vector?

  /// The scalars that adapt from step to step.
  public struct Scalars: Hashable, Codable, Sendable {
    /// λ.
    public var damping: Double
    /// α of the hypergradient.
    public var learnedRate = 0.0
    /// The running average of α.
    public var averagedRate = 0.0
    /// The running average of dᵀ(C+λI)d.
    public var averagedCurvature = 0.0
    /// κ of the curvature memory.
    public var rememberedCurvature = 0.0
    /// What steps promise to take from the loss and what the loss is, averaged, where the learning
    /// rate asks whether that is plausible; `nil` before.
    public var promise: Promise?
    /// α of the last step that was taken, with what clipping and envelope left of it; `nil` before.
    public var lastRate: Double?
    /// gᵀg of the last gradient with which the direction advanced; `nil` before.
    public var gradientDotGradient: Double?
    /// dᵀd of the step before, where the learning rate looks at that; `nil` before, and where d was 0.
    public var previousSquaredNorm: Double?
  }

  /// Running averages over the steps.
  public struct Promise: Hashable, Codable, Sendable {
    /// (gᵀd)²/(2·dᵀ(C+λI)d), the decrease that the quadratic model promises along d.
    public var decrease: Double
    /// f.
    public var loss: Double
  }

  /// The state before the first step of `method`.
  public init(_ method: Method, for parameters: Vector) {
    scalars = Scalars(damping: method.damping.initial)
    direction = method.direction.makeState(for: parameters)
    if method.momentum != .none { velocity = parameters.zeros() }
    switch method.learningRate {
    case .hypergradient(let initial, _):
      scalars.learnedRate = initial
      previousDirection = parameters.zeros()
    case .quadraticModel(let model):
      scalars.averagedCurvature = model.initialAveragedCurvature
      if model.previousDirectionWeight != 0 { previousDirection = parameters.zeros() }
    case .fixed, .schedule:
      break
    }
  }
}
