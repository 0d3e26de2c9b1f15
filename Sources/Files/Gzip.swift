import CZlib

/// The gzip format (RFC 1952).
public enum Gzip {
  /// Whether the bytes begin as a gzip file does.
  public static func isGzip(_ bytes: some Sequence<UInt8>) -> Bool {
    bytes.starts(with: signature)
  }

  /// Decompresses a gzip file, of one member or several.
  ///
  /// - Parameters:
  ///   - bytes: The file's contents.
  ///   - file: Its name, for errors.
  /// - Returns: The members' contents, one after the other.
  /// - Throws: ``DataError`` where it is no gzip file, ends early, is damaged (its checksums are
  ///   compared), or has anything behind the last member.
  public static func decompress(
    _ bytes: [UInt8], file: String
  ) throws(DataError) -> [UInt8] {
    guard isGzip(bytes) else {
      let found =
        bytes.isEmpty ? "nothing" : bytes.prefix(2).map { hexadecimal($0) }.joined(separator: " ")
      throw .malformed(
        file: file, place: .byte(0), found: found, expected: "a gzip file, which begins with 1f 8b")
    }

    // zlib keeps the stream's address, so it must have one of its own.
    let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    stream.initialize(to: z_stream())
    defer { stream.deallocate() }
    guard czlib_begin_gunzip(stream) == Z_OK else {
      throw .unreadable(file: file, reason: "zlib \(ZLIB_VERSION) does not start")
    }
    defer { inflateEnd(stream) }

    var result = [UInt8](repeating: 0, count: likelySize(of: bytes))
    var (consumed, produced) = (0, 0)
    while true {
      switch inflate(stream, bytes, &consumed, &result, &produced) {
      case Z_OK, Z_BUF_ERROR:
        if produced == result.count {
          result.append(contentsOf: repeatElement(0, count: max(result.count, 1 << 16)))
        } else if consumed == bytes.count {
          throw .malformed(
            file: file, place: .byte(consumed), found: "the end of the file",
            expected: "more compressed data: the file is cut off")
        }
      case Z_STREAM_END:
        if consumed == bytes.count {
          result.removeLast(result.count - produced)
          return result
        }
        guard bytes[consumed...].starts(with: signature), inflateReset(stream) == Z_OK else {
          throw .malformed(
            file: file, place: .byte(consumed),
            found: "\(bytes.count - consumed) bytes behind the compressed data",
            expected: "the end of the file")
        }
      default:
        let reason = stream.pointee.msg.map { String(cString: $0) } ?? "no reason given"
        throw .malformed(
          file: file, place: .byte(consumed), found: "damaged data (zlib: \(reason))",
          expected: "an intact gzip file")
      }
    }
  }

  private static let signature: [UInt8] = [0x1f, 0x8b]

  /// The size that the last four bytes tell, unless the format cannot compress as much.
  private static func likelySize(of bytes: [UInt8]) -> Int {
    let told = bytes.suffix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
    return min(told, bytes.count * 1032) + 1
  }

  /// Lets zlib take what it can from the input and add what it can to the output.
  private static func inflate(
    _ stream: UnsafeMutablePointer<z_stream>, _ input: [UInt8], _ consumed: inout Int,
    _ output: inout [UInt8], _ produced: inout Int
  ) -> Int32 {
    // zlib counts in 32 bits.
    let most = 1 << 30
    return input.withUnsafeBufferPointer { source in
      output.withUnsafeMutableBufferPointer { target in
        let available = (min(source.count - consumed, most), min(target.count - produced, most))
        stream.pointee.next_in = UnsafeMutablePointer(
          mutating: source.baseAddress.map { $0 + consumed })
        stream.pointee.avail_in = UInt32(available.0)
        stream.pointee.next_out = target.baseAddress.map { $0 + produced }
        stream.pointee.avail_out = UInt32(available.1)
        let status = CZlib.inflate(stream, Z_NO_FLUSH)
        consumed += available.0 - Int(stream.pointee.avail_in)
        produced += available.1 - Int(stream.pointee.avail_out)
        return status
      }
    }
  }
}

/// Two hexadecimal digits.
private func hexadecimal(_ byte: UInt8) -> String {
  let digits = String(byte, radix: 16)
  return digits.count < 2 ? "0" + digits : digits
}
