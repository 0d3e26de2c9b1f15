import Requirements

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A random number generator that repeats itself: xoshiro256** (Blackman and Vigna 2018), its state
/// filled by splitmix64 from a seed.
///
/// The same seed gives the same numbers on every machine and with every version of Swift; for that,
/// all that is drawn here is drawn by the generator's own methods, not by the standard library's.
/// Encoded and decoded, a generator goes on where it was.
public struct SeededGenerator: RandomNumberGenerator, Hashable, Sendable {
  private var s0, s1, s2, s3: UInt64

  /// Makes the generator of a seed.
  public init(seed: UInt64) {
    var mixer = SplitMix64(state: seed)
    (s0, s1, s2, s3) = (mixer.next(), mixer.next(), mixer.next(), mixer.next())
  }

  /// Makes one of a seed's independent generators, told apart by name.
  ///
  /// What one part of a program draws then does not depend on how much another has drawn.
  public init(seed: UInt64, stream: String) {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325  // FNV-1a
    for byte in stream.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
    // Without mixing, seeds and names that differ in the same bits would share a generator.
    var mixer = SplitMix64(state: seed)
    self.init(seed: mixer.next() ^ hash)
  }

  /// Makes a generator that goes on from a state, or `nil` where all four words are zero: from there
  /// only zeros would follow.
  public init?(state: (UInt64, UInt64, UInt64, UInt64)) {
    guard state != (0, 0, 0, 0) else { return nil }
    (s0, s1, s2, s3) = state
  }

  /// Draws 64 random bits.
  public mutating func next() -> UInt64 {
    let result = rotated(s1 &* 5, by: 7) &* 9
    let shifted = s1 << 17
    s2 ^= s0
    s3 ^= s1
    s1 ^= s2
    s0 ^= s3
    s2 ^= shifted
    s3 = rotated(s3, by: 45)
    return result
  }

  /// Draws a number from [0, 1), a multiple of 2⁻⁵³.
  public mutating func uniform() -> Double {
    Double(next() >> 11) * 0x1p-53
  }

  /// Draws a whole number from `0..<bound`, each with the same probability.
  ///
  /// - Precondition: The bound is positive.
  public mutating func integer(below bound: Int) -> Int {
    require(bound > 0, "the bound is \(bound), but must be positive")
    let bound = UInt64(bound)
    // The high half of a product (Lemire 2019); what would favor some numbers is drawn again.
    var product = next().multipliedFullWidth(by: bound)
    if product.low < bound {
      let threshold = (0 &- bound) % bound
      while product.low < threshold { product = next().multipliedFullWidth(by: bound) }
    }
    return Int(product.high)
  }

  /// Draws a number from the normal distribution with mean 0 and variance 1 (Marsaglia's polar
  /// method; the pair's second number is not kept, so that the state is all there is).
  public mutating func normal() -> Double {
    while true {
      let (x, y) = (2 * uniform() - 1, 2 * uniform() - 1)
      let square = x * x + y * y
      if square < 1, square > 0 { return x * (-2 * log(square) / square).squareRoot() }
    }
  }

  /// Draws numbers as ``normal()`` does, but keeps both of each pair.
  public mutating func normals(_ count: Int) -> [Double] {
    Array(unsafeUninitializedCapacity: count) { numbers, filled in
      while filled < count {
        let (x, y) = (2 * uniform() - 1, 2 * uniform() - 1)
        let square = x * x + y * y
        guard square < 1, square > 0 else { continue }
        let factor = (-2 * log(square) / square).squareRoot()
        numbers.initializeElement(at: filled, to: x * factor)
        if filled + 1 < count { numbers.initializeElement(at: filled + 1, to: y * factor) }
        filled = min(filled + 2, count)
      }
    }
  }

  /// Draws an order of `0..<count`, each with the same probability (Fisher and Yates).
  ///
  /// - Precondition: The count is not negative.
  /// - Complexity: O(count).
  public mutating func permutation(of count: Int) -> [Int] {
    require(count >= 0, "the count is \(count), but must not be negative")
    var order = Array(0..<count)
    for last in stride(from: count - 1, to: 0, by: -1) {
      order.swapAt(last, integer(below: last + 1))
    }
    return order
  }
}

extension SeededGenerator: Codable {
  /// Reads the four words of the state.
  ///
  /// - Throws: `DecodingError` where they are all zero, which no generator's are.
  public init(from decoder: any Decoder) throws {
    var words = try decoder.unkeyedContainer()
    let state = (
      try words.decode(UInt64.self), try words.decode(UInt64.self),
      try words.decode(UInt64.self), try words.decode(UInt64.self)
    )
    guard words.isAtEnd, let generator = SeededGenerator(state: state) else {
      throw DecodingError.dataCorruptedError(
        in: words,
        debugDescription: "a generator's state is four numbers, and not all of them are zero")
    }
    self = generator
  }

  /// Writes the four words of the state.
  public func encode(to encoder: any Encoder) throws {
    var words = encoder.unkeyedContainer()
    for word in [s0, s1, s2, s3] { try words.encode(word) }
  }
}

/// The generator that fills another's state (Steele, Lea and Flood 2014).
private struct SplitMix64 {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}

private func rotated(_ word: UInt64, by count: UInt64) -> UInt64 {
  (word << count) | (word >> (64 - count))
}
