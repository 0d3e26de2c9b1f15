import Foundation
import Testing

@Suite("Examples")
struct ExampleTests {
  private let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  @Test("The README's program is the one that is compiled, and prints what the README says")
  func ownModel() throws {
    let readme = try String(
      contentsOf: root.appendingPathComponent("README.md"), encoding: .utf8)
    let program = try String(
      contentsOf: root.appendingPathComponent("Examples/OwnModel/main.swift"), encoding: .utf8)
    #expect(readme.contains("```swift\n\(program)```"))
    #expect(program.split(separator: "\n", omittingEmptySubsequences: false).count - 1 < 30)
    let result = try Tool.run([], program: "OwnModel")
    #expect(result.status == 0)
    let guess = try #require(result.output.split(separator: " ").last?.dropLast())
    #expect(abs(try #require(Double(guess)) + 0.4) < 0.04)
    // The last digits are the machine's, the first are not.
    for line in result.lines { #expect(readme.contains("\n\(line.prefix(8))"), "\(line)") }
  }
}
