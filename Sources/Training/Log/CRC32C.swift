/// The cyclic redundancy check CRC-32C (Castagnoli; RFC 3720, appendix B.4), which event files use.
///
///     var check = CRC32C()
///     check.add(bytes)
///     check.value
struct CRC32C {
  private var state: UInt32 = ~0

  /// The check of all bytes added so far.
  var value: UInt32 { ~state }

  /// The check as event files store it: rotated and offset, so that the check of data that holds
  /// checks is no special case.
  var masked: UInt32 { (value >> 15 | value << 17) &+ 0xa282_ead8 }

  /// The check of some bytes.
  static func of(_ bytes: UnsafeRawBufferPointer) -> CRC32C {
    var check = CRC32C()
    check.add(bytes)
    return check
  }

  /// Adds bytes, eight at a time ("slicing-by-8").
  mutating func add(_ bytes: UnsafeRawBufferPointer) {
    state = Self.tables.withUnsafeBufferPointer { tables in
      var state = state
      var i = 0
      while i + 8 <= bytes.count {
        let word =
          UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: i, as: UInt64.self))
          ^ UInt64(state)
        state = 0
        for byte in 0..<8 {
          let index = Int(truncatingIfNeeded: word >> (8 * UInt64(byte))) & 0xff
          state ^= tables[(7 - byte) << 8 | index]
        }
        i += 8
      }
      while i < bytes.count {
        state = tables[Int((state ^ UInt32(bytes[i])) & 0xff)] ^ (state >> 8)
        i += 1
      }
      return state
    }
  }

  /// Table k, at k·256, has the effect of a byte that k more bytes follow.
  private static let tables: [UInt32] = {
    var tables = [UInt32](repeating: 0, count: 8 * 256)
    for byte in 0..<256 {
      var value = UInt32(byte)
      for _ in 0..<8 { value = value & 1 == 1 ? value >> 1 ^ 0x82f6_3b78 : value >> 1 }
      tables[byte] = value
    }
    for entry in 256..<tables.count {
      let shorter = tables[entry - 256]
      tables[entry] = tables[Int(shorter & 0xff)] ^ (shorter >> 8)
    }
    return tables
  }()
}
