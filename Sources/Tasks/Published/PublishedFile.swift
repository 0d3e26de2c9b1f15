import Files

/// A file of a data set, as its publisher has it: by itself, or an archive of several.
public struct PublishedFile: Hashable, Sendable {
  /// Its name, at the publisher and here. Names that end in `.gz` are compressed by gzip.
  public let name: String
  /// Where the publisher has it.
  public let url: String
  /// Its size in bytes, as it is downloaded.
  public let size: Int
  /// The size of its contents in bytes, decompressed.
  public let contentSize: Int
  /// The SHA-256 of its contents, decompressed, in hexadecimal digits; of an archive, that of the
  /// file as it is downloaded. `nil` where it is not known.
  ///
  /// It is the contents that count: publishers and mirrors of one data set compress it differently,
  /// and a user may have decompressed it.
  public let sha256: String?
  /// What is wanted of an archive, and kept in its stead; empty for a file that is none.
  public let members: [PublishedFile]

  /// Describes a file.
  public init(name: String, url: String, size: Int, contentSize: Int, sha256: String?) {
    self.name = name
    self.url = url
    self.size = size
    self.contentSize = contentSize
    self.sha256 = sha256
    members = []
  }

  /// Describes a tar archive, compressed or not.
  ///
  /// - Parameters:
  ///   - name: Its name.
  ///   - url: Where the publisher has it.
  ///   - size: Its size in bytes.
  ///   - sha256: Its SHA-256; `nil` where it is not known.
  ///   - members: The files in it that are wanted, whatever folders of the archive they are in, with
  ///     their sizes, and their SHA-256 where that is known.
  public init(
    archive name: String, url: String, size: Int, sha256: String? = nil,
    members: [(name: String, size: Int, sha256: String?)]
  ) {
    self.name = name
    self.url = url
    self.size = size
    self.sha256 = sha256
    self.members = members.map {
      PublishedFile(name: $0.name, url: url, size: $0.size, contentSize: $0.size, sha256: $0.sha256)
    }
    contentSize = members.reduce(0) { $0 + $1.size }
  }

  /// The files that a data set is read from: the file itself, or an archive's members.
  public var contents: [PublishedFile] { members.isEmpty ? [self] : members }

  /// Checks size and SHA-256 of a file's contents; of an archive, those of the file itself.
  ///
  /// - Parameter path: The file's path. It may be compressed or not.
  /// - Throws: ``DataError`` where it cannot be read, is a damaged gzip file, or is another file.
  public func check(fileAt path: String) throws(DataError) {
    guard members.isEmpty else { return try check(archiveAt: path) }
    try check(try readBytes(ofFile: path), named: path)
  }

  /// Checks what is, or is to be, in a file of that name.
  package func check(_ bytes: [UInt8], named name: String) throws(DataError) {
    var bytes = bytes
    let isCompressed = Gzip.isGzip(bytes) || name.hasSuffix(".gz")
    if isCompressed { bytes = try Gzip.decompress(bytes, file: name) }
    let state = isCompressed ? " decompressed" : ""
    guard bytes.count == contentSize else {
      throw .malformed(
        file: name, found: "\(bytes.count)\(state) bytes", expected: "\(contentSize)")
    }
    if let sha256 { try check(SHA256.hexadecimal(of: bytes), sha256, name) }
  }

  private func check(archiveAt path: String) throws(DataError) {
    let stream = try ByteStream(path, decompresses: false)
    guard stream.fileSize == size else {
      throw .malformed(file: path, found: "\(stream.fileSize) bytes", expected: "\(size)")
    }
    guard let sha256 else { return }
    var function = SHA256()
    try stream.forEachPiece { function.update($0) }
    try check(function.hexadecimal(), sha256, path)
  }

  private func check(_ found: String, _ sha256: String, _ name: String) throws(DataError) {
    guard found == sha256 else {
      throw .malformed(file: name, found: "SHA-256 \(found)", expected: sha256)
    }
  }
}
