/// A gzip file of stored (not compressed) blocks, made without zlib.
func gzipped(_ contents: [UInt8]) -> [UInt8] {
  var bytes: [UInt8] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255] + storedBlocks(contents)
  for word in [checksum(contents), UInt32(contents.count)] { bytes += word.bytes.reversed() }
  return bytes
}

/// Contents as DEFLATE's stored blocks (RFC 1951, 3.2.4).
func storedBlocks(_ contents: [UInt8]) -> [UInt8] {
  var bytes: [UInt8] = []
  var start = 0
  repeat {
    let end = min(start + 0xffff, contents.count)
    bytes.append(end == contents.count ? 1 : 0)
    let size = UInt16(end - start)
    for half in [size, ~size] { bytes += [UInt8(half & 0xff), UInt8(half >> 8)] }
    bytes += contents[start..<end]
    start = end
  } while start < contents.count
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

/// What ends a tar archive.
let tarEnd = [UInt8](repeating: 0, count: 1024)

/// A head of a tar archive and the contents, whole blocks.
///
/// - Parameters:
///   - kind: 0 for files, 5 for folders, and others.
///   - prefix: The folders that the path lies in, as far as they have a field of their own.
///   - statedSize: The size that the head tells. Default: that of the contents.
func tarEntry(
  _ path: String, _ contents: [UInt8], kind: Character = "0", prefix: String = "",
  statedSize: Int? = nil
) -> [UInt8] {
  var head = [UInt8](repeating: 0, count: 512)
  func put(_ text: String, at offset: Int) {
    head.replaceSubrange(offset..<(offset + text.utf8.count), with: text.utf8)
  }
  func octal(_ number: Int) -> String {
    let digits = String(number, radix: 8)
    return String(repeating: "0", count: 11 - digits.count) + digits
  }
  put(path, at: 0)
  put("0000644", at: 100)
  put(octal(statedSize ?? contents.count), at: 124)
  put(octal(0), at: 136)
  put(String(kind), at: 156)
  put("ustar\0" + "00", at: 257)
  put(prefix, at: 345)
  let padding = [UInt8](repeating: 0, count: (512 - contents.count % 512) % 512)
  return withChecksum(head) + contents + padding
}

/// An entry of a tar archive, with the checksum that its head should have.
func withChecksum(_ entry: [UInt8]) -> [UInt8] {
  var entry = entry
  entry.replaceSubrange(148..<156, with: repeatElement(32, count: 8))
  let digits = String(entry.prefix(512).reduce(0) { $0 + Int($1) }, radix: 8)
  let field = String(repeating: "0", count: 6 - digits.count) + digits + "\0 "
  entry.replaceSubrange(148..<156, with: field.utf8)
  return entry
}
