import Foundation
import Requirements

/// A median and the interval that it is confidently in.
public struct Estimate: Hashable, Sendable {
  /// The median.
  public var median: Double
  /// The interval's lower end.
  public var low: Double
  /// The interval's upper end.
  public var high: Double

  /// An estimate.
  public init(median: Double, low: Double, high: Double) {
    self.median = median
    self.low = low
    self.high = high
  }
}

/// The percentile bootstrap (Efron 1979) of the median of `count` numbers.
///
/// Of a median, the limit of infinitely many resamples is known, so none are drawn: a resample's
/// median is the mean of two of the numbers, and how probable each pair is depends only on their
/// ranks. The interval is therefore free of chance.
public struct MedianBootstrap: Sendable {
  /// How many numbers there are.
  public let count: Int
  /// The probability of the interval.
  public let confidence: Double

  /// A pair of ranks, from 0, whose mean a resample's median may be.
  private struct Pair {
    var first: Int
    var second: Int
    var probability: Double
  }

  private let pairs: [Pair]

  /// Prepares the intervals of samples of one size.
  ///
  /// - Precondition: The count is positive, and the confidence in 0..<1.
  public init(count: Int, confidence: Double = 0.95) {
    require(count > 0, "there are no numbers to take the median of")
    require((0..<1).contains(confidence), "the confidence is \(confidence)")
    self.count = count
    self.confidence = confidence
    pairs = count.isMultiple(of: 2) ? Self.pairs(even: count) : Self.pairs(odd: count)
  }

  /// The median of numbers, of which some may be infinite, and its interval.
  ///
  /// - Precondition: There are ``count`` numbers, none of them NaN.
  /// - Complexity: O(n log n) for an odd count, O(n² log n) for an even one.
  public func estimate(_ values: [Double]) -> Estimate {
    require(values.count == count, "\(values.count) numbers, but \(count) were expected")
    let sorted = values.sorted()
    var medians = pairs.map { pair in
      let (a, b) = (sorted[pair.first], sorted[pair.second])
      // Equal infinities have no mean in arithmetic.
      return (value: a == b ? a : a / 2 + b / 2, probability: pair.probability)
    }
    medians.sort { $0.value < $1.value }
    let tail = (1 - confidence) / 2
    let (a, b) = (sorted[(count - 1) / 2], sorted[count / 2])
    return Estimate(
      median: a == b ? a : a / 2 + b / 2, low: Self.quantile(tail, of: medians),
      high: Self.quantile(1 - tail, of: medians))
  }

  /// The least value up to which at least `share` of the probability lies.
  private static func quantile(
    _ share: Double, of values: [(value: Double, probability: Double)]
  ) -> Double {
    var sum = 0.0
    for (value, probability) in values {
      sum += probability
      // Sums of probabilities round.
      if sum >= share - 1e-12 { return value }
    }
    return values[values.count - 1].value
  }

  /// With n = 2m − 1 the median is the m-th number of the resample, which is at most the i-th of the
  /// sample where at least m of n draws are.
  private static func pairs(odd n: Int) -> [Pair] {
    let middle = (n + 1) / 2
    var below = 0.0
    return (1...n).map { i in
      let upTo = atLeast(middle, of: n, probability: Double(i) / Double(n))
      defer { below = upTo }
      return Pair(first: i - 1, second: i - 1, probability: upTo - below)
    }
  }

  /// With n = 2m the median is the mean of the m-th and the next number. They are the i-th and a
  /// later j-th of the sample where m draws are up to i, not all of them before i, and the others
  /// from j on, not all of them after j.
  private static func pairs(even n: Int) -> [Pair] {
    let middle = n / 2
    func power(_ count: Int) -> Double { pow(Double(count) / Double(n), Double(middle)) }
    let ways = exp(logBinomial(n, middle))
    var pairs: [Pair] = []
    var below = 0.0
    for i in 1...n {
      let upTo = atLeast(middle, of: n, probability: Double(i) / Double(n))
      var same = upTo - below
      below = upTo
      for j in stride(from: i + 1, through: n, by: 1) {
        let probability =
          ways * (power(i) - power(i - 1)) * (power(n - j + 1) - power(n - j))
        pairs.append(Pair(first: i - 1, second: j - 1, probability: probability))
        same -= probability
      }
      pairs.append(Pair(first: i - 1, second: i - 1, probability: max(same, 0)))
    }
    return pairs
  }

  /// The probability of at least `least` successes among `n`.
  private static func atLeast(_ least: Int, of n: Int, probability p: Double) -> Double {
    if p >= 1 { return 1 }
    return (least...n).reduce(0) { sum, k in
      sum + exp(logBinomial(n, k) + Double(k) * log(p) + Double(n - k) * log1p(-p))
    }
  }

  private static func logBinomial(_ n: Int, _ k: Int) -> Double {
    logFactorial(n) - logFactorial(k) - logFactorial(n - k)
  }

  private static func logFactorial(_ n: Int) -> Double {
    n < 2 ? 0 : (2...n).reduce(0) { $0 + log(Double($1)) }
  }
}
