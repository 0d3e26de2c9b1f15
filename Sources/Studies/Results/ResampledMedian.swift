import AdamQLRNetworks
import Foundation

/// A median as the paper (Clarke and Hernández-Lobato, ICML 2024) draws it: the mean of the medians of 50
/// bootstrap resamples, and their standard deviation.
public struct ResampledMedian: Sendable {
  /// The mean of the medians; infinite where any is.
  public var mean: Double
  /// Their standard deviation; 0 where the mean is not finite.
  public var deviation: Double

  /// Estimates the median of numbers, of which some may be infinite.
  ///
  /// - Parameters:
  ///   - values: The numbers, at least one, none of them NaN.
  ///   - resamples: What ``resamples(of:)`` says of as many.
  public init(_ values: [Double], _ resamples: [[Int]]) {
    // Ranks are resampled instead of numbers: a resample's median then needs no sorting of numbers.
    let sorted = values.sorted()
    let medians = resamples.map { ranks in
      let (a, b) = (sorted[ranks[(ranks.count - 1) / 2]], sorted[ranks[ranks.count / 2]])
      return a == b ? a : a / 2 + b / 2
    }
    let count = Double(medians.count)
    let mean = medians.reduce(0, +) / count
    self.mean = mean
    deviation =
      mean.isFinite
      ? sqrt(medians.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count) : 0
  }

  /// 50 resamples of some number of values, each as sorted ranks; the same ones each time.
  public static func resamples(of count: Int) -> [[Int]] {
    var generator = SeededGenerator(seed: 0, stream: "resampled-median/\(count)")
    return (0..<50).map { _ in
      (0..<count).map { _ in Int.random(in: 0..<count, using: &generator) }.sorted()
    }
  }
}
