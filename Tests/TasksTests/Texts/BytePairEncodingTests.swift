import Files
import Foundation
import Tasks
import Testing

/// Byte-level BPE beside the package `tokenizers`, whose figures `Tests/Baselines/make_tokens.py` writes.
@Suite("Byte-pair encoding")
struct BytePairEncodingTests {
  private struct Figures: Decodable {
    var vocab: [String: Int]
    var merges: String
    var text: Data
    var tokens: [Int]
  }

  private let folder: TemporaryFolder
  private let figures: Figures

  init() throws {
    folder = try TemporaryFolder()
    let url = Bundle.module.bundleURL.appendingPathComponent("Baselines/tokens.json")
    figures = try JSONDecoder().decode(Figures.self, from: Data(contentsOf: url))
    try folder.write([UInt8](JSONEncoder().encode(figures.vocab)), to: "vocab.json")
    try folder.write(figures.merges, to: "merges.txt")
  }

  private func encoding() throws -> BytePairEncoding { try BytePairEncoding(folder: folder.path) }

  @Test("Tokens are the package's, and their bytes the text")
  func tokens() throws {
    let encoding = try encoding()
    let tokens = encoding.tokens(of: [UInt8](figures.text)).map { Int($0) }
    #expect(tokens == figures.tokens)
    // What is not UTF-8 is replaced.
    let text = String(decoding: figures.text, as: UTF8.self)
    #expect(encoding.bytes(of: tokens) == Array(text.utf8))
    #expect(encoding.tokens(of: []) == [] && encoding.count == 700)
    let stored = try JSONDecoder().decode(
      BytePairEncoding.self, from: JSONEncoder().encode(encoding))
    #expect(stored == encoding)
    #expect(stored.tokens(of: [UInt8](figures.text)).map { Int($0) } == figures.tokens)
  }

  @Test("A long word takes little more time than a short one for its length")
  func longWords() throws {
    let encoding = try encoding()
    let word = [UInt8](repeating: UInt8(ascii: "e"), count: 300_000)
    let start = ContinuousClock.now
    let tokens = encoding.tokens(of: word)
    #expect(encoding.bytes(of: tokens.map { Int($0) }) == word)
    #expect(ContinuousClock.now - start < .seconds(20))
  }

  @Test("The end of a text has a token of its own where the vocabulary has it")
  func endOfText() throws {
    var vocab = figures.vocab
    vocab["<|endoftext|>"] = vocab.count
    try folder.write([UInt8](JSONEncoder().encode(vocab)), to: "vocab.json")
    let tokens = try encoding().tokens(of: Array("one<|endoftext|>two".utf8))
    #expect(tokens.count(where: { $0 == 700 }) == 1)
    #expect(try encoding().bytes(of: tokens.map { Int($0) }) == Array("one<|endoftext|>two".utf8))
  }

  @Test("Files that do not go together are named")
  func wrongFiles() throws {
    func refuse(_ parts: String..., from body: () throws -> Void) throws {
      try body()
      do {
        _ = try encoding()
        Issue.record("no error")
      } catch {
        for part in parts { #expect("\(error)".contains(part), "\(error)") }
      }
    }
    try refuse("merges.txt, line 2", "two tokens") {
      try folder.write("#version: 0.2\na b c\n", to: "merges.txt")
    }
    try refuse("merges.txt", "'q' and '世'") { try folder.write("q 世\n", to: "merges.txt") }
    try folder.write(figures.merges, to: "merges.txt")
    try refuse("vocab.json", "no token for some byte") {
      try folder.write("{\"a\": 0}", to: "vocab.json")
      try folder.write("", to: "merges.txt")
    }
    try refuse("vocab.json", "the number 5") { try folder.write("{\"a\": 5}", to: "vocab.json") }
    try refuse("vocab.json", "no JSON object") { try folder.write("[1]", to: "vocab.json") }
    try refuse("vocab.json", "No such file") {
      try FileManager.default.removeItem(atPath: folder.path + "/vocab.json")
    }
  }

  @Test("A text in pieces of words is divided, and judged by others")
  func source() throws {
    let text = String(decoding: figures.text, as: UTF8.self)
    var source = TextSource(path: try folder.write(text, to: "t.txt"))
    (source.vocabulary, source.context) = (.bpe, 16)
    #expect(throws: DataError.self) { try source.load() }
    source.tokenizer = folder.path
    let data = try source.load()
    #expect(data.encoding.vocabulary.count == 700 && data.training.count > 100)
    let problem = try Problem(
      judgedBy: source.path, .text, data.encoding, context: 16, model: ModelSettings(.lstm))
    #expect(problem.test?.count == (figures.tokens.count - 1) / 16)
    let stored = try JSONDecoder().decode(
      TextEncoding.self, from: JSONEncoder().encode(data.encoding))
    #expect(stored == data.encoding)
  }
}
