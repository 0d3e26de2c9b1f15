import AdamQLRNetworks
import Files
import AdamQLRTorch

extension Vocabulary {
  /// The tokens of a file, compressed (`.gz`) or not.
  ///
  /// - Throws: ``DataError`` where it cannot be read, is empty, or is not UTF-8 where words are
  ///   tokens.
  public func tokens(ofFile path: String) throws(DataError) -> TokenStream {
    guard kind != .words else { return try NumberedWords(file: path).tokens(of: self) }
    let stream = try ByteStream(path)
    var bytes: [UInt8] = []
    if !stream.isCompressed { bytes.reserveCapacity(stream.fileSize) }
    try stream.forEachPiece { bytes += $0 }
    guard !bytes.isEmpty else {
      throw .malformed(file: path, found: "no bytes", expected: "a text")
    }
    if let bytePairs { return TokenStream(Tensor(bytePairs.tokens(of: bytes).map(Int64.init))) }
    return TokenStream(Tensor(bytes))
  }

  /// The sequences of a file, to judge by.
  ///
  /// - Parameters:
  ///   - path: The file, compressed (`.gz`) or not.
  ///   - context: The number of positions of a sequence.
  /// - Throws: ``DataError``, also where it is shorter than a sequence.
  public func sequences(ofFile path: String, context: Int) throws(DataError) -> Batch {
    let stream = try tokens(ofFile: path)
    return try TextParts(parts: [(TextParts.training, path, stream)], vocabulary: self)
      .data(context: context).training
  }
}

/// The words of a text, numbered in the order of their first appearance.
struct NumberedWords {
  /// The number of each word of the text, in its order; the end of a line is one too.
  let numbers: [Int32]
  private let words: [String]

  /// Reads a file.
  ///
  /// - Throws: ``DataError`` where it cannot be read, is not UTF-8, or has no words.
  init(file: String) throws(DataError) {
    var words = [Vocabulary.endOfLine]
    var known = [words[0]: Int32(0)]
    var numbers: [Int32] = []
    var reader = WordReader(try ByteStream(file))
    try reader.forEachWord { word in
      guard let word else { return numbers.append(0) }
      if let number = known[word] { return numbers.append(number) }
      let number = Int32(words.count)
      known[word] = number
      words.append(word)
      numbers.append(number)
    }
    guard words.count > 1 else {
      throw .malformed(file: file, found: "no words", expected: "a text")
    }
    self.numbers = numbers
    self.words = words
  }

  /// How often each word is in a part of the text.
  func frequencies(in range: Range<Int>) -> [String: Int] {
    var counts = [Int](repeating: 0, count: words.count)
    for number in numbers[range] { counts[Int(number)] += 1 }
    return Dictionary(uniqueKeysWithValues: zip(words, counts).filter { $0.1 > 0 })
  }

  /// The text in the tokens of a vocabulary.
  func tokens(of vocabulary: Vocabulary) -> TokenStream {
    let known = vocabulary.numbers
    let tokens = words.map { Int64(known[$0] ?? Int32(Vocabulary.unknownToken)) }
    return TokenStream(Tensor(numbers.map { tokens[Int($0)] }))
  }
}
