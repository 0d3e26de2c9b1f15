import Foundation
import Testing

/// An optimizer of somebody's own is one file and one line (`Tests/OwnOptimizer`), and is then
/// everywhere that the package's are.
@Suite("An optimizer of one's own")
struct OwnOptimizerTests {
  private func run(_ arguments: String...) throws -> Tool.Result {
    try Tool.run(arguments, program: "OwnOptimizer")
  }

  private let digits = ["--set", "network.hidden=[6]", "--batch-size", "3000", "--threads", "1"]

  @Test("It is listed, with its settings")
  func lists() throws {
    let output = try run("optimizers").output
    #expect(output.contains("\n  sign-descent\n") && output.contains("sign-descent.length"))
    #expect(output.contains("sign-descent × fixed × none × none"))
  }

  @Test("It trains by --set and YAML, goes on to the last bit, and is compared and reported on")
  func runs() throws {
    let folder = Tool.newPath("own")
    func train(_ name: String, _ steps: Int) throws -> Tool.Result {
      try Tool.run(
        [
          "train", "--optimizer", "sign-descent", "--set", "sign-descent.length=0.5", "--steps",
          "\(steps)", "--checkpoint-every", "2", "--json", "--output", "\(folder)/\(name)",
        ] + digits,
        program: "OwnOptimizer")
    }
    func weights(_ name: String, _ step: Int) throws -> Data {
      try Data(
        contentsOf: URL(
          fileURLWithPath: "\(folder)/\(name)/checkpoints/step-00000000\(step)/weights.safetensors")
      )
    }
    #expect(try train("whole", 6).status == 0)
    #expect(try train("part", 4).status == 0)
    let resumed = try run("train", "--resume", "\(folder)/part", "--steps", "6", "--json")
    #expect(resumed.status == 0, "\(resumed.errors)")
    #expect(try weights("whole", 6) == weights("part", 6))
    let yaml = try String(contentsOfFile: "\(folder)/whole/settings.yaml", encoding: .utf8)
    #expect(yaml.contains("sign-descent:\n  length: 0.5\n"))
    let again = try run(
      "train", "-c", "\(folder)/whole/settings.yaml", "--json", "--output", "\(folder)/again")
    #expect(again.status == 0, "\(again.errors)")
    #expect(try weights("whole", 6) == weights("again", 6))

    let comparison = try Tool.run(
      [
        "compare", "--optimizers", "adam,own=sign-descent+sign-descent.length=2", "--seeds", "1",
        "--steps", "2", "--output", "\(folder)/compared",
      ] + digits, program: "OwnOptimizer")
    #expect(comparison.status == 0, "\(comparison.errors)")
    #expect(comparison.output.contains("own"))
    let report = try run("report", "\(folder)/whole", "--format", "csv")
    #expect(report.status == 0 && report.output.contains("sign-descent"), "\(report.errors)")
    // The package's own command does not know it, and says so.
    let unknown = try Tool.run("evaluate", "\(folder)/whole")
    #expect(unknown.status != 0 && unknown.errors.contains("sign-descent"))
  }
}
