/// Limits on the gradient, the direction and the update; each is off by default.
public struct Clipping: Hashable, Codable, Sendable {
  /// The gradient is rescaled to at most this norm before anything sees it.
  public var gradientNorm: Double?
  /// Each element of the direction is limited to this magnitude.
  public var directionElement: Double?
  /// The update u = −αd is rescaled to at most this norm.
  public var updateNorm: Double?

  /// c: the direction is rescaled to α²·gᵀd ≤ c, which for d = C⁻¹g limits how far a step may change
  /// the model's predictions (Ba, Grosse and Martens 2017, §5). Only where α is fixed or scheduled.
  public var normConstraint: Double?

  /// Makes limits.
  public init(
    gradientNorm: Double? = nil, directionElement: Double? = nil, updateNorm: Double? = nil,
    normConstraint: Double? = nil
  ) {
    self.gradientNorm = gradientNorm
    self.directionElement = directionElement
    self.updateNorm = updateNorm
    self.normConstraint = normConstraint
  }

  static let settings: [Setting<Clipping>] = [
    Setting(
      "clipping.gradient-norm", \.gradientNorm, orNull: .positive, "Greatest ‖g‖."),
    Setting(
      "clipping.direction-element", \.directionElement, orNull: .positive, "Greatest |dᵢ|."),
    Setting(
      "clipping.update-norm", \.updateNorm, orNull: .positive, "Greatest ‖−αd + μv‖."),
    Setting(
      "clipping.norm-constraint", \.normConstraint, orNull: .positive,
      "Fixed or scheduled learning rate: greatest α²gᵀd."),
  ]
}
