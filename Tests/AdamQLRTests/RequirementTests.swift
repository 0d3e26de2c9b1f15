import AdamQLR
import Foundation
import Testing

/// A trap must say what was wrong, in release builds too, where the standard library's `precondition`
/// and its kin say nothing.
@Suite("Requirements")
struct RequirementTests {
  @Test("No source file uses what says nothing in a release build")
  func sources() throws {
    let sources = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../Sources").standardized
    let silent =
      /(?:^|[^.\w])(?:precondition|preconditionFailure|assert|assertionFailure)\(/
      .anchorsMatchLineEndings()
    // A method of that name, such as K-FAC's, is none of them.
    let definition = /func precondition(?:<|\()/
    let modules = try FileManager.default.contentsOfDirectory(
      at: sources, includingPropertiesForKeys: nil)
    var count = 0
    for module in modules {
      let files = FileManager.default.enumerator(at: module, includingPropertiesForKeys: nil)
      let swift = (files?.allObjects as? [URL] ?? []).filter { $0.pathExtension == "swift" }
      let texts = try swift.map {
        ($0.lastPathComponent, try String(contentsOf: $0, encoding: .utf8))
      }
      count += texts.count
      for (name, text) in texts {
        let uses = text.replacing(definition, with: "func method(").matches(of: silent)
        let lines = uses.map { text[..<$0.range.lowerBound].count { $0 == "\n" } + 1 }
        #expect(lines.isEmpty, "\(module.lastPathComponent)/\(name), lines \(lines)")
      }
    }
    #expect(count > 200)
  }

  @Test("Vectors that do not fit together trap with words")
  func words() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = [1.0, 2].dot([1])
    }
    let text = result.map { String(decoding: $0.standardErrorContent, as: UTF8.self) } ?? ""
    #expect(text.contains("AdamQLR/ArrayVector.swift"), "\(text)")
    #expect(text.contains("dot: 2 elements against 1"), "\(text)")
  }
}
