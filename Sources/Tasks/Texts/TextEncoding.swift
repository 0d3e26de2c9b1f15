import AdamQLRNetworks
import Files
import AdamQLRTorch

/// How a text became tokens, stored with a run: other texts become tokens in the same way, and the
/// run's own is known again.
public struct TextEncoding: Hashable, Codable, Sendable {
  /// The tokens.
  public let vocabulary: Vocabulary
  /// The SHA-256 of all tokens that train, validate and test, in this order.
  public let checksum: String

  /// Puts vocabulary and checksum together.
  public init(vocabulary: Vocabulary, checksum: String) {
    self.vocabulary = vocabulary
    self.checksum = checksum
  }
}

/// A text's examples, ready to train on: sequences of tokens.
public struct TextData: Sendable {
  /// The sequences that train.
  public let training: Batch
  /// The sequences that settings are chosen by; `nil` where their share is 0.
  public let validation: Batch?
  /// The sequences that the result is judged by; `nil` where their share is 0.
  public let test: Batch?
  /// How the text became tokens.
  public let encoding: TextEncoding
  /// What is worth knowing about the text, in a line each.
  public let notes: [String]
}

/// The parts of a text as tokens, and the files that they come from.
struct TextParts {
  typealias Part = (name: String, file: String, tokens: TokenStream)

  static let (training, validation, test) = ("train", "validate", "test")

  /// What trains, and then what validates and tests, as far as there is such.
  var parts: [Part]
  let vocabulary: Vocabulary
  /// What helps where a part is too short, in words.
  var remedy = "text.context shortens sequences"
  /// Whether it is worth a note how many words are unknown.
  var notesUnknown = true

  /// Cuts the parts into sequences.
  ///
  /// - Throws: ``DataError`` where a part is shorter than one.
  func data(context: Int) throws(DataError) -> TextData {
    var sets: [String: Batch] = [:]
    var checksum = SHA256()
    var notes: [String] = []
    for (name, file, stream) in parts {
      guard stream.sequenceCount(ofLength: context) > 0 else {
        throw .malformed(
          file: file, found: "only \(stream.count) tokens to \(name) with",
          expected: "at least \(context + 1), a sequence of \(context) and the token after it "
            + "(\(remedy))")
      }
      sets[name] = stream.sequences(ofLength: context)
      stream.add(to: &checksum)
      guard notesUnknown, vocabulary.kind == .words else { continue }
      let unknown = stream.count(of: Vocabulary.unknownToken)
      if unknown > 0 {
        notes.append(
          "\(file): \(unknown) of the \(stream.count) tokens that \(name) are words without a "
            + "token of their own, \(Vocabulary.unknown)")
      }
    }
    guard let training = sets[Self.training] else {
      fatalError("a text without a part that trains")
    }
    return TextData(
      training: training, validation: sets[Self.validation], test: sets[Self.test],
      encoding: TextEncoding(vocabulary: vocabulary, checksum: checksum.hexadecimal()),
      notes: notes)
  }
}

extension TokenStream {
  /// Adds the tokens to a message that is hashed.
  func add(to checksum: inout SHA256) {
    for piece in pieces {
      if piece.type == .uint8 {
        checksum.update(piece.elements(UInt8.self)[...])
        continue
      }
      // Numbers of tokens fit 32 bits.
      var bytes: [UInt8] = []
      bytes.reserveCapacity(4 * piece.count)
      for token in piece.elements(Int64.self) {
        for shift in stride(from: 0, to: 32, by: 8) {
          bytes.append(UInt8(truncatingIfNeeded: token >> shift))
        }
      }
      checksum.update(bytes[...])
    }
  }

  /// How often a token is there.
  func count(of token: Int) -> Int {
    pieces.reduce(0) { count, piece in
      count + piece.to(.int64).elements(Int64.self).count { $0 == token }
    }
  }

  /// The tokens in pieces, so that little of them is copied at a time.
  private var pieces: some Sequence<Tensor> {
    stride(from: 0, to: count, by: 1 << 16).lazy.map { start in
      self[start..<Swift.min(start + 1 << 16, count)].tokens
    }
  }
}
