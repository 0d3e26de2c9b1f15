/// The scalar products that a step needs of its gradient g and direction d.
///
/// A vector that lies on a device may defer them: they are then fetched when the first is asked for.
public struct DirectionProducts: Sendable {
  private var numbers: Deferred<Known>

  /// gᵀd, the slope of the loss against the direction; positive when −d descends.
  public var gradientDotDirection: Double {
    get { known.gd }
    set { known.gd = newValue }
  }
  /// dᵀd.
  public var directionDotDirection: Double {
    get { known.dd }
    set { known.dd = newValue }
  }
  /// gᵀg.
  public var gradientDotGradient: Double {
    get { known.gg }
    set { known.gg = newValue }
  }
  /// What was out of the ordinary in making the direction; ends up in the step's report.
  public var events: StepEvents = []
  /// The step size that the direction has in it already, which weight decay that is scaled by the
  /// learning rate is to be scaled by too. Default 1: none.
  public var stepSize = 1.0

  /// Collects the three products.
  public init(
    gradientDotDirection: Double, directionDotDirection: Double, gradientDotGradient: Double
  ) {
    numbers = Deferred(
      Known(gd: gradientDotDirection, dd: directionDotDirection, gg: gradientDotGradient))
  }

  /// The products that `fetch` returns when the first of them is asked for.
  public init(deferred fetch: @escaping @Sendable () -> DirectionProducts) {
    numbers = Deferred { fetch().known }
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

  private struct Known {
    var gd, dd, gg: Double
  }

  private var known: Known {
    get { numbers.value }
    set { numbers = Deferred(newValue) }
  }
}
