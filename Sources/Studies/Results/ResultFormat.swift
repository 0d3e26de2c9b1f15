import Foundation

/// How figures are written: three significant digits, shares as percentages, counts in full.
public struct ResultFormat: Sendable {
  private let figure: Figure

  /// The format of a figure.
  public init(_ figure: Figure) { self.figure = figure }

  /// The figure's name with its unit.
  public var heading: String {
    switch figure {
    case .rSquared: "R²"
    case _ where figure.isShare: "\(figure.rawValue) (%)"
    default: figure.rawValue
    }
  }

  /// A number.
  public func text(_ value: Double) -> String {
    if value.isInfinite { return value < 0 ? "−∞" : "∞" }
    if figure.isShare { return String(format: "%.1f", 100 * value) }
    if figure.isCount { return String(format: "%.6g", value) }
    return String(format: "%.3g", value)
  }

  /// An interval; empty where it is a single number, as with one run.
  public func interval(_ estimate: Estimate) -> String {
    estimate.low == estimate.high ? "" : "[\(text(estimate.low)), \(text(estimate.high))]"
  }
}
