import Foundation
import Fuzzing
import Testing

@Suite("Hostile input")
struct FuzzTests {
  private static let corpora = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Fuzzing/Corpus").path

  @Test(
    "Files that were changed at random end in results or errors: no crash, hang or want of memory",
    arguments: FuzzTarget.all.map(\.name))
  func changed(_ target: String) throws {
    let result = try Tool.run(
      [target, "\(Self.corpora)/\(target)", target == "run" ? "30" : "200", "10"],
      program: "FuzzProgram")
    #expect(result.status == 0, "\(result.errors.suffix(2000))")
    #expect(result.output.hasPrefix(target))
  }
}
