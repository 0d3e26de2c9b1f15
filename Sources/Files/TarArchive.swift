/// The files of a tar archive, one after the other, compressed by gzip or not.
///
///     let archive = try TarArchive("cifar-10-binary.tar.gz")
///     while let entry = try archive.next() {
///       try archive.readContents { piece in … }
///     }
///
/// Read are the formats of POSIX (ustar and pax, IEEE Std 1003.1, "pax Interchange Format") and of
/// GNU tar, long names included. Nothing is held but the piece that is read.
public final class TarArchive {
  /// A file, or something else that the archive has.
  public struct Entry: Hashable, Sendable {
    /// The path in the archive.
    public let path: String
    /// The size of the contents in bytes.
    public let size: Int
    /// Whether it is a file, rather than a directory, a link, or the like.
    public let isFile: Bool

    /// The last part of the path.
    public var name: String {
      String(path[(path.lastIndex(of: "/").map(path.index(after:)) ?? path.startIndex)...])
    }
  }

  private static let blockSize = 512
  private static let sizes = 0..<(1 << 60)

  private let stream: ByteStream
  // What is left of the entry's contents, and of the zeros that fill its last block.
  private var rest = 0
  private var padding = 0
  private var isOver = false

  /// Opens an archive.
  ///
  /// - Throws: ``DataError`` where the file cannot be read, or is a damaged gzip file.
  public init(_ file: String) throws(DataError) {
    stream = try ByteStream(file)
  }

  /// The next entry; `nil` at the end. What was not read of the one before is passed over.
  ///
  /// - Throws: ``DataError`` where the archive is cut off or damaged, which the checksum of each
  ///   entry's head tells, or is no archive.
  public func next() throws(DataError) -> Entry? {
    // Entries of their own say what does not fit the head of the one that follows them.
    var longPath: String?
    var longSize: Int?
    while !isOver {
      try skip(rest + padding)
      (rest, padding) = (0, 0)
      guard let head = try readHead() else { break }
      let count = longSize ?? head.size
      begin(count)
      switch head.kind {
      case UInt8(ascii: "L"):
        longPath = text(try contents(head))
      case UInt8(ascii: "x"):
        let records = try extendedRecords(try contents(head))
        longPath = records["path"] ?? longPath
        if let digits = records["size"] { longSize = try size(digits) }
      case UInt8(ascii: "g"), UInt8(ascii: "K"): continue
      default:
        let isFile = [0, UInt8(ascii: "0"), UInt8(ascii: "7")].contains(head.kind)
        let path = longPath ?? head.path
        return Entry(path: path, size: count, isFile: isFile && !path.hasSuffix("/"))
      }
    }
    isOver = true
    return nil
  }

  /// Reads the contents of the entry that ``next()`` found last, piece by piece.
  ///
  /// - Throws: ``DataError`` where the archive is cut off or damaged, and what `body` throws.
  public func readContents(
    _ body: (ArraySlice<UInt8>) throws(DataError) -> Void
  ) throws(DataError) {
    var buffer = [UInt8](repeating: 0, count: min(max(rest, 1), 1 << 18))
    while rest > 0 {
      let count = min(rest, buffer.count)
      try fill(&buffer, count)
      rest -= count
      try body(buffer[..<count])
    }
  }

  // MARK: - Blocks

  private func begin(_ size: Int) {
    rest = size
    padding = (Self.blockSize - size % Self.blockSize) % Self.blockSize
  }

  private func skip(_ count: Int) throws(DataError) {
    var buffer = [UInt8](repeating: 0, count: min(max(count, 1), 1 << 18))
    var rest = count
    while rest > 0 {
      let step = min(rest, buffer.count)
      try fill(&buffer, step)
      rest -= step
    }
  }

  private func fill(_ buffer: inout [UInt8], _ count: Int) throws(DataError) {
    let place = stream.place
    let result = buffer.withUnsafeMutableBytes { bytes in
      Result { () throws(DataError) in
        try stream.fill(UnsafeMutableRawBufferPointer(rebasing: bytes[..<count]))
      }
    }
    guard try result.get() == count else {
      throw .malformed(
        file: stream.file, place: place, found: "the end of the archive",
        expected: "\(count) bytes more: the archive is cut off")
    }
  }

  /// The contents of an entry that says something about the next.
  private func contents(_ head: Head) throws(DataError) -> [UInt8] {
    guard head.size <= 1 << 20 else {
      throw malformed("\(head.size) bytes that describe a file", "at most a megabyte")
    }
    var bytes: [UInt8] = []
    try readContents { bytes += $0 }
    return bytes
  }

  // MARK: - Heads

  private struct Head {
    let path: String
    let size: Int
    let kind: UInt8
  }

  /// The next head; `nil` at the end, which is a block of zeros or that of the file.
  private func readHead() throws(DataError) -> Head? {
    let place = stream.place
    var block = [UInt8](repeating: 0, count: Self.blockSize)
    let result = block.withUnsafeMutableBytes { bytes in
      Result { () throws(DataError) in try stream.fill(bytes) }
    }
    let count = try result.get()
    if count == 0, stream.position > 0 { return nil }
    guard count == Self.blockSize else {
      throw .malformed(
        file: stream.file, place: place, found: count == 0 ? "nothing" : "\(count) bytes",
        expected: "the head of a file, \(Self.blockSize) bytes: no tar archive, or one cut off")
    }
    if block.allSatisfy({ $0 == 0 }) { return nil }
    // The checksum is the sum of all bytes, its own field taken as spaces.
    let sum = block.enumerated().reduce(0) { sum, byte in
      sum + (148..<156 ~= byte.offset ? 32 : Int(byte.element))
    }
    guard
      number(block[148..<156]) == sum, let size = number(block[124..<136]),
      Self.sizes.contains(size)
    else {
      throw .malformed(
        file: stream.file, place: place, found: "a head whose checksum does not fit it",
        expected: "a tar archive that is intact")
    }
    var path = text(block[0..<100])
    if block[257..<263].elementsEqual("ustar\0".utf8) {
      let folder = text(block[345..<500])
      if !folder.isEmpty { path = folder + "/" + path }
    }
    return Head(path: path, size: size, kind: block[156])
  }

  /// A number of octal digits, or, where its first bit is set, of the other bits (GNU).
  private func number(_ field: ArraySlice<UInt8>) -> Int? {
    guard let first = field.first else { return nil }
    if first & 0x80 != 0 {
      let isSmall = field.dropFirst().dropLast(7).allSatisfy { $0 == 0 }
      guard first == 0x80, isSmall else { return nil }
      return field.suffix(7).reduce(0) { $0 << 8 | Int($1) }
    }
    let digits = text(field).split(separator: " ")
    return digits.isEmpty ? 0 : digits.count == 1 ? Int(digits[0], radix: 8) : nil
  }

  /// The text before the first zero.
  private func text(_ bytes: some Sequence<UInt8>) -> String {
    String(decoding: Array(bytes.prefix { $0 != 0 }), as: UTF8.self)
  }

  /// The records of a pax header: "LENGTH KEY=VALUE\n", the length that of the whole record.
  private func extendedRecords(_ bytes: [UInt8]) throws(DataError) -> [String: String] {
    var records: [String: String] = [:]
    var rest = bytes[...]
    while !rest.isEmpty {
      let digits = rest.prefix { $0 != UInt8(ascii: " ") }
      guard
        let length = Int(String(decoding: digits, as: UTF8.self)), length > digits.count + 1,
        length <= rest.count, rest[rest.startIndex + length - 1] == UInt8(ascii: "\n")
      else { throw malformed("a pax record that is none", "LENGTH KEY=VALUE") }
      let record = rest.prefix(length - 1).dropFirst(digits.count + 1)
      let key = record.prefix { $0 != UInt8(ascii: "=") }
      records[String(decoding: key, as: UTF8.self)] =
        String(decoding: record.dropFirst(key.count + 1), as: UTF8.self)
      rest = rest.dropFirst(length)
    }
    return records
  }

  private func size(_ digits: String) throws(DataError) -> Int {
    guard let size = Int(digits), Self.sizes.contains(size) else {
      throw malformed("'\(printable(digits))' for a size", "a number of bytes")
    }
    return size
  }

  private func malformed(_ found: String, _ expected: String) -> DataError {
    .malformed(file: stream.file, place: stream.place, found: found, expected: expected)
  }
}
