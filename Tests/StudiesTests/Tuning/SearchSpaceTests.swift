import AdamQLRNetworks
import Foundation
import Studies
import Testing

@Suite("Search spaces")
struct SearchSpaceTests {
  private static let space = SearchSpace([
    .init("batch-size", .choice(["50", "100", "200"])),
    .init("learning-rate.value", .logUniform(1e-6, 1)),
    .init("damping.decrease-factor", .uniform(0.5, 1)),
    .init("direction.momentum", .oneMinusLogUniform(1e-4, 0.3)),
  ])

  private func values(_ name: String, count: Int = 4000) throws -> [Double] {
    try (0..<count).map { index in
      let sample = Self.space.sample(index, seed: 3, stream: "s")
      return try #require(sample.first { $0.name == name }.flatMap { Double($0.text) })
    }.sorted()
  }

  @Test(
    "Values are spread as their distribution says",
    arguments: [
      ("learning-rate.value", { @Sendable u in pow(10, -6 + 6 * u) }),
      ("damping.decrease-factor", { @Sendable u in 0.5 + 0.5 * u }),
      ("direction.momentum", { @Sendable u in 1 - 1e-4 * pow(3000, 1 - u) }),
    ] as [(String, @Sendable (Double) -> Double)])
  func quantiles(_ name: String, _ quantile: @Sendable (Double) -> Double) throws {
    let values = try values(name)
    // Kolmogorov and Smirnov: with 4,000 values the greatest distance is below 0.031 in 999 of 1,000.
    for share in stride(from: 0.05, through: 0.95, by: 0.05) {
      let below = Double(values.count { $0 <= quantile(share) }) / Double(values.count)
      #expect(abs(below - share) < 0.031, "\(name) at \(share): \(below)")
    }
    #expect(values[0] >= quantile(0) * 0.999 && values[values.count - 1] <= quantile(1) * 1.001)
  }

  @Test("Choices come alike")
  func choices() throws {
    let values = try values("batch-size")
    for choice in [50.0, 100, 200] {
      #expect(abs(values.count { $0 == choice } - 1333) < 120)
    }
  }

  @Test("A sample follows from seed, stream, number and name alone")
  func independence() {
    let fewer = SearchSpace(Array(Self.space.parameters.suffix(2)))
    for index in [0, 7, 199] {
      let sample = Self.space.sample(index, seed: 3, stream: "s")
      #expect(fewer.sample(index, seed: 3, stream: "s") == Array(sample.suffix(2)))
      #expect(Self.space.sample(index, seed: 4, stream: "s") != sample)
      #expect(Self.space.sample(index, seed: 3, stream: "t") != sample)
    }
  }
}
