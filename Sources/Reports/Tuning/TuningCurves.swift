import Foundation
import Studies

/// Curves of the runs of one optimizer or variation, as the paper draws them.
struct TuningCurves {
  private let outcomes: [RunOutcome]
  private let stepsPerEpoch: Double

  /// Prepares the curves of some runs.
  ///
  /// - Parameters:
  ///   - outcomes: What came of them.
  ///   - batchSize: Their batches' size.
  init(_ outcomes: [RunOutcome], batchSize: Int) {
    self.outcomes = outcomes
    let examples = outcomes.first?.examples ?? 1
    stepsPerEpoch = Double((examples + batchSize - 1) / max(batchSize, 1))
  }

  /// A quantity over time, steps or epochs: of each run linear between its points, its last value
  /// carried on; of all the ``ResampledMedian``.
  func curve(_ quantity: RunCurve.Quantity, over abscissa: Abscissa) -> [CurvePoint] {
    let series = outcomes.compactMap { Series($0, quantity, over: abscissa, stepsPerEpoch) }
    guard !series.isEmpty else { return [] }
    let resamples = ResampledMedian.resamples(of: series.count)
    return Self.grid(series, abscissa).compactMap { x in
      let values = series.compactMap { $0.value(at: x) }
      guard values.count == series.count else { return nil }
      let median = ResampledMedian(values, resamples)
      return CurvePoint(
        x: x, median: median.mean, low: median.mean - median.deviation,
        high: median.mean + median.deviation)
    }
  }

  /// Where all runs have begun, to where half of them have ended: half of the points evenly spread, half ever
  /// denser towards the start.
  private static func grid(_ series: [Series], _ abscissa: Abscissa) -> [Double] {
    // The median of the ends: a run that was held up would stretch all plots.
    let ends = series.compactMap(\.x.last).sorted()
    guard let start = series.map({ $0.x[0] }).max(), !ends.isEmpty,
      case let end = ends[ends.count / 2], start > 0, end > start
    else { return series.map { $0.x[0] }.max().map { [$0] } ?? [] }
    let count = 20
    let points = (0...count).flatMap { index in
      let share = Double(index) / Double(count)
      return [start + share * (end - start), start * pow(end / start, share)]
    }
    return points.sorted().reduce(into: []) { points, x in
      if x > (points.last ?? 0) * (1 + 1e-9) { points.append(x) }
    }
  }
}

/// A quantity along one run.
private struct Series {
  var x: [Double] = []
  var y: [Double] = []
  private let isInfiniteBehind: Bool

  init?(
    _ outcome: RunOutcome, _ quantity: RunCurve.Quantity, over abscissa: Abscissa,
    _ stepsPerEpoch: Double
  ) {
    isInfiniteBehind = outcome.hasDiverged && quantity.isLoss
    guard let curve = outcome.runCurve else { return nil }
    let values = curve[quantity]
    let places: [Double] =
      switch abscissa {
      case .seconds: curve[.seconds]
      case .steps: curve[.step]
      case .epochs: curve[.step].map { $0 / stepsPerEpoch }
      }
    for (place, value) in zip(places, values) where !value.isNaN && place > x.last ?? 0 {
      x.append(place)
      y.append(value)
    }
    if x.isEmpty {
      // It had no finite loss from the start.
      guard isInfiniteBehind, let first = places.first(where: { $0 > 0 }) else { return nil }
      (x, y) = ([first], [.infinity])
    }
  }

  /// `nil` before the first point.
  func value(at place: Double) -> Double? {
    if place < x[0] { return nil }
    guard let next = x.firstIndex(where: { $0 >= place }) else {
      return isInfiniteBehind ? .infinity : y[y.count - 1]
    }
    if next == 0 || x[next] == place { return y[next] }
    if y[next].isInfinite || y[next - 1].isInfinite { return .infinity }
    let share = (place - x[next - 1]) / (x[next] - x[next - 1])
    return y[next - 1] + share * (y[next] - y[next - 1])
  }
}
