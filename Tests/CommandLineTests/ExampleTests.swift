import Foundation
import Testing

@Suite("Examples")
struct ExampleTests {
  private let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  @Test("The README's program is the one that is compiled, and prints what the README says")
  func classifier() throws {
    let readme = try String(
      contentsOf: root.appendingPathComponent("README.md"), encoding: .utf8)
    let program = try String(
      contentsOf: root.appendingPathComponent("Examples/Classifier/main.swift"), encoding: .utf8)
    #expect(readme.contains("```swift\n\(program)```"))
    #expect(program.split(separator: "\n", omittingEmptySubsequences: false).count - 1 <= 25)
    let result = try Tool.run([], program: "Classifier")
    #expect(result.status == 0, "\(result.errors)")
    let accuracy = try #require(result.output.split(whereSeparator: \.isWhitespace).last)
    #expect(try #require(Double(accuracy)) > 0.95)
    // The last digits are the machine's, the first are not.
    #expect(result.lines.count == 6)
    for line in result.lines { #expect(readme.contains("\n\(line.prefix(6))"), "\(line)") }
  }
}
