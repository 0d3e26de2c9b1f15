import CZlib

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The bytes of a file from its beginning to its end, decompressed where it begins as a gzip file
/// does, without ever holding all of them.
package final class ByteStream {
  /// The file's path.
  package let file: String
  /// Whether the file is compressed.
  package private(set) var isCompressed = false
  /// How many bytes have been taken from the stream.
  private(set) var position = 0
  /// The size of the file in bytes; 0 where it has none, as a pipe.
  package let fileSize: Int

  private let descriptor: Int32
  // What was read of the file, and is not yet passed on or decompressed.
  private var input = [UInt8](repeating: 0, count: 1 << 16)
  private var unused = 0..<0
  private var consumed = 0
  private var isMemberOver = false
  // zlib keeps the stream's address, so it must have one of its own.
  private var inflation: UnsafeMutablePointer<z_stream>?

  /// Opens a file.
  ///
  /// - Parameter decompresses: Whether a compressed file is decompressed. Default true.
  /// - Throws: ``DataError`` where it cannot be read.
  package init(_ file: String, decompresses: Bool = true) throws(DataError) {
    self.file = file
    (descriptor, fileSize) = try openForReading(file)
    while unused.count < 2, try refill() {}
    guard decompresses, Gzip.isGzip(input[unused]) else { return }
    isCompressed = true
    let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    stream.initialize(to: z_stream())
    guard czlib_begin_gunzip(stream) == Z_OK else {
      stream.deallocate()
      throw .unreadable(file: file, reason: "zlib \(ZLIB_VERSION) does not start")
    }
    inflation = stream
  }

  deinit {
    close(descriptor)
    if let inflation {
      inflateEnd(inflation)
      inflation.deallocate()
    }
  }

  /// The place in the file, or in its decompressed contents, from which the next byte is taken.
  package var place: DataError.Place { place(at: position) }

  /// The place of a byte that was taken.
  package func place(at position: Int) -> DataError.Place {
    isCompressed ? .decompressedByte(position) : .byte(position)
  }

  /// Takes the next bytes, as many as fit at most.
  ///
  /// - Returns: How many were taken; 0 only at the end, or where none fits.
  /// - Throws: ``DataError`` where the file cannot be read, or is a damaged gzip file.
  package func read(into buffer: UnsafeMutableRawBufferPointer) throws(DataError) -> Int {
    if buffer.isEmpty { return 0 }
    let count = isCompressed ? try decompress(into: buffer) : try copy(into: buffer)
    position += count
    return count
  }

  /// Takes the next bytes, and fewer than fit only at the end.
  package func fill(_ buffer: UnsafeMutableRawBufferPointer) throws(DataError) -> Int {
    var filled = 0
    while filled < buffer.count {
      let count = try read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]))
      if count == 0 { break }
      filled += count
    }
    return filled
  }

  /// Takes all bytes that are left, piece by piece.
  package func forEachPiece(
    _ body: (ArraySlice<UInt8>) throws(DataError) -> Void
  ) throws(DataError) {
    var buffer = [UInt8](repeating: 0, count: 1 << 18)
    while true {
      let result = buffer.withUnsafeMutableBytes { bytes in
        Result { () throws(DataError) in try read(into: bytes) }
      }
      let count = try result.get()
      if count == 0 { return }
      try body(buffer[..<count])
    }
  }

  /// Passes over bytes of a file that is not decompressed, without reading them where it can.
  package func skip(_ count: Int) throws(DataError) {
    let taken = unused.prefix(count)
    unused = taken.upperBound..<unused.upperBound
    position += count
    let rest = count - taken.count
    guard rest > 0, lseek(descriptor, off_t(rest), SEEK_CUR) < 0 else { return }
    throw .unreadable(file: file, reason: String(cString: strerror(errno)))
  }

  /// Reads more of the file behind what is unused, a byte at most; false at its end.
  private func refill() throws(DataError) -> Bool {
    let kept = Array(input[unused])
    input.replaceSubrange(0..<kept.count, with: kept)
    unused = 0..<kept.count
    let result = input.withUnsafeMutableBytes { bytes in
      Result { () throws(DataError) in
        try readNext(
          descriptor, into: UnsafeMutableRawBufferPointer(rebasing: bytes[unused.upperBound...]),
          of: file)
      }
    }
    let count = try result.get()
    unused = unused.lowerBound..<(unused.upperBound + count)
    return count > 0
  }

  private func copy(into buffer: UnsafeMutableRawBufferPointer) throws(DataError) -> Int {
    guard !unused.isEmpty else { return try readNext(descriptor, into: buffer, of: file) }
    let taken = unused.prefix(buffer.count)
    buffer.copyBytes(from: input[taken])
    unused = taken.upperBound..<unused.upperBound
    return taken.count
  }

  private func decompress(into buffer: UnsafeMutableRawBufferPointer) throws(DataError) -> Int {
    while true {
      if unused.isEmpty, try !refill() {
        if isMemberOver { return 0 }
        throw .malformed(
          file: file, place: .byte(consumed), found: "the end of the file",
          expected: "more compressed data: the file is cut off")
      }
      if isMemberOver { try beginMember() }
      let (status, count) = inflate(into: buffer)
      switch status {
      case Z_OK, Z_BUF_ERROR: break
      case Z_STREAM_END: isMemberOver = true
      default:
        let reason = inflation?.pointee.msg.map { String(cString: $0) } ?? "no reason given"
        throw .malformed(
          file: file, place: .byte(consumed), found: "damaged data (zlib: \(reason))",
          expected: "an intact gzip file")
      }
      if count > 0 { return count }
    }
  }

  /// Begins another member behind one that is over: a gzip file may have several.
  private func beginMember() throws(DataError) {
    while unused.count < 2, try refill() {}
    guard Gzip.isGzip(input[unused]), inflateReset(inflation) == Z_OK else {
      throw .malformed(
        file: file, place: .byte(consumed), found: "other bytes behind the compressed data",
        expected: "the end of the file")
    }
    isMemberOver = false
  }

  /// Lets zlib take what it can from the input and fill what it can of the buffer.
  private func inflate(into buffer: UnsafeMutableRawBufferPointer) -> (status: Int32, count: Int) {
    guard let stream = inflation else { return (Z_STREAM_ERROR, 0) }
    // zlib counts in 32 bits.
    let space = min(buffer.count, 1 << 30)
    return input.withUnsafeMutableBufferPointer { bytes in
      stream.pointee.next_in = bytes.baseAddress.map { $0 + unused.lowerBound }
      stream.pointee.avail_in = UInt32(unused.count)
      stream.pointee.next_out = buffer.baseAddress?.assumingMemoryBound(to: UInt8.self)
      stream.pointee.avail_out = UInt32(space)
      let status = CZlib.inflate(stream, Z_NO_FLUSH)
      let taken = unused.count - Int(stream.pointee.avail_in)
      unused = (unused.lowerBound + taken)..<unused.upperBound
      consumed += taken
      return (status, space - Int(stream.pointee.avail_out))
    }
  }
}
