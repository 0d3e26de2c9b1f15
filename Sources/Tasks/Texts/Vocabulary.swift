/// The tokens that texts are made of, and their numbers.
///
/// Tokens are bytes, 256 of them, which is enough for any file; or words, which are what white space
/// divides, and then each line ends with a token of its own; or pieces of words, of a
/// ``BytePairEncoding``.
public struct Vocabulary: Hashable, Sendable {
  /// What a token is.
  public enum Kind: String, Codable, CaseIterable, Sendable {
    /// A byte; its number is its value.
    case bytes
    /// A word of a text in UTF-8, or the end of a line.
    case words
    /// A piece of a word, as a ``BytePairEncoding`` has them.
    case bpe
  }

  /// What stands for all words that have no token of their own.
  public static let unknown = "<unk>"
  /// What stands for the end of a line.
  public static let endOfLine = "<eos>"
  /// The number of ``unknown`` among words.
  public static let unknownToken = 0
  /// The number of ``endOfLine`` among words.
  public static let endOfLineToken = 1
  /// Each byte is a token.
  public static let bytes = Vocabulary(kind: .bytes, words: [])

  /// What a token is.
  public let kind: Kind
  /// The words in the order of their numbers; empty where tokens are bytes.
  public let words: [String]
  /// The pieces of words, where those are the tokens.
  public let bytePairs: BytePairEncoding?

  /// The number of tokens.
  public var count: Int { kind == .bytes ? 256 : bytePairs?.count ?? words.count }

  private init(kind: Kind, words: [String]) {
    self.kind = kind
    self.words = words
    bytePairs = nil
  }

  /// Pieces of words.
  public init(_ bytePairs: BytePairEncoding) {
    (kind, words) = (.bpe, [])
    self.bytePairs = bytePairs
  }

  /// Makes tokens of words: ``unknown``, ``endOfLine``, and then the others, the most frequent first;
  /// those that are equally frequent in the order of their Unicode scalars.
  ///
  /// - Parameters:
  ///   - frequencies: How often each word is there.
  ///   - maximum: The greatest number of tokens, at least 3; `nil`: no limit.
  ///   - minimumCount: How often a word must be there to have a token.
  public init(words frequencies: [String: Int], maximum: Int? = nil, minimumCount: Int = 1) {
    let special = [Self.unknown, Self.endOfLine]
    let frequent = frequencies.filter { $0.value >= minimumCount && !special.contains($0.key) }
      .sorted { $0.value > $1.value || $0.value == $1.value && $0.key < $1.key }.map(\.key)
    kind = .words
    bytePairs = nil
    words = special + frequent.prefix(max((maximum ?? .max) - special.count, 0))
  }

  /// The number of each word.
  var numbers: [String: Int32] {
    Dictionary(uniqueKeysWithValues: zip(words, 0..<Int32(words.count)))
  }

  /// The tokens of a text. A last line without an end is not given one, so that a text may go on.
  public func tokens(of text: String) -> [Int] {
    if let bytePairs { return bytePairs.tokens(of: Array(text.utf8)).map { Int($0) } }
    guard kind == .words else { return text.utf8.map { Int($0) } }
    let numbers = numbers
    var tokens: [Int] = []
    let lines = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    for (i, line) in lines.enumerated() {
      for word in line.split(whereSeparator: isSpace) {
        let number = numbers[String(decoding: word, as: UTF8.self)]
        tokens.append(number.map { Int($0) } ?? Self.unknownToken)
      }
      if i < lines.count - 1 { tokens.append(Self.endOfLineToken) }
    }
    return tokens
  }

  /// The text of tokens, in UTF-8 where they are words: a space between two, and a new line for the
  /// end of each.
  ///
  /// - Parameter previous: The token before them, which tells whether a space belongs between;
  ///   `nil`: none.
  /// - Precondition: The tokens are numbers of this vocabulary.
  public func text(of tokens: [Int], after previous: Int? = nil) -> [UInt8] {
    if let bytePairs { return bytePairs.bytes(of: tokens) }
    guard kind == .words else { return tokens.map { UInt8($0) } }
    var text: [UInt8] = []
    var previous = previous ?? Self.endOfLineToken
    for token in tokens {
      if token == Self.endOfLineToken {
        text.append(UInt8(ascii: "\n"))
      } else {
        if previous != Self.endOfLineToken { text.append(UInt8(ascii: " ")) }
        text += words[token].utf8
      }
      previous = token
    }
    return text
  }
}

extension Vocabulary: Codable {
  private enum CodingKeys: String, CodingKey {
    case kind, words
    case bytePairs = "bpe"
  }

  /// Reads a vocabulary that was stored.
  ///
  /// - Throws: `DecodingError` where something is absent, a word comes twice, or the first are not
  ///   ``unknown`` and ``endOfLine``.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    kind = try container.decode(Kind.self, forKey: .kind)
    words = try container.decodeIfPresent([String].self, forKey: .words) ?? []
    bytePairs = try container.decodeIfPresent(BytePairEncoding.self, forKey: .bytePairs)
    let isSound =
      kind != .words
      ? words.isEmpty && (kind == .bpe) == (bytePairs != nil)
      : bytePairs == nil && words.starts(with: [Self.unknown, Self.endOfLine])
        && Set(words).count == words.count
    guard isSound else {
      throw DecodingError.dataCorruptedError(
        forKey: .words, in: container, debugDescription: "these words are no vocabulary")
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(kind, forKey: .kind)
    if kind == .words { try container.encode(words, forKey: .words) }
    try container.encodeIfPresent(bytePairs, forKey: .bytePairs)
  }
}
