import Files

/// Divides a text in UTF-8 into words, at white space, and lines.
struct WordReader {
  private let stream: ByteStream
  private var word: [UInt8] = []
  private var line = 1
  private var isLineEmpty = true
  private var isStart = true

  /// Makes a reader of a file.
  init(_ stream: ByteStream) {
    self.stream = stream
  }

  /// Reads all that is left.
  ///
  /// - Parameter body: Is given each word, and `nil` for the end of each line, also of a last one
  ///   that does not end.
  /// - Throws: ``DataError`` where the file cannot be read, or a word is not UTF-8.
  mutating func forEachWord(_ body: (String?) -> Void) throws(DataError) {
    try stream.forEachPiece { piece throws(DataError) in
      var piece = piece
      if isStart, piece.starts(with: [0xef, 0xbb, 0xbf]) { piece = piece.dropFirst(3) }
      isStart = false
      var start = piece.startIndex
      for index in piece.indices where isSpace(piece[index]) {
        try finish(piece[start..<index], body)
        start = index + 1
        guard piece[index] == UInt8(ascii: "\n") else { continue }
        body(nil)
        line += 1
        isLineEmpty = true
      }
      word += piece[start...]
    }
    try finish([], body)
    if !isLineEmpty { body(nil) }
  }

  /// Ends a word with what came of it last.
  private mutating func finish(
    _ last: ArraySlice<UInt8>, _ body: (String?) -> Void
  ) throws(DataError) {
    if word.isEmpty {
      if last.isEmpty { return }
      body(try text(last))
    } else {
      word += last
      body(try text(word[...]))
      word.removeAll(keepingCapacity: true)
    }
    isLineEmpty = false
  }

  private func text(_ bytes: ArraySlice<UInt8>) throws(DataError) -> String {
    if let text = String(validating: bytes, as: UTF8.self) { return text }
    let repaired = String(decoding: bytes, as: UTF8.self)
    throw .malformed(
      file: stream.file, place: .line(line), found: "'\(printable(repaired))' is not UTF-8",
      expected: "a text in UTF-8, or text.vocabulary=bytes, which takes any file")
  }
}
