/// The letters by which byte-level BPE writes bytes: visible ones for themselves, the others from U+0100.
enum ByteAlphabet {
  private static let letters: [Unicode.Scalar] = {
    var next: UInt32 = 256
    return (0...255).map { (byte: UInt32) in
      let isVisible =
        (0x21...0x7e).contains(byte) || (0xa1...0xac).contains(byte) || (0xae...0xff).contains(byte)
      defer { if !isVisible { next += 1 } }
      return Unicode.Scalar(isVisible ? byte : next) ?? " "
    }
  }()

  private static let bytes = Dictionary(
    uniqueKeysWithValues: zip(letters, 0...255).map { ($0, UInt8($1)) })

  /// The bytes that a word stands for; `nil` where it has other letters.
  static func bytes(of word: String) -> [UInt8]? {
    var result: [UInt8] = []
    for letter in word.unicodeScalars {
      guard let byte = bytes[letter] else { return nil }
      result.append(byte)
    }
    return result
  }

  static func word(_ bytes: [UInt8]) -> String {
    var word = String.UnicodeScalarView()
    word.append(contentsOf: bytes.map { letters[Int($0)] })
    return String(word)
  }
}
