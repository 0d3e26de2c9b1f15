import Testing
import Training

@Suite("What a rank has of its machine")
struct RankSettingsTests {
  /// Processors by their numbers.
  private func mask(_ processors: Range<Int>) -> [UInt32] {
    var bits = [UInt32](repeating: 0, count: 32)
    for number in processors { bits[number / 32] |= 1 << UInt32(number % 32) }
    return bits
  }

  @Test("Ranks share the processors of a machine, and keep what each was given")
  func threads() {
    let all = Processors(own: mask(0..<40), others: [mask(0..<40), mask(0..<40), mask(0..<40)])
    #expect(all.threadCount(usual: 40, [:]) == 10)
    // Of 40 with two threads each, libtorch takes 20.
    #expect(all.threadCount(usual: 20, [:]) == 5)
    #expect(all.threadCount(usual: 3, [:]) == 1)
    let given = Processors(own: mask(4..<8), others: [mask(0..<4), mask(8..<12)])
    #expect(given.threadCount(usual: 4, [:]) == 4)
    #expect(Processors(own: mask(0..<8), others: []).threadCount(usual: 8, [:]) == 8)
  }

  @Test("OMP_NUM_THREADS counts unless it is torchrun's own")
  func openMP() {
    let two = Processors(own: mask(0..<16), others: [mask(0..<16)])
    let torchrun = ["TORCHELASTIC_RUN_ID": "none", "OMP_NUM_THREADS": "1"]
    #expect(two.threadCount(usual: 1, torchrun) == 8)
    #expect(two.threadCount(usual: 1, ["OMP_NUM_THREADS": "1"]) == 1)
    #expect(two.threadCount(usual: 6, torchrun.merging(["OMP_NUM_THREADS": "6"]) { $1 }) == 6)
  }

  @Test("A rank takes the GPU of its number, or the only one that it sees")
  func devices() {
    func numbers(_ count: Int) -> [Int] {
      (0..<4).map { Settings.deviceNumber(ofLocalRank: $0, of: count) }
    }
    #expect(
      numbers(4) == [0, 1, 2, 3] && numbers(1) == [0, 0, 0, 0] && numbers(2) == [0, 1, 0, 1])
  }
}
