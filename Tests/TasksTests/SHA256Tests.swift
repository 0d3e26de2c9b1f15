import Files
import Tasks
import Testing

@Suite("SHA-256")
struct SHA256Tests {
  @Test(
    "The examples of FIPS 180",
    arguments: [
      ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
      ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
      (
        "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
      ),
      (
        String(repeating: "a", count: 1_000_000),
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
      ),
    ])
  func examples(_ message: String, _ hash: String) {
    #expect(SHA256.hexadecimal(of: Array(message.utf8)) == hash)
  }

  @Test("A message in parts has the hash of the whole, at every length around the blocks")
  func parts() {
    for count in [1, 54, 55, 56, 63, 64, 65, 118, 119, 120, 127, 128, 129, 200] {
      let message = (0..<count).map { UInt8(truncatingIfNeeded: 7 * $0) }
      var whole = SHA256()
      whole.update(message[...])
      let hash = whole.finalize()
      for cut in [0, 1, count / 2, count] {
        var function = SHA256()
        function.update(message[..<cut])
        function.update(message[cut...])
        #expect(function.finalize() == hash, "\(count) bytes cut at \(cut)")
      }
    }
  }
}
