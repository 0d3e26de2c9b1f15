/// The scalar products that a step needs of its gradient g and direction d.
public struct DirectionProducts: Hashable, Codable, Sendable {
  /// gᵀd, the slope of the loss against the direction; positive when −d descends.
  public var gradientDotDirection: Double
  /// dᵀd.
  public var directionDotDirection: Double
  /// gᵀg.
  public var gradientDotGradient: Double
  /// What was out of the ordinary in making the direction; ends up in the step's report.
  public var events: StepEvents = []
  /// The step size that the direction has in it already, which weight decay that is scaled by the
  /// learning rate is to be scaled by too. Default 1: none.
  public var stepSize = 1.0

  /// Collects the three products.
  public init(
    gradientDotDirection: Double, directionDotDirection: Double, gradientDotGradient: Double
  ) {
    self.gradientDotDirection = gradientDotDirection
    self.directionDotDirection = directionDotDirection
    self.gradientDotGradient = gradientDotGradient
  }

  /// Collects the three products for Adam, whose second moment holds squares of single elements.
  ///
  /// Where gᵀg exceeds `greatestMoment`, the largest number that a moment can hold, it counts as
  /// infinite: a square may have overflowed, and an infinite moment would stop its parameter for
  /// good, with a direction that is zero there and looks harmless.
  public init(
    gradientDotDirection: Double, directionDotDirection: Double, adamGradientDotGradient: Double,
    greatestMoment: Double
  ) {
    self.init(
      gradientDotDirection: gradientDotDirection, directionDotDirection: directionDotDirection,
      gradientDotGradient: adamGradientDotGradient > greatestMoment
        ? .infinity : adamGradientDotGradient)
  }

  /// Whether all three are finite, and with them every element of g and d.
  public var areFinite: Bool {
    gradientDotDirection.isFinite && directionDotDirection.isFinite
      && gradientDotGradient.isFinite
  }
}
