import Foundation
import Testing
import AdamQLRTorch

@Suite("Seeded generator")
struct SeededGeneratorTests {
  @Test("The first outputs are those of the published xoshiro256**")
  func reference() throws {
    var generator = try #require(SeededGenerator(state: (1, 2, 3, 4)))
    let expected: [UInt64] = [
      11520, 0, 1_509_978_240, 1_215_971_899_390_074_240, 1_216_172_134_540_287_360,
      607_988_272_756_665_600, 16_172_922_978_634_559_625, 8_476_171_486_693_032_832,
      10_595_114_339_597_558_777, 2_904_607_092_377_533_576,
    ]
    #expect(expected.map { _ in generator.next() } == expected)
  }

  @Test("A seed fills the state with the outputs of the published splitmix64")
  func seeding() throws {
    let state = try #require(
      SeededGenerator(
        state: (
          0xe220_a839_7b1d_cdaf, 0x6e78_9e6a_a1b9_65f4, 0x06c4_5d18_8009_454f,
          0xf88b_b8a8_724c_81ec
        )))
    #expect(SeededGenerator(seed: 0) == state)
    #expect(SeededGenerator(state: (0, 0, 0, 0)) == nil)
  }

  @Test("Seeds and streams differ, and repeat")
  func streams() {
    var first: Set<UInt64> = []
    for seed in [0, 1, 2, UInt64.max] {
      var plain = SeededGenerator(seed: seed)
      first.insert(plain.next())
      for stream in ["", "a", "b", "ab", "ba"] {
        var generator = SeededGenerator(seed: seed, stream: stream)
        #expect(generator == SeededGenerator(seed: seed, stream: stream))
        first.insert(generator.next())
      }
    }
    #expect(first.count == 4 * 6)
  }

  @Test("Uniform numbers lie in [0, 1), with the moments of their distribution")
  func uniform() {
    var generator = SeededGenerator(seed: 1)
    let numbers = (0..<100_000).map { _ in generator.uniform() }
    #expect(numbers.allSatisfy { 0 <= $0 && $0 < 1 })
    #expect(abs(moment(1, numbers) - 1.0 / 2) < 0.004)
    #expect(abs(moment(2, numbers) - 1.0 / 3) < 0.004)
    #expect(abs(moment(3, numbers) - 1.0 / 4) < 0.004)
  }

  @Test("Normal numbers have the moments of their distribution")
  func normal() {
    var generator = SeededGenerator(seed: 2)
    let numbers = (0..<200_000).map { _ in generator.normal() }
    #expect(abs(moment(1, numbers)) < 0.01)
    #expect(abs(moment(2, numbers) - 1) < 0.015)
    #expect(abs(moment(3, numbers)) < 0.04)
    #expect(abs(moment(4, numbers) - 3) < 0.1)
    let beyond = numbers.count { abs($0) > 1.959964 }
    #expect(abs(Double(beyond) / Double(numbers.count) - 0.05) < 0.002)
    // One after the other are not related.
    let products = zip(numbers, numbers.dropFirst()).map(*)
    #expect(abs(moment(1, products)) < 0.01)
  }

  private func moment(_ power: Double, _ numbers: [Double]) -> Double {
    numbers.reduce(0) { $0 + pow($1, power) } / Double(numbers.count)
  }

  @Test(
    "Whole numbers stay below the bound and come equally often", arguments: [1, 2, 3, 10, 1000])
  func integers(_ bound: Int) {
    var generator = SeededGenerator(seed: 3)
    var counts = [Int](repeating: 0, count: bound)
    let draws = 200 * bound
    for _ in 0..<draws { counts[generator.integer(below: bound)] += 1 }
    // Seven standard deviations.
    #expect(counts.allSatisfy { abs($0 - 200) < 100 })
  }

  @Test("Whole numbers below the greatest bound repeat nothing of a pattern")
  func wideIntegers() {
    var generator = SeededGenerator(seed: 4)
    let bound = 3 << 61
    let numbers = (0..<3000).map { _ in generator.integer(below: bound) }
    for third in 0..<3 {
      let hits = numbers.count { $0 / (1 << 61) == third }
      #expect(abs(hits - 1000) < 150)
    }
  }

  @Test("Permutations have each place once, and every order comes up")
  func permutations() {
    var generator = SeededGenerator(seed: 5)
    for count in [0, 1, 2, 17, 1000] {
      #expect(generator.permutation(of: count).sorted() == Array(0..<count))
    }
    var counts: [[Int]: Int] = [:]
    for _ in 0..<12_000 { counts[generator.permutation(of: 4), default: 0] += 1 }
    #expect(counts.count == 24)
    #expect(counts.values.allSatisfy { abs($0 - 500) < 130 })
  }

  @Test("A permutation is the same with every compiler")
  func goldenPermutation() {
    var generator = SeededGenerator(seed: 0, stream: "golden")
    #expect(generator.permutation(of: 10) == [8, 6, 4, 3, 5, 2, 0, 9, 7, 1])
  }

  @Test("Encoded and decoded, a generator goes on where it was")
  func coding() throws {
    var generator = SeededGenerator(seed: 6)
    _ = (0..<7).map { _ in generator.normal() }
    let data = try JSONEncoder().encode(generator)
    var copy = try JSONDecoder().decode(SeededGenerator.self, from: data)
    for _ in 0..<100 { #expect(copy.next() == generator.next()) }
  }

  @Test(
    "A state that no generator has is refused",
    arguments: ["[0,0,0,0]", "[1,2,3]", "[1,2,3,4,5]", "[1,2,3,-4]", "{}"])
  func badCoding(_ text: String) {
    #expect(throws: DecodingError.self) {
      try JSONDecoder().decode(SeededGenerator.self, from: Data(text.utf8))
    }
  }
}
