/// What a MATLAB file of version 5 looks like from outside: a head of 128 bytes, and elements, each
/// with its kind and size before it (MathWorks, "MAT-File Format", Level 5). A file that is cut off is
/// noticed here, before a library reads it.
package enum MATFileOutline {
  private static let headSize = 128

  /// Checks the head, and that all elements are there.
  package static func check(_ path: String) throws(DataError) {
    let stream = try ByteStream(path, decompresses: false)
    func bytes(_ count: Int) throws(DataError) -> [UInt8] {
      var bytes = [UInt8](repeating: 0, count: count)
      let result = bytes.withUnsafeMutableBytes { buffer in
        Result { () throws(DataError) in try stream.fill(buffer) }
      }
      bytes.removeLast(count - (try result.get()))
      return bytes
    }
    let head = try bytes(headSize)
    guard head.count == headSize else {
      throw .malformed(
        file: path, place: .byte(head.count), found: "the end of the file",
        expected: "the head of a MATLAB file, \(headSize) bytes")
    }
    let isLittle = head[126...].elementsEqual("IM".utf8)
    guard isLittle || head[126...].elementsEqual("MI".utf8) else {
      throw .malformed(
        file: path, place: .byte(126), found: "no mark of the order of bytes",
        expected: "'IM' or 'MI', as a MATLAB file of version 5 has it")
    }
    func word(_ bytes: some BidirectionalCollection<UInt8>) -> Int {
      isLittle
        ? bytes.reversed().reduce(0) { $0 << 8 | Int($1) }
        : bytes.reduce(0) { $0 << 8 | Int($1) }
    }
    guard word(head[124..<126]) == 0x0100 else {
      throw .malformed(
        file: path, place: .byte(124), found: "version \(word(head[124..<126]))",
        expected: "256, a MATLAB file of version 5")
    }
    while true {
      let place = stream.position
      let tag = try bytes(8)
      if tag.isEmpty { return }
      let size = tag.count == 8 ? word(tag[4...]) : 0
      let rest = stream.fileSize - stream.position
      guard tag.count == 8, size <= rest else {
        throw .malformed(
          file: path, place: .byte(place), found: "\(max(rest, 0)) bytes up to the end of the file",
          expected: tag.count == 8
            ? "\(size), as the element says: the file is cut off" : "an element's kind and size")
      }
      try stream.skip(size)
    }
  }
}
