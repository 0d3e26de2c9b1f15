import AdamQLRNetworks
import Files
import Foundation
import Tasks
import Testing
import AdamQLRTorch

@Suite("Texts")
struct TextSourceTests {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  private func source(_ file: String, context: Int = 8) -> TextSource {
    var source = TextSource(path: file)
    source.context = context
    return source
  }

  private func load(_ source: TextSource) -> () throws(DataError) -> TextData {
    { () throws(DataError) in try source.load() }
  }

  /// The tokens of sequences, one behind the other, and the last target.
  private func stream(_ examples: Batch) -> [Int64] {
    let targets = examples.targets.to(.int64).elements(Int64.self)
    return examples.inputs.to(.int64).elements(Int64.self) + targets.suffix(1)
  }

  @Test("Targets are the tokens that follow, and share the inputs' memory")
  func shift() throws {
    for type in [DataType.uint8, .int64] {
      let tokens = Tensor((0..<23).map { UInt8($0) }).to(type)
      let stream = TokenStream(tokens)
      #expect(stream.sequenceCount(ofLength: 5) == 4)
      let examples = stream.sequences(ofLength: 5)
      #expect(examples.inputs.shape == [4, 5] && examples.targets.shape == [4, 5])
      #expect(examples.inputs.doubles == (0..<20).map(Double.init))
      #expect(examples.targets.doubles == (1..<21).map(Double.init))
      // What is written to one is seen in the others.
      tokens.slice(from: 7, shape: [1]).overwrite(with: Tensor([UInt8(99)]).to(type))
      #expect(examples.inputs.doubles[7] == 99 && examples.targets.doubles[6] == 99)
      // The last sequence needs a token behind it.
      #expect(stream[0..<20].sequenceCount(ofLength: 5) == 3)
      #expect(stream[0..<0].sequenceCount(ofLength: 5) == 0)
    }
  }

  @Test("Parts are neighboring stretches of the text that together are all of it")
  func division() throws {
    let bytes = (0..<1003).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 6) }
    var source = source(try folder.write(bytes, to: "text"), context: 1)
    source.testFraction = 0.2
    source.validationFraction = 0.25
    let data = try source.load()
    let parts = try [
      data.training, #require(data.validation), #require(data.test),
    ].map(stream)
    #expect(parts.map(\.count) == [602, 200, 201])
    #expect(parts.flatMap(\.self) == bytes.map { Int64($0) })
    source.testFraction = 0
    source.validationFraction = 0
    let whole = try source.load()
    #expect(stream(whole.training) == bytes.map { Int64($0) })
    #expect(whole.validation == nil && whole.test == nil)
  }

  @Test("Words have tokens by what trains alone; a file of its own may test")
  func words() throws {
    let text = (0..<100).map { "w\($0 % 5) " }.joined() + "late later latest"
    var source = source(try folder.write(text, to: "text"), context: 4)
    source.vocabulary = .words
    source.testPath = try folder.write("w1 w2 new w3 w4\n", to: "other")
    source.validationFraction = 0.2
    let data = try source.load()
    let vocabulary = data.encoding.vocabulary
    #expect(vocabulary.words == ["<unk>", "<eos>", "w0", "w1", "w2", "w3", "w4"])
    #expect(try stream(#require(data.test)) == [3, 4, 0, 5, 6])
    #expect(data.notes.count == 2 && data.notes[0].contains("validate"), "\(data.notes)")
    #expect(data.notes[1].hasPrefix(folder.path + "/other: 1 of the 6 tokens that test"))
    source.maximumWords = 4
    source.minimumCount = 17
    #expect(try source.load().encoding.vocabulary.words == ["<unk>", "<eos>", "w0", "w1"])
  }

  @Test("What is loaded is the same each time, and its checksum tells another text")
  func determinism() throws {
    let text = String(repeating: "some words in a line\nand more of them\n", count: 30)
    for kind in [Vocabulary.Kind.bytes, .words] {
      var source = source(try folder.write(text, to: "text"))
      source.vocabulary = kind
      let (first, second) = (try source.load(), try source.load())
      #expect(first.encoding == second.encoding)
      #expect(stream(first.training) == stream(second.training))
      try folder.write(text.replacingOccurrences(of: "them\n", with: "line\n"), to: "text")
      #expect(try source.load().encoding.checksum != first.encoding.checksum)
      let data = try JSONEncoder().encode(first.encoding)
      #expect(try JSONDecoder().decode(TextEncoding.self, from: data) == first.encoding)
    }
  }

  @Test("A part shorter than one sequence is named, with what is needed")
  func tooShort() throws {
    let file = try folder.write(String(repeating: "ab", count: 50), to: "short")
    expectError(
      file, "only 9 tokens to validate with", "11", "text.context", "text.test",
      from: load(source(file, context: 10)))
    expectError(file, "only 81 tokens to train with", "101", from: load(source(file, context: 100)))
    let other = try folder.write("abc", to: "other")
    var source = source(file)
    source.testPath = other
    expectError(other, "only 3 tokens to test with", "9", from: load(source))
    source.testPath = "/nowhere"
    expectError("/nowhere", "No such file", from: load(source))
    expectError(other, "only 3 tokens", "at least 9") { () throws(DataError) in
      try Vocabulary.bytes.sequences(ofFile: other, context: 8)
    }
  }

  @Test("Shakespeare is read whole", .enabled(if: SharedData.has("tinyshakespeare/input.txt")))
  func shakespeare() throws {
    let file = SharedData.path + "/tinyshakespeare/input.txt"
    let bytes = try source(file, context: 64).load()
    #expect(bytes.training.count == (903_469 - 1) / 64)
    #expect(stream(bytes.training).prefix(5) == Array("First".utf8).map { Int64($0) }[...])
    var source = source(file, context: 64)
    source.vocabulary = .words
    let words = try source.load()
    #expect(words.encoding.vocabulary.count == 9200)
    #expect(words.encoding.vocabulary.words[2...4] == ["the", "I", "to"])
  }

  @Test("The Penn Treebank is read from its files, or from the folder of its archive")
  func pennTreebank() throws {
    for place in ["penn-treebank", "simple-examples/data"] {
      let folder = try TemporaryFolder()
      let path = folder.path
      expectError("penn-treebank/ptb.train.txt", "adamqlr data fetch") { () throws(DataError) in
        try PennTreebank.load(from: path, context: 4)
      }
      try folder.write(" the <unk> cat \n the cat sat \n", to: place + "/ptb.train.txt")
      try folder.write(" cat <unk> the new \n", to: place + "/ptb.valid.txt")
      try folder.write(" the the the the the \n", to: place + "/ptb.test.txt")
      let data = try PennTreebank.load(from: folder.path, context: 4)
      #expect(data.encoding.vocabulary.words == ["<unk>", "<eos>", "cat", "the", "sat"])
      #expect(stream(data.training) == [3, 0, 2, 1, 3])
      #expect(try stream(#require(data.validation)) == [2, 0, 3, 0, 1])
      #expect(try stream(#require(data.test)) == [3, 3, 3, 3, 3])
      #expect(data.notes.isEmpty)
      expectError("ptb.valid.txt", "5 tokens", "text.context") { () throws(DataError) in
        try PennTreebank.load(from: folder.path, context: 5)
      }
    }
  }
}
