import Files
import Foundation
import Tasks
import Testing

@Suite("The program that reads images")
struct ImagePackerTests {
  /// A program of the shell in Python's place, and how the packer judges it.
  private static func outcome(_ program: String, input: String = "") throws -> String {
    let path = FileManager.default.temporaryDirectory
      .appendingPathComponent("adamqlr-packer-\(UUID().uuidString)").path
    try Data("#!/bin/sh\n\(program)\n".utf8).write(to: URL(fileURLWithPath: path))
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    defer { try? FileManager.default.removeItem(atPath: path) }
    do throws(DataError) {
      return try ImagePacker.run(
        [], of: "photos", input: input, pythons: [path], patience: .seconds(2))
    } catch {
      return error.description.replacingOccurrences(of: path, with: "PYTHON")
    }
  }

  @Test("It may say as much as it likes where errors go, and is waited for as long as it speaks")
  func noise() throws {
    let noise = "head -c 3000000 /dev/zero | tr '\\0' x >&2"
    let words = #"for n in 1 2 3; do sleep 1; echo '{"found": 1}'; done"#
    #expect(try Self.outcome("\(noise); \(words); echo '{\"ready\": \"it.json\"}'") == "it.json")
  }

  @Test("One that says nothing is ended, and named")
  func silence() throws {
    let outcome = try Self.outcome("exec sleep 600")
    #expect(outcome.contains("photos") && outcome.contains("PYTHON, which reads the images"))
    #expect(outcome.contains("2 seconds"))
  }

  @Test("One that reads nothing, and has no Pillow, is no reason to end")
  func deafness() throws {
    let paths = String(repeating: "a/path/of/an/image.png\n", count: 100_000)
    #expect(try Self.outcome("exit 3", input: paths).contains("make images"))
    #expect(try Self.outcome("echo why >&2; exit 1", input: paths).contains("why"))
  }
}
