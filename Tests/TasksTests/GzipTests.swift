import Files
import Tasks
import Testing

@Suite("Gzip")
struct GzipTests {
  private let text = Array("the same again, the same again, the same again\n".utf8)
  private let compressed: [UInt8] = [
    0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0x2b, 0xc9, 0x48, 0x55, 0x28, 0x4e,
    0xcc, 0x4d, 0x55, 0x48, 0x4c, 0x4f, 0xcc, 0xcc, 0xd3, 0x51, 0x28, 0xc1, 0xcb, 0xe7, 0x02, 0x00,
    0xc1, 0xee, 0x82, 0x03, 0x2f, 0x00, 0x00, 0x00,
  ]

  @Test("Compressed data come back")
  func compressedData() throws {
    #expect(try Gzip.decompress(compressed, file: "a.gz") == text)
  }

  @Test("Stored data of every size come back", arguments: [0, 1, 65_535, 65_536, 300_000])
  func stored(_ count: Int) throws {
    let contents = (0..<count).map { UInt8(truncatingIfNeeded: $0 ^ ($0 >> 8)) }
    #expect(try Gzip.decompress(gzipped(contents), file: "a.gz") == contents)
  }

  @Test("Several members are read one after the other")
  func members() throws {
    let bytes = compressed + gzipped([1, 2, 3]) + gzipped([]) + compressed
    #expect(try Gzip.decompress(bytes, file: "a.gz") == text + [1, 2, 3] + text)
  }

  @Test("A file cut off anywhere is refused")
  func truncated() {
    for count in 2..<compressed.count {
      expectError("a.gz", "byte \(count)", "cut off") { () throws(DataError) in
        try Gzip.decompress(Array(compressed.prefix(count)), file: "a.gz")
      }
    }
  }

  @Test("What is no gzip file is refused")
  func otherFiles() {
    expectError("a.gz, byte 0: nothing", "1f 8b") { () throws(DataError) in
      try Gzip.decompress([], file: "a.gz")
    }
    expectError("a.gz, byte 0: 1f") { () throws(DataError) in
      try Gzip.decompress([0x1f], file: "a.gz")
    }
    expectError("a.gz, byte 0: 50 4b") { () throws(DataError) in
      try Gzip.decompress([0x50, 0x4b, 3, 4], file: "a.gz")
    }
    expectError("zlib: unknown compression method") { () throws(DataError) in
      try Gzip.decompress([0x1f, 0x8b, 7] + compressed.dropFirst(3), file: "a.gz")
    }
  }

  @Test("Damaged contents and checksums are refused")
  func damaged() {
    // Bits of byte 31 only fill it up.
    for i in compressed.indices.dropFirst(10) where i != 31 {
      var bytes = compressed
      bytes[i] ^= 0x10
      expectError("a.gz, byte") { () throws(DataError) in
        try Gzip.decompress(bytes, file: "a.gz")
      }
    }
    var bytes = compressed
    bytes[33] ^= 1
    expectError("damaged data (zlib: incorrect data check)") { () throws(DataError) in
      try Gzip.decompress(bytes, file: "a.gz")
    }
    // The size it tells is no reason to make room for as much.
    bytes = compressed
    bytes.replaceSubrange(36..<40, with: [0xff, 0xff, 0xff, 0xff])
    expectError("damaged data (zlib: incorrect length check)") { () throws(DataError) in
      try Gzip.decompress(bytes, file: "a.gz")
    }
  }

  @Test("Anything behind the data is refused")
  func trailing() {
    for rest: [UInt8] in [[0], [0x1f], Array("junk".utf8)] {
      expectError("a.gz, byte 40", "\(rest.count) bytes behind") { () throws(DataError) in
        try Gzip.decompress(compressed + rest, file: "a.gz")
      }
    }
    expectError("cut off") { () throws(DataError) in
      try Gzip.decompress(compressed + [0x1f, 0x8b], file: "a.gz")
    }
  }
}
