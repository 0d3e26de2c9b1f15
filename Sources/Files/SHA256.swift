/// The hash function SHA-256 (FIPS 180-4, sections 5 and 6.2).
public struct SHA256: Sendable {
  // The square roots of the first 8 primes, their first 32 binary places (section 5.3.3).
  private var hash: SIMD8<UInt32> = [
    0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab,
    0x5be0_cd19,
  ]
  private var count = 0
  /// What has not filled a block yet.
  private var rest: [UInt8] = []
  private var schedule = [UInt32](repeating: 0, count: 64)

  /// Begins a message.
  public init() {}

  /// The hash of a whole message, as 64 hexadecimal digits.
  public static func hexadecimal(of message: [UInt8]) -> String {
    var function = SHA256()
    function.update(message[...])
    return function.hexadecimal()
  }

  /// Ends the message and returns its hash, as 64 hexadecimal digits.
  public mutating func hexadecimal() -> String {
    finalize().map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
  }

  /// Adds bytes to the end of the message.
  public mutating func update(_ bytes: ArraySlice<UInt8>) {
    count += bytes.count
    var bytes = bytes
    if !rest.isEmpty {
      let taken = bytes.prefix(64 - rest.count)
      rest += taken
      bytes = bytes.dropFirst(taken.count)
      guard rest.count == 64 else { return }
      rest.withUnsafeBufferPointer { compress($0) }
      rest.removeAll(keepingCapacity: true)
    }
    let whole = bytes.count / 64 * 64
    bytes.prefix(whole).withUnsafeBufferPointer { compress($0) }
    rest += bytes.dropFirst(whole)
  }

  /// Ends the message and returns its hash, 32 bytes.
  public mutating func finalize() -> [UInt8] {
    let bits = UInt64(count) * 8
    let zeros = (119 - count % 64) % 64
    let length = (0..<8).map { UInt8(truncatingIfNeeded: bits >> (56 - 8 * $0)) }
    update(([0x80] + [UInt8](repeating: 0, count: zeros) + length)[...])
    return hash.indices.flatMap { i in
      (0..<4).map { UInt8(truncatingIfNeeded: hash[i] >> (24 - 8 * $0)) }
    }
  }

  /// Takes whole blocks of 64 bytes into the hash (section 6.2.2).
  private mutating func compress(_ bytes: UnsafeBufferPointer<UInt8>) {
    var state = hash
    schedule.withUnsafeMutableBufferPointer { w in
      roundConstants.withUnsafeBufferPointer { k in
        for block in stride(from: 0, to: bytes.count, by: 64) {
          for t in 0..<16 {
            let i = block + 4 * t
            let high = UInt32(bytes[i]) << 24 | UInt32(bytes[i + 1]) << 16
            w[t] = high | UInt32(bytes[i + 2]) << 8 | UInt32(bytes[i + 3])
          }
          for t in 16..<64 {
            let (x, y) = (w[t - 15], w[t - 2])
            let s0 = rotated(x, 7) ^ rotated(x, 18) ^ x >> 3
            let s1 = rotated(y, 17) ^ rotated(y, 19) ^ y >> 10
            w[t] = s1 &+ w[t - 7] &+ s0 &+ w[t - 16]
          }
          var (a, b, c, d) = (state[0], state[1], state[2], state[3])
          var (e, f, g, h) = (state[4], state[5], state[6], state[7])
          for t in 0..<64 {
            let s1 = rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25)
            let t1 = h &+ s1 &+ (e & f ^ ~e & g) &+ k[t] &+ w[t]
            let s0 = rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22)
            let t2 = s0 &+ (a & b ^ a & c ^ b & c)
            (h, g, f, e) = (g, f, e, d &+ t1)
            (d, c, b, a) = (c, b, a, t1 &+ t2)
          }
          state = state &+ SIMD8(a, b, c, d, e, f, g, h)
        }
      }
    }
    hash = state
  }
}

/// Rotates to the right.
@inline(__always)
private func rotated(_ x: UInt32, _ n: UInt32) -> UInt32 { x &>> n | x &<< (32 &- n) }

/// The cube roots of the first 64 primes, their first 32 binary places (section 4.2.2).
private let roundConstants: [UInt32] = [
  0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4,
  0xab1c_5ed5, 0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe,
  0x9bdc_06a7, 0xc19b_f174, 0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f,
  0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da, 0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7,
  0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967, 0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc,
  0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85, 0xa2bf_e8a1, 0xa81a_664b,
  0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070, 0x19a4_c116,
  0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
  0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7,
  0xc671_78f2,
]
