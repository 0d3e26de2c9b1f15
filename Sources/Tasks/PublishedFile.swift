/// A file of a data set, as its publisher has it.
public struct PublishedFile: Hashable, Sendable {
  /// Its name, at the publisher and here. Names that end in `.gz` are compressed by gzip.
  public let name: String
  /// Where the publisher has it.
  public let url: String
  /// Its size in bytes, as it is downloaded.
  public let size: Int
  /// The size of its contents in bytes, decompressed.
  public let contentSize: Int
  /// The SHA-256 of its contents, decompressed, in hexadecimal digits.
  ///
  /// It is the contents that count: publishers and mirrors of one data set compress it differently,
  /// and a user may have decompressed it.
  public let sha256: String

  /// Describes a file.
  public init(name: String, url: String, size: Int, contentSize: Int, sha256: String) {
    self.name = name
    self.url = url
    self.size = size
    self.contentSize = contentSize
    self.sha256 = sha256
  }

  /// Checks size and SHA-256 of a file's contents.
  ///
  /// - Parameter path: The file's path. It may be compressed or not.
  /// - Throws: ``DataError`` where it cannot be read, is a damaged gzip file, or is another file.
  public func check(fileAt path: String) throws(DataError) {
    try check(try readBytes(ofFile: path), named: path)
  }

  /// Checks what is, or is to be, in a file of that name.
  func check(_ bytes: [UInt8], named name: String) throws(DataError) {
    var bytes = bytes
    let isCompressed = Gzip.isGzip(bytes) || name.hasSuffix(".gz")
    if isCompressed { bytes = try Gzip.decompress(bytes, file: name) }
    let state = isCompressed ? " decompressed" : ""
    guard bytes.count == contentSize else {
      throw .malformed(
        file: name, found: "\(bytes.count)\(state) bytes", expected: "\(contentSize)")
    }
    let found = SHA256.hexadecimal(of: bytes)
    guard found == sha256 else {
      throw .malformed(file: name, found: "SHA-256 \(found)", expected: sha256)
    }
  }
}
