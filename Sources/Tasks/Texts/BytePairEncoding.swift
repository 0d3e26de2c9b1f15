import Files
import Foundation

/// Byte-level byte-pair encoding, as GPT-2 has it (Radford et al. 2019): pieces of words, each a sequence of
/// bytes, so that every text has tokens.
///
/// A text is divided into words, numbers, signs and blanks; the bytes of each are joined, two neighbors at a
/// time, by the list of merges, the earliest of the list first, of equals the leftmost.
public struct BytePairEncoding: Sendable {
  /// The bytes of each token, in the order of their numbers.
  let tokens: [[UInt8]]
  /// The numbers of the tokens that are joined, the most urgent first.
  private let merges: [Merge]
  private let table: [UInt64: Result]
  private let byteTokens: [Int32]
  private let endOfText: Int32?

  private struct Merge: Hashable, Codable, Sendable {
    var left: Int32
    var right: Int32
  }

  private struct Result: Sendable {
    var rank: Int32
    var token: Int32
  }

  /// What GPT-2 puts between documents; a token of its own wherever the vocabulary has it.
  private static let endOfTextMark = Array("<|endoftext|>".utf8)

  /// The number of tokens.
  public var count: Int { tokens.count }

  /// Reads `vocab.json` and `merges.txt` in a folder, as Hugging Face's tokenizers save them.
  ///
  /// - Throws: ``DataError`` where one is not there, or they do not go together.
  public init(folder: String) throws(DataError) {
    let (vocabularyPath, mergesPath) = (folder + "/vocab.json", folder + "/merges.txt")
    let numbers: [String: Int]
    do {
      numbers = try JSONDecoder().decode(
        [String: Int].self, from: Data(try readBytes(ofFile: vocabularyPath)))
    } catch let error as DataError {
      throw error
    } catch {
      throw .malformed(
        file: vocabularyPath, found: "no JSON object of tokens and their numbers",
        expected: "the vocab.json of a byte-level BPE")
    }
    var tokens = [[UInt8]?](repeating: nil, count: numbers.count)
    for (word, number) in numbers {
      guard tokens.indices.contains(number), tokens[number] == nil else {
        throw .malformed(
          file: vocabularyPath, found: "the token '\(printable(word))' with the number \(number)",
          expected: "each number from 0 to \(numbers.count - 1) once")
      }
      tokens[number] = ByteAlphabet.bytes(of: word) ?? Array(word.utf8)
    }
    var pairs: [(String, String)] = []
    let text = String(decoding: try readBytes(ofFile: mergesPath), as: UTF8.self)
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
    where !line.isEmpty && !(index == 0 && line.hasPrefix("#version")) {
      let words = line.split(separator: " ", omittingEmptySubsequences: false)
      guard words.count == 2, !words[0].isEmpty, !words[1].isEmpty else {
        throw .malformed(
          file: mergesPath, place: .line(index + 1), found: "'\(printable(String(line)))'",
          expected: "two tokens with a blank between them")
      }
      pairs.append((String(words[0]), String(words[1])))
    }
    var merges: [Merge] = []
    for (index, (left, right)) in pairs.enumerated() {
      guard let a = numbers[left], let b = numbers[right], numbers[left + right] != nil else {
        throw .malformed(
          file: mergesPath, place: .entry(index),
          found: "'\(printable(left))' and '\(printable(right))'",
          expected: "two tokens that vocab.json has, and what they make together")
      }
      merges.append(Merge(left: Int32(a), right: Int32(b)))
    }
    guard let encoding = BytePairEncoding(tokens: tokens.map { $0 ?? [] }, merges) else {
      throw .malformed(
        file: vocabularyPath, found: "no token for some byte",
        expected: "all 256 of them, as byte-level BPE has")
    }
    self = encoding
  }

  private init?(tokens: [[UInt8]], _ merges: [Merge]) {
    var numbers: [[UInt8]: Int32] = [:]
    for (number, bytes) in tokens.enumerated() where numbers[bytes] == nil {
      numbers[bytes] = Int32(number)
    }
    let byteTokens = (0...255).compactMap { numbers[[UInt8($0)]] }
    guard byteTokens.count == 256 else { return nil }
    var table: [UInt64: Result] = [:]
    for (rank, merge) in merges.enumerated() {
      guard tokens.indices.contains(Int(merge.left)), tokens.indices.contains(Int(merge.right)),
        let token = numbers[tokens[Int(merge.left)] + tokens[Int(merge.right)]]
      else { return nil }
      let key = Self.key(merge.left, merge.right)
      if table[key] == nil { table[key] = Result(rank: Int32(rank), token: token) }
    }
    self.tokens = tokens
    self.merges = merges
    self.table = table
    self.byteTokens = byteTokens
    endOfText = numbers[Self.endOfTextMark]
  }

  private static func key(_ left: Int32, _ right: Int32) -> UInt64 {
    UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
  }

  /// The tokens of a text. What is not UTF-8 becomes U+FFFD.
  public func tokens(of bytes: [UInt8]) -> [Int32] {
    var result: [Int32] = []
    var known: [[UInt8]: [Int32]] = [:]
    func add(_ text: ArraySlice<UInt8>) {
      let scalars = Array(String(decoding: text, as: UTF8.self).unicodeScalars)
      PieceScanner(scalars).forEachPiece { piece in
        let bytes = Array(String(String.UnicodeScalarView(scalars[piece])).utf8)
        if let tokens = known[bytes] { return result += tokens }
        let tokens = merged(bytes)
        // Words come again and again, but there are many of them.
        if known.count < 1 << 16, bytes.count < 64 { known[bytes] = tokens }
        result += tokens
      }
    }
    guard let endOfText else {
      add(bytes[...])
      return result
    }
    var rest = bytes[...]
    while let range = rest.firstRange(of: Self.endOfTextMark) {
      add(rest[..<range.lowerBound])
      result.append(endOfText)
      rest = rest[range.upperBound...]
    }
    add(rest)
    return result
  }

  /// The bytes of tokens.
  ///
  /// - Precondition: They are numbers of this encoding.
  public func bytes(of tokens: [Int]) -> [UInt8] { tokens.flatMap { self.tokens[$0] } }

  /// Joins neighbors until none can be.
  private func merged(_ bytes: [UInt8]) -> [Int32] {
    var tokens = bytes.map { byteTokens[Int($0)] }
    var next = Array(1...max(tokens.count, 1))
    var previous = Array(-1..<(tokens.count - 1))
    var queue = Heap<Candidate>()
    func consider(_ left: Int, _ right: Int) {
      guard left >= 0, right < tokens.count,
        let result = table[Self.key(tokens[left], tokens[right])]
      else { return }
      queue.insert(
        Candidate(
          rank: result.rank, place: Int32(left), left: tokens[left], right: tokens[right],
          token: result.token))
    }
    for left in 0..<max(tokens.count - 1, 0) { consider(left, left + 1) }
    while let candidate = queue.popMin() {
      let left = Int(candidate.place)
      let right = next[left]
      // It may be of before other merges.
      guard tokens[left] == candidate.left, right < tokens.count, tokens[right] == candidate.right
      else { continue }
      tokens[left] = candidate.token
      tokens[right] = -1
      next[left] = next[right]
      if next[left] < tokens.count { previous[next[left]] = left }
      consider(previous[left], left)
      consider(left, next[left])
    }
    return tokens.filter { $0 >= 0 }
  }

  private struct Candidate: Comparable {
    var rank: Int32
    var place: Int32
    var left: Int32
    var right: Int32
    var token: Int32

    static func < (a: Candidate, b: Candidate) -> Bool { (a.rank, a.place) < (b.rank, b.place) }
  }
}

extension BytePairEncoding: Hashable {
  public static func == (a: BytePairEncoding, b: BytePairEncoding) -> Bool {
    a.tokens == b.tokens && a.merges == b.merges
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(tokens.count)
    hasher.combine(merges)
  }
}

extension BytePairEncoding: Codable {
  private enum CodingKeys: String, CodingKey {
    case tokens, merges
  }

  /// Reads an encoding that was stored.
  ///
  /// - Throws: `DecodingError` where it is not one.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let words = try container.decode([String].self, forKey: .tokens)
    let pairs = try container.decode([Int32].self, forKey: .merges)
    let merges = stride(from: 0, to: pairs.count - 1, by: 2).map {
      Merge(left: pairs[$0], right: pairs[$0 + 1])
    }
    let tokens = words.map { ByteAlphabet.bytes(of: $0) ?? Array($0.utf8) }
    guard pairs.count.isMultiple(of: 2), let encoding = BytePairEncoding(tokens: tokens, merges)
    else {
      throw DecodingError.dataCorruptedError(
        forKey: .merges, in: container, debugDescription: "these are no tokens and their merges")
    }
    self = encoding
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(tokens.map(ByteAlphabet.word), forKey: .tokens)
    try container.encode(merges.flatMap { [$0.left, $0.right] }, forKey: .merges)
  }
}
