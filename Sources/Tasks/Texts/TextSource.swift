import Files

/// A text of one's own to learn from: where it is, and what its tokens are.
public struct TextSource: Hashable, Sendable {
  /// The file's path.
  public var path: String
  /// What a token is. Default: a byte, which every file has.
  public var vocabulary = Vocabulary.Kind.bytes
  /// The folder with `vocab.json` and `merges.txt`, where tokens are pieces of words.
  public var tokenizer: String?
  /// The greatest number of tokens where they are words; `nil`: no limit. Default 10,000.
  public var maximumWords: Int? = 10_000
  /// How often a word must be in what trains to have a token of its own. Default 2, so that there
  /// are unknown words to learn from too.
  public var minimumCount = 2
  /// The number of positions of a sequence. Default 128.
  public var context = 128
  /// The share of tokens that test, the last ones; without effect where ``testPath`` is given.
  /// Default 0.1.
  public var testFraction = 0.1
  /// The share of the other tokens that validate, the last of them. Default 0.1.
  public var validationFraction = 0.1
  /// A file that tests. Default: the end of the file itself.
  public var testPath: String?

  /// Makes a source with the defaults for everything else.
  public init(path: String) {
    self.path = path
  }

  /// Reads the text, divides it by position, makes tokens of all by the words of what trains, and
  /// cuts each part into sequences.
  ///
  /// Of n tokens, the last round(n·``testFraction``) test, and the rest are divided as ``Split``
  /// says: parts are whole stretches of the text, so that none is known from another.
  ///
  /// - Throws: ``DataError`` where a file cannot be read, is not UTF-8 where words are tokens, or is
  ///   shorter than a sequence for each part.
  public func load() throws(DataError) -> TextData {
    var parts =
      switch vocabulary {
      case .bytes: try streamParts(.bytes)
      case .bpe: try streamParts(Vocabulary(try bytePairEncoding()))
      case .words: try wordParts()
      }
    if let testPath {
      let stream = try parts.vocabulary.tokens(ofFile: testPath)
      parts.parts.append((TextParts.test, testPath, stream))
    }
    return try parts.data(context: context)
  }

  private func bytePairEncoding() throws(DataError) -> BytePairEncoding {
    guard let tokenizer else {
      throw .malformed(
        file: path, found: "text.vocabulary=bpe without text.tokenizer",
        expected: "the folder that has vocab.json and merges.txt")
    }
    return try BytePairEncoding(folder: tokenizer)
  }

  private func streamParts(_ vocabulary: Vocabulary) throws(DataError) -> TextParts {
    let stream = try vocabulary.tokens(ofFile: path)
    return TextParts(
      parts: division(of: stream.count).map { ($0.name, path, stream[$0.range]) },
      vocabulary: vocabulary, remedy: remedy)
  }

  private func wordParts() throws(DataError) -> TextParts {
    let words = try NumberedWords(file: path)
    let division = division(of: words.numbers.count)
    let training = division[0].range
    let vocabulary = Vocabulary(
      words: words.frequencies(in: training), maximum: maximumWords, minimumCount: minimumCount)
    let stream = words.tokens(of: vocabulary)
    return TextParts(
      parts: division.map { ($0.name, path, stream[$0.range]) }, vocabulary: vocabulary,
      remedy: remedy)
  }

  /// The part that trains, and then those that validate and test, as far as they are wanted.
  private func division(of count: Int) -> [(name: String, range: Range<Int>)] {
    let share = testPath == nil ? testFraction : 0
    let known = count - Int((Double(count) * share).rounded())
    let split = Split(count: known, validationFraction: validationFraction)
    var division = [(TextParts.training, split.training)]
    if validationFraction > 0 { division.append((TextParts.validation, split.validation)) }
    if share > 0 { division.append((TextParts.test, known..<count)) }
    return division
  }

  private var remedy: String {
    "text.context shortens sequences; text.validation and text.test are the shares of parts"
  }
}
