import Files
import Foundation
import Tasks
import Testing

@Suite("Vocabularies")
struct VocabularyTests {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  private let words = Vocabulary(words: ["b": 3, "a": 3, "ä": 1, "long-word": 7, "<eos>": 9])

  @Test("Words are numbered by frequency, and equally frequent ones in order")
  func order() {
    #expect(words.words == ["<unk>", "<eos>", "long-word", "a", "b", "ä"])
    #expect(words.count == 6)
    let frequent = Vocabulary(words: ["b": 3, "a": 2, "c": 1], maximum: 4, minimumCount: 1)
    #expect(frequent.words == ["<unk>", "<eos>", "b", "a"])
    #expect(Vocabulary(words: ["b": 3, "a": 2], minimumCount: 3).words.last == "b")
    #expect(Vocabulary.bytes.count == 256 && Vocabulary.bytes.words.isEmpty)
  }

  @Test("Bytes go round, whatever they are")
  func bytesRoundTrip() throws {
    let bytes = (0..<2000).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 3) } + Array(0...255)
    let file = try folder.write(bytes, to: "any")
    let stream = try Vocabulary.bytes.tokens(ofFile: file)
    #expect(stream.tokens.elements(UInt8.self) == bytes)
    #expect(Vocabulary.bytes.text(of: bytes.map { Int($0) }) == bytes)
    #expect(Vocabulary.bytes.tokens(of: "ä\n") == [0xc3, 0xa4, 10])
    let compressed = try folder.write(gzipped(bytes), to: "any.gz")
    #expect(
      try Vocabulary.bytes.tokens(ofFile: compressed).tokens.elements(UInt8.self) == bytes)
  }

  @Test("Words go round but for white space and unknown ones")
  func wordsRoundTrip() throws {
    let text = "a long-word\nb\n\n ä\ta\r\nnew b\n"
    let plain = "a long-word\nb\n\nä a\n<unk> b\n"
    let tokens = [3, 2, 1, 4, 1, 1, 5, 3, 1, 0, 4, 1]
    #expect(words.tokens(of: text) == tokens)
    #expect(words.text(of: tokens) == Array(plain.utf8))
    #expect(words.tokens(of: plain.replacingOccurrences(of: "<unk>", with: "x")) == tokens)
    for contents in [Array(text.utf8), gzipped(Array(text.utf8))] {
      let file = try folder.write(contents, to: "text")
      #expect(
        try words.tokens(ofFile: file).tokens.elements(Int64.self) == tokens.map { Int64($0) })
    }
    // A text that goes on has no end of its last line; a file has.
    #expect(words.tokens(of: "a b") == [3, 4])
    let file = try folder.write([0xef, 0xbb, 0xbf] + Array("a b".utf8), to: "text")
    #expect(try words.tokens(ofFile: file).tokens.elements(Int64.self) == [3, 4, 1])
    // Pieces of a text follow each other as the whole would.
    #expect(words.text(of: [3], after: 4) == Array(" a".utf8))
    #expect(words.text(of: [3], after: 1) == Array("a".utf8))
  }

  @Test("Words, lines and characters may lie across the pieces in which a file is read")
  func pieces() throws {
    let text = (0..<90_000).map { $0 % 9 == 0 ? "äöü\n" : "w\($0 % 7) " }.joined() + "\n"
    let file = try folder.write(text, to: "text")
    let vocabulary = Vocabulary(
      words: Dictionary(uniqueKeysWithValues: (["äöü"] + (0..<7).map { "w\($0)" }).map { ($0, 1) }))
    let stream = try vocabulary.tokens(ofFile: file)
    #expect(stream.count > 90_000 && text.utf8.count > 1 << 18)
    let isSame = vocabulary.tokens(of: text).map { Int64($0) } == stream.tokens.elements()
    #expect(isSame)
  }

  @Test("Where words are tokens, a file that is not UTF-8 is named with the line")
  func notUTF8() throws {
    let latin = Array("ein Wort\nzwei ".utf8) + [0xfc, 0x62, 0x65, 0x72] + Array(" drei\n".utf8)
    let file = try folder.write(latin, to: "latin1")
    expectError(file, "line 2", "ber", "UTF-8", "text.vocabulary=bytes") { () throws(DataError) in
      try words.tokens(ofFile: file)
    }
    let cut = try folder.write(Array("ä".utf8.dropLast()), to: "cut")
    expectError(cut, "line 1", "UTF-8") { () throws(DataError) in try words.tokens(ofFile: cut) }
  }

  @Test("Files that are absent, empty or folders are named")
  func noText() throws {
    let empty = try folder.write("", to: "empty")
    let blank = try folder.write(" \n\n ", to: "blank")
    for (vocabulary, file, part) in [
      (Vocabulary.bytes, empty, "no bytes"), (words, empty, "no words"), (words, blank, "no words"),
      (.bytes, "/nowhere", "No such file"), (words, folder.path, "directory"),
    ] {
      expectError(file, part) { () throws(DataError) in try vocabulary.tokens(ofFile: file) }
    }
  }

  @Test("A vocabulary is stored and read back; one that is none is refused")
  func coding() throws {
    for vocabulary in [words, .bytes] {
      let data = try JSONEncoder().encode(vocabulary)
      #expect(try JSONDecoder().decode(Vocabulary.self, from: data) == vocabulary)
    }
    for text in [
      "{\"kind\": \"words\"}", "{\"kind\": \"letters\"}",
      "{\"kind\": \"bytes\", \"words\": [\"a\"]}",
      "{\"kind\": \"words\", \"words\": [\"<eos>\", \"<unk>\"]}",
      "{\"kind\": \"words\", \"words\": [\"<unk>\", \"<eos>\", \"a\", \"a\"]}",
    ] {
      #expect(throws: DecodingError.self) {
        try JSONDecoder().decode(Vocabulary.self, from: Data(text.utf8))
      }
    }
  }
}
