import Foundation
import Testing

@Suite("Repeatability of the tests")
struct RepeatabilityTests {
  @Test("No test draws from the system's generator: what fails would not fail again")
  func generators() throws {
    let own = URL(filePath: #filePath)
    let tests = own.deletingLastPathComponent().deletingLastPathComponent()
    let drawing =
      /SystemRandomNumberGenerator|\.random\((?!.*using:)|\.(?:shuffled?|randomElement)\(\)|4random|rand48/
    let files = FileManager.default.enumerator(at: tests, includingPropertiesForKeys: nil)
    var count = 0
    for case let file as URL in files ?? .init()
    where file.pathExtension == "swift" && file.lastPathComponent != own.lastPathComponent {
      let text = try String(contentsOf: file, encoding: .utf8)
      count += 1
      for match in text.matches(of: drawing) {
        Issue.record("\(file.lastPathComponent): \(match.output)")
      }
    }
    #expect(count > 80)
  }
}
