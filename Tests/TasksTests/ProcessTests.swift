import Files
import Foundation
import Testing

@Suite("Other programs")
struct ProcessTests {
  @Test("One that does not end is ended")
  func limit() throws {
    func end(_ seconds: String, limit: Duration) throws -> (byItself: Bool, isRunning: Bool) {
      let process = Process()
      process.executableURL = URL(fileURLWithPath: "/bin/sleep")
      process.arguments = [seconds]
      try process.run()
      return (process.waitUntilExit(limit: limit), process.isRunning)
    }
    #expect(try end("0", limit: .seconds(60)) == (true, false))
    #expect(try end("60", limit: .milliseconds(100)) == (false, false))
  }

  @Test(
    "Lines are whole wherever the pieces that they come in end",
    arguments: [1, 2, 3, 5, 100])
  func lines(_ size: Int) {
    let text = Data("a\n\nbcd\nü\nrest".utf8)
    var buffer = LineBuffer()
    var lines: [String] = []
    for start in stride(from: 0, to: text.count, by: size) {
      let piece = text[start..<min(start + size, text.count)]
      lines += buffer.append(piece).map { String(decoding: $0, as: UTF8.self) }
    }
    #expect(lines == ["a", "", "bcd", "ü"])
  }
}
