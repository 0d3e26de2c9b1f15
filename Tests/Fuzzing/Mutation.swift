import AdamQLRTorch

/// Changes inputs at random.
struct Mutation {
  /// What stands for numbers, dimensions and nesting that readers do not expect.
  private static let words = [
    "-1", "0", "1e999", "nan", "inf", "99999999999999999999", "9223372036854775807",
    "-9223372036854775808", "18446744073709551615", "4294967296", "0x10", "[", "[[[[[[[[", "{", "}",
    "]", "\"", "'", ",", ":", "\n", "\r", "\u{FEFF}", "\0", "null", "true", "~", "*a", "&a", "<<",
    "!!binary", "|", ">", "../", "/dev/zero", "é", "\u{202E}",
  ].map { Array($0.utf8) }
  private static let bytes: [UInt8] = [0, 1, 0x7F, 0x80, 0xFE, 0xFF]

  private var generator: SeededGenerator

  init(seed: UInt64) { generator = SeededGenerator(seed: seed, stream: "mutations") }

  private mutating func below(_ count: Int) -> Int { generator.integer(below: max(count, 1)) }

  /// One of the inputs, changed in a few places.
  mutating func input(from seeds: [[UInt8]]) -> [UInt8] {
    var input = seeds[below(seeds.count)]
    for _ in 0...below(6) { change(&input, seeds) }
    return input
  }

  private mutating func change(_ input: inout [UInt8], _ seeds: [[UInt8]]) {
    let place = below(input.count)
    let rest = input.count - place
    let range = place..<(place + below(min(rest, 64)))
    switch below(9) {
    case 0 where rest > 0: input[place] ^= 1 << UInt8(below(8))
    case 1 where rest > 0: input[place] = Self.bytes[below(Self.bytes.count)]
    case 2: input.removeSubrange(range)
    case 3: input.insert(contentsOf: Array(input[range]), at: place)
    case 4: input.insert(contentsOf: Self.words[below(Self.words.count)], at: place)
    case 5: input.replaceSubrange(range, with: Self.words[below(Self.words.count)])
    case 6: input.removeLast(rest)
    case 7:
      let other = seeds[below(seeds.count)]
      input.replaceSubrange(place..., with: other[below(other.count)...])
    default:
      // A number of some width, of either order.
      let width = min([2, 4, 8][below(3)], rest)
      let value = [0, .max, 1 << 31, 1 << 32, 1 << 63, UInt64(below(1 << 16))][below(6)]
      for byte in 0..<width {
        input[place + byte] = UInt8(truncatingIfNeeded: value >> UInt64(8 * byte))
      }
    }
  }
}
