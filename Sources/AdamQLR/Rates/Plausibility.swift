/// How plausible it is that steps take away what the quadratic model predicts for them: a batch that
/// can lose much of its loss at one step is one that can be fitted by itself, and what it says of
/// slope and curvature holds for few other examples. Not in the paper.
///
/// With x the predicted relative decrease of the loss f by one step along d, (gᵀd)²/(2·dᵀBd·f), of
/// running averages of numerator and denominator,
///
///     doubt = x²/(x² + c²)
///
/// It presumes that the loss cannot be negative, as the stochastic Polyak step size does (Loizou et
/// al. 2021); where it is, the doubt is whole.
public struct Plausibility: Hashable, Codable, Sendable {
  /// c, the relative decrease at which the doubt is half.
  public var decrease: Double
  /// r, the decay of the averages, which start with the first step's. Default 0: this step's alone.
  public var averaging: Double

  /// The averages; `nil` before the first step.
  public private(set) var average: Average?

  /// The averages of what x is the ratio of.
  public struct Average: Hashable, Codable, Sendable {
    /// The predicted decrease of the loss, (gᵀd)²/(2·dᵀBd).
    public var decrease: Double
    /// The loss f.
    public var loss: Double
  }

  /// Makes the measure.
  public init(decrease: Double, averaging: Double = 0) {
    self.decrease = decrease
    self.averaging = averaging
  }

  /// Takes in that a step is predicted to take `decrease` of a loss; nothing where that is not finite,
  /// as where the model has no curvature, which an average would never forget.
  public mutating func note(decrease: Double, of loss: Double) {
    guard decrease.isFinite, loss.isFinite else { return }
    let r = averaging
    let before = average ?? Average(decrease: decrease, loss: loss)
    average = Average(
      decrease: r * before.decrease + (1 - r) * decrease, loss: r * before.loss + (1 - r) * loss)
  }

  /// How far a step is to be doubted, from 0 to 1; `nil` before the first.
  public var doubt: Double? {
    average.map { Self.doubt($0.decrease, of: $0.loss, against: decrease) }
  }

  /// Likewise of so many steps that together take away all of the loss.
  public func doubt(ofSteps count: Double) -> Double? {
    average.map { Self.doubt(count * $0.decrease, of: $0.loss, against: 1) }
  }

  mutating func learn(from other: Plausibility?) { average = other?.average }

  private static func doubt(_ decrease: Double, of loss: Double, against c: Double) -> Double {
    guard decrease > 0, loss > 0 else { return 1 }
    let ratio = c * loss / decrease
    return 1 / (1 + ratio * ratio)
  }
}
