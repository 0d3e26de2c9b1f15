extension Tensor {
  /// A hash of type, shape and elements to the last bit, by which ranks see whether theirs are the same.
  ///
  /// - Complexity: One pass over memory.
  public var fingerprint: UInt64 {
    let source = to(.cpu).contiguous()
    let byteCount = count * type.size
    var hash = Fingerprint()
    hash.add("\(type)")
    for size in shape { hash.add(UInt64(size)) }
    withExtendedLifetime(source) {
      let bytes = UnsafeRawBufferPointer(start: source.data, count: byteCount)
      hash.add(bytes)
    }
    return hash.value
  }
}

/// FNV-1a (Fowler, Noll, Vo) over words of 64 bits, in four lanes.
public struct Fingerprint {
  private static let prime: UInt64 = 0x100_0000_01b3
  private var lanes = SIMD4<UInt64>(
    0xcbf2_9ce4_8422_2325, 0x8422_2325_cbf2_9ce4, 0x9ce4_8422_2325_cbf2, 0x2325_cbf2_9ce4_8422)

  /// The hash of nothing.
  public init() {}

  /// The hash of what was added.
  public var value: UInt64 {
    (0..<4).reduce(0) { (($0 ^ ($0 >> 29)) &* Self.prime) ^ lanes[$1] }
  }

  /// Adds a number.
  public mutating func add(_ number: UInt64) { lanes = mixed(SIMD4(repeating: number)) }

  /// Adds a text.
  public mutating func add(_ text: String) { Array(text.utf8).withUnsafeBytes { add($0) } }

  /// Adds bytes.
  public mutating func add(_ bytes: UnsafeRawBufferPointer) {
    let whole = bytes.count / 32
    for place in 0..<whole {
      lanes = mixed(bytes.loadUnaligned(fromByteOffset: 32 * place, as: SIMD4<UInt64>.self))
    }
    for byte in bytes[(32 * whole)...] { add(UInt64(byte)) }
    add(UInt64(bytes.count))
  }

  private func mixed(_ words: SIMD4<UInt64>) -> SIMD4<UInt64> {
    let x = (lanes ^ words) &* SIMD4(repeating: Self.prime)
    // The prime moves what is high nowhere.
    return x ^ (x &>> SIMD4(repeating: 32))
  }
}
