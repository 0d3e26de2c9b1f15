/// A gzip file of stored (not compressed) blocks, made without zlib.
func gzipped(_ contents: [UInt8]) -> [UInt8] {
  var bytes: [UInt8] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]
  var start = 0
  repeat {
    let end = min(start + 0xffff, contents.count)
    bytes.append(end == contents.count ? 1 : 0)
    let size = UInt16(end - start)
    for half in [size, ~size] { bytes += [UInt8(half & 0xff), UInt8(half >> 8)] }
    bytes += contents[start..<end]
    start = end
  } while start < contents.count
  for word in [checksum(contents), UInt32(contents.count)] { bytes += word.bytes.reversed() }
  return bytes
}

/// CRC-32 as gzip has it.
private func checksum(_ bytes: [UInt8]) -> UInt32 {
  var sum: UInt32 = ~0
  for byte in bytes {
    sum ^= UInt32(byte)
    for _ in 0..<8 { sum = sum & 1 == 1 ? (sum >> 1) ^ 0xedb8_8320 : sum >> 1 }
  }
  return ~sum
}

extension UInt32 {
  /// The bytes, the most significant first.
  var bytes: [UInt8] { [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: self >> $0) } }
}

/// An IDX file of images whose gray values count up.
func idxImages(_ count: Int, _ rows: Int = 2, _ columns: Int = 3) -> [UInt8] {
  [0x0803, UInt32(count), UInt32(rows), UInt32(columns)].flatMap(\.bytes)
    + (0..<(count * rows * columns)).map { UInt8(truncatingIfNeeded: $0) }
}

/// An IDX file of labels.
func idxLabels(_ labels: [UInt8]) -> [UInt8] {
  [0x0801, UInt32(labels.count)].flatMap(\.bytes) + labels
}

/// FNV-1a.
func hash(_ bytes: some Sequence<UInt8>) -> UInt64 {
  bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3 }
}
