import Foundation
import Studies
import Testing
import AdamQLRTorch

@Suite("The bootstrap of the median")
struct MedianBootstrapTests {
  /// The medians of all nⁿ resamples, each as probable as the others.
  private func allMedians(_ values: [Double]) -> [Double] {
    let n = values.count
    let count = Int(pow(Double(n), Double(n)))
    return (0..<count).map { code in
      var rest = code
      let resample = (0..<n).map { _ in
        defer { rest /= n }
        return values[rest % n]
      }.sorted()
      return (resample[(n - 1) / 2] + resample[n / 2]) / 2
    }.sorted()
  }

  @Test("The interval is that of all resamples", arguments: 1...6, [0.5, 0.8, 0.95])
  func enumeration(_ count: Int, _ confidence: Double) {
    let values = [0.3, -1.2, 7.0, 2.5, 2.6, -0.4, 11.0].prefix(count).map { $0 }
    let medians = allMedians(values)
    func quantile(_ share: Double) -> Double {
      medians[max(Int((share * Double(medians.count) - 1e-6).rounded(.up)) - 1, 0)]
    }
    let estimate = MedianBootstrap(count: count, confidence: confidence).estimate(values)
    let sorted = values.sorted()
    #expect(abs(estimate.median - (sorted[(count - 1) / 2] + sorted[count / 2]) / 2) < 1e-12)
    #expect(abs(estimate.low - quantile((1 - confidence) / 2)) < 1e-12)
    #expect(abs(estimate.high - quantile((1 + confidence) / 2)) < 1e-12)
  }

  @Test("With many numbers the interval is that of many resamples", arguments: [50, 51])
  func sampling(_ count: Int) {
    var generator = SeededGenerator(seed: UInt64(count))
    let values = (0..<count).map { _ in Double.random(in: 0..<1, using: &generator) }
    let sorted = values.sorted()
    let medians = (0..<10_000).map { _ in
      let resample = (0..<count).map { _ in values.randomElement(using: &generator) ?? 0 }.sorted()
      return (resample[(count - 1) / 2] + resample[count / 2]) / 2
    }.sorted()
    let estimate = MedianBootstrap(count: count).estimate(values)
    // The sampled quantiles may differ by the numbers next to them.
    func position(_ value: Double) -> Int { sorted.count { $0 < value } }
    #expect(abs(position(estimate.low) - position(medians[250])) <= 1)
    #expect(abs(position(estimate.high) - position(medians[9750])) <= 1)
  }

  @Test("Infinite numbers are greater than others")
  func infinities() {
    let three = MedianBootstrap(count: 3).estimate([1, .infinity, 2])
    #expect(three == Estimate(median: 2, low: 1, high: .infinity))
    let four = MedianBootstrap(count: 4).estimate([.infinity, .infinity, .infinity, 1])
    #expect(four.median == .infinity && four.high == .infinity)
  }

  @Test("No numbers have no median, which a trap says")
  func traps() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = MedianBootstrap(count: 0)
    }
    let text = result.map { String(decoding: $0.standardErrorContent, as: UTF8.self) } ?? ""
    #expect(text.contains("Studies/MedianBootstrap.swift"), "\(text)")
    #expect(text.contains("there are no numbers"), "\(text)")
  }
}
