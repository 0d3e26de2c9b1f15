import Foundation
import AdamQLRTorch

/// Ratios, such as of losses in the cells of a study, and their geometric mean.
public struct RatioSample: Hashable, Sendable {
  /// What a ratio counts as at most, one that is infinite included: without a limit a single cell in
  /// which runs diverge would be all that a mean says.
  public static let limit = 100.0

  /// The ratios, of which some may be infinite.
  public let ratios: [Double]

  /// A sample.
  public init(_ ratios: [Double]) { self.ratios = ratios }

  /// The number of ratios.
  public var count: Int { ratios.count }

  /// The number of ratios above ``limit``.
  public var limitedCount: Int { ratios.count { $0 > Self.limit } }

  /// The share of ratios that are at most `factor`; `nil` where there are no ratios.
  public func share(within factor: Double) -> Double? {
    ratios.isEmpty ? nil : Double(ratios.count { $0 <= factor }) / Double(count)
  }

  /// The logarithms. A ratio of 0, of a loss that is 0 or where only the other is infinite, counts as
  /// the limit's inverse.
  private var logarithms: [Double] {
    ratios.map { $0 == 0 ? -log(Self.limit) : log(min($0, Self.limit)) }
  }

  /// The geometric mean; `nil` where there are no ratios.
  public var geometricMean: Double? {
    ratios.isEmpty ? nil : exp(logarithms.reduce(0, +) / Double(count))
  }

  /// The percentile bootstrap interval of the geometric mean (Efron 1979): as many ratios are drawn
  /// with replacement as there are, over and over; always the same draws.
  ///
  /// - Parameters:
  ///   - confidence: The probability of the interval. Default 0.95.
  ///   - draws: How often they are drawn. Default 4000.
  public func interval(confidence: Double = 0.95, draws: Int = 4000) -> ClosedRange<Double>? {
    let logarithms = logarithms
    guard !logarithms.isEmpty else { return nil }
    var generator = SeededGenerator(seed: 0, stream: "bootstrap")
    let means = (0..<draws).map { _ in
      logarithms.indices.reduce(0.0) { sum, _ in
        sum + logarithms[Int(generator.uniform() * Double(logarithms.count))]
      } / Double(logarithms.count)
    }.sorted()
    let tail = (1 - confidence) / 2
    let last = Double(draws - 1)
    let (low, high) = (
      means[Int((tail * last).rounded(.down))], means[Int(((1 - tail) * last).rounded(.up))]
    )
    return exp(low)...exp(high)
  }
}
