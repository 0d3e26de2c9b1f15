import Foundation
import Studies
import Training

/// A point of a curve: the median over runs, and the band around it.
struct CurvePoint: Hashable {
  var x: Double
  var median: Double
  var low: Double
  var high: Double

  init(x: Double, _ estimate: Estimate) {
    (self.x, median, low, high) = (x, estimate.median, estimate.low, estimate.high)
  }

  init(x: Double, median: Double, low: Double, high: Double) {
    (self.x, self.median, self.low, self.high) = (x, median, low, high)
  }
}

/// What a curve is drawn over.
enum Abscissa: String {
  case seconds, epochs, steps
}

/// About how many points a curve has: more than a plot shows would only make pages heavy.
private let pointLimit = 120

extension RunGroup {
  /// A metric of evaluations over time or epochs: the median over the runs and its 95 % confidence
  /// interval.
  ///
  /// A run that is over keeps its last figure; one that diverged has infinite losses from then on.
  func curve(of metric: Metric, over abscissa: Abscissa) -> [CurvePoint] {
    let series = runs.compactMap { run -> (run: RunRecord, points: Evaluations)? in
      let points = Evaluations(run, metric, over: abscissa)
      return points.x.isEmpty ? nil : (run, points)
    }
    guard !series.isEmpty else { return [] }
    let grid =
      abscissa == .seconds && series.count > 1
      ? Self.timeGrid(series.map(\.points)) : Self.thinned(Set(series.flatMap(\.points.x)).sorted())
    var bootstraps: [Int: MedianBootstrap] = [:]
    return grid.compactMap { x in
      let values = series.compactMap { run, points -> Double? in
        if x <= points.x[points.x.count - 1] {
          return points.value(at: x, interpolating: abscissa == .seconds)
        }
        switch run.state {
        case .diverged where metric.isLoss: return .infinity
        case .diverged, .finished: return points.y[points.y.count - 1]
        case .stopped, .running, .interrupted: return nil
        }
      }
      guard !values.isEmpty else { return nil }
      let bootstrap = bootstraps[values.count] ?? MedianBootstrap(count: values.count)
      bootstraps[values.count] = bootstrap
      return CurvePoint(x: x, bootstrap.estimate(values))
    }
  }

  /// A metric of steps: the median of all runs and of steps that a plot cannot tell apart, between
  /// the 10th and the 90th percentile.
  func stepCurve(of metric: Metric) -> [CurvePoint] {
    let series = runs.compactMap { $0.log?[metric] }
    guard let last = series.compactMap({ $0.steps.max() }).max(), last > 0 else { return [] }
    var bins: [Int: (steps: Double, values: [Double])] = [:]
    let scale = Double(pointLimit) / max(log(Double(last)), 1)
    for (steps, values) in series.map({ ($0.steps, $0.values) }) {
      for (step, value) in zip(steps, values) where step > 0 && !value.isNaN {
        let bin = last <= pointLimit ? step : Int(log(Double(step)) * scale)
        bins[bin, default: (0, [])].steps += Double(step)
        bins[bin, default: (0, [])].values.append(Double(value))
      }
    }
    return bins.keys.sorted().compactMap { key in
      guard let bin = bins[key] else { return nil }
      let sorted = bin.values.sorted()
      func quantile(_ share: Double) -> Double {
        sorted[Int((share * Double(sorted.count - 1)).rounded())]
      }
      return CurvePoint(
        x: bin.steps / Double(sorted.count), median: quantile(0.5), low: quantile(0.1),
        high: quantile(0.9))
    }
  }

  /// Times at which all runs have begun, up to the median of their ends.
  private static func timeGrid(_ series: [Evaluations]) -> [Double] {
    let ends = series.map { $0.x[$0.x.count - 1] }.sorted()
    let end = ends[ends.count / 2]
    let start = min(series.map { $0.x[0] }.max() ?? end, end)
    let count = min(max(series.map(\.x.count).max() ?? 0, 2), pointLimit)
    return (0..<count).map { index in
      index == count - 1 ? end : start * pow(end / start, Double(index) / Double(count - 1))
    }
  }

  /// Of rising positive numbers those that a logarithmic axis tells apart.
  private static func thinned(_ numbers: [Double]) -> [Double] {
    guard numbers.count > pointLimit else { return numbers }
    let (first, last) = (numbers[0], numbers[numbers.count - 1])
    let scale = Double(pointLimit) / log(last / first)
    var result: [Double] = []
    var bin = -1
    for (index, number) in numbers.enumerated() {
      let next = Int(log(number / first) * scale)
      if next > bin || index == numbers.count - 1 { result.append(number) }
      bin = next
    }
    return result
  }
}

/// A metric of one run's evaluations.
private struct Evaluations {
  /// Where they are, positive and rising.
  var x: [Double] = []
  /// What they are.
  var y: [Double] = []

  init(_ run: RunRecord, _ metric: Metric, over abscissa: Abscissa) {
    guard let log = run.log else { return }
    let series = log[metric]
    var times: [Int: Double] = [:]
    if abscissa == .seconds {
      let seconds = log[.seconds]
      for (step, time) in zip(seconds.steps, seconds.values) { times[step] = Double(time) }
    }
    for (step, value) in zip(series.steps, series.values) {
      let position: Double? =
        switch abscissa {
        case .seconds: times[step]
        case .epochs: Double(step) / Double(run.stepsPerEpoch)
        case .steps: Double(step)
        }
      // A damaged log may have gaps, and rows out of order.
      guard let position, position > x.last ?? 0, position.isFinite else { continue }
      guard value.isFinite || metric.isLoss else { continue }
      x.append(position)
      y.append(value.isFinite ? Double(value) : .infinity)
    }
  }

  /// The value at a position, `nil` before the first.
  ///
  /// - Precondition: The position is not behind the last.
  func value(at position: Double, interpolating: Bool) -> Double? {
    let next = x.partitioningIndex { $0 >= position }
    if x[next] == position { return y[next] }
    guard next > 0 else { return nil }
    guard interpolating else { return y[next - 1] }
    if y[next].isInfinite || y[next - 1].isInfinite { return y[next - 1] }
    let share = (position - x[next - 1]) / (x[next] - x[next - 1])
    return y[next - 1] + share * (y[next] - y[next - 1])
  }
}

extension Metric {
  fileprivate var isLoss: Bool {
    [.trainingLoss, .meanTrainingLoss, .validationLoss, .testLoss].contains(self)
  }
}

extension [Double] {
  /// The first index from which the condition holds, if it does not cease to.
  fileprivate func partitioningIndex(_ holds: (Double) -> Bool) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if holds(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
