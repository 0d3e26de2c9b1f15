import Requirements

/// How far predicted numbers are from the targets, in the targets' units.
public struct RegressionMetrics: Hashable, Codable, Sendable {
  /// The root of the mean squared error.
  public let rmse: Double
  /// The mean absolute error.
  public let mae: Double
  /// The coefficient of determination, 1 − Σ(y − ŷ)²/Σ(y − ȳ)²; `nil` where all targets are the same.
  public let rSquared: Double?

  /// Compares predictions with targets.
  ///
  /// - Precondition: There are equally many, and at least one.
  public init(predictions: [Double], targets: [Double]) {
    require(
      predictions.count == targets.count && !targets.isEmpty,
      "\(predictions.count) predictions of \(targets.count) targets")
    let count = Double(targets.count)
    let errors = zip(targets, predictions).map { $0 - $1 }
    let squares = errors.reduce(0) { $0 + $1 * $1 }
    rmse = (squares / count).squareRoot()
    mae = errors.reduce(0) { $0 + abs($1) } / count
    // Relative to the first, so that equal targets have no spread at all.
    let base = targets[0]
    let mean = base + targets.reduce(0) { $0 + ($1 - base) } / count
    let spread = targets.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    rSquared = spread > 0 ? 1 - squares / spread : nil
  }
}
