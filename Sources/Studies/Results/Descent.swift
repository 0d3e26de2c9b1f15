import Foundation
import Training

/// How the lowest validation loss so far falls along a run: the evaluations at which it is lower than
/// at all before, and what they found.
///
/// It has what asks for steps to a loss, and is short enough for a row of a table: an evaluation that
/// lowers it by less than 1 % is left out but for the lowest of all, and losses have four digits.
public struct Descent: Hashable, Sendable {
  /// A new lowest.
  public struct Point: Hashable, Codable, Sendable {
    /// The number of steps before it.
    public var step: Int
    /// The validation loss.
    public var loss: Double

    /// A new lowest.
    public init(step: Int, loss: Double) { (self.step, self.loss) = (step, loss) }
  }

  /// The points, with rising steps and falling losses.
  public let points: [Point]

  /// A descent from its points.
  public init(_ points: [Point]) { self.points = points }

  /// The descent of a learning curve; `nil` where it has no validation losses.
  public init?(_ curve: LearningCurve) {
    let evaluations = curve.evaluations.compactMap { evaluation in
      evaluation.validation.map { Point(step: evaluation.step, loss: $0.loss) }
    }
    guard !evaluations.isEmpty else { return nil }
    self.init(evaluations: evaluations)
  }

  /// The descent of validation losses, in their order.
  public init(evaluations: [Point]) {
    var points: [Point] = []
    var lowest: Point?
    for var point in evaluations {
      point.loss = Self.rounded(point.loss)
      guard point.loss.isFinite, point.loss < lowest?.loss ?? .infinity else { continue }
      lowest = point
      if points.last.map({ point.loss <= 0.99 * $0.loss }) ?? true { points.append(point) }
    }
    if let lowest, points.last != lowest { points.append(lowest) }
    self.points = points
  }

  private static func rounded(_ loss: Double) -> Double {
    Double(String(format: "%.4g", loss)) ?? loss
  }

  /// The steps to the first point with at most this loss; `nil` where there is none.
  ///
  /// The bound counts with the digits that the points have, so that the run that a bound was taken from
  /// reaches it.
  public func first(atMost bound: Double) -> Int? {
    points.first { $0.loss <= Self.rounded(bound) }?.step
  }

  /// The lowest loss up to a number of steps; `nil` where there is none.
  public func lowest(upTo step: Double) -> Double? {
    points.last { Double($0.step) <= step * (1 + 1e-9) }?.loss
  }
}

extension Descent: Codable {
  public init(from decoder: any Decoder) throws {
    self.init(try decoder.singleValueContainer().decode([Point].self))
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(points)
  }
}

extension Descent: LosslessStringConvertible {
  /// The points as `STEP:LOSS`, with blanks between; a dash where there are none.
  public var description: String {
    points.isEmpty
      ? "-"
      : points.map { "\($0.step):\(String(format: "%.4g", $0.loss))" }.joined(separator: " ")
  }

  public init?(_ text: String) {
    if text == "-" {
      self.init([])
      return
    }
    var points: [Point] = []
    for word in text.split(separator: " ") {
      let parts = word.split(separator: ":")
      guard parts.count == 2, let step = Int(parts[0]), let loss = Double(parts[1]) else {
        return nil
      }
      points.append(Point(step: step, loss: loss))
    }
    if points.isEmpty { return nil }
    self.init(points)
  }
}
