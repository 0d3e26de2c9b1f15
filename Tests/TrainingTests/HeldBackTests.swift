import Foundation
import Testing
import Training

@Suite("Held-back batches")
struct HeldBackTests {
  private func reports(_ assignments: String...) throws -> (
    changes: [(own: Double?, heldBack: Double?)], weights: [Double]
  ) {
    var sources = SettingsSources()
    for assignment in [
      "steps=6", "threads=1", "precision=double", "network.hidden=[5]",
    ] + assignments {
      try sources.add(assignment, from: "test")
    }
    var trainer = try Trainer(try sources.resolve())
    var changes: [(own: Double?, heldBack: Double?)] = []
    while let event = try trainer.next() {
      guard case .step(let report) = event else { continue }
      changes.append((report.trueChange, report.heldBackChange))
    }
    return (changes, trainer.parameters.doubles)
  }

  @Test("They measure, and change nothing", arguments: ["adamqlr", "adam", "adamqlr-paper"])
  func bystander(_ preset: String) throws {
    let method = "optimizer=\(preset)"
    let plain = try reports(method, "batch-size=50")
    let watched = try reports(method, "batch-size=50", "held-back=true")
    #expect(plain.weights == watched.weights)
    #expect(plain.changes.allSatisfy { $0.heldBack == nil })
    #expect(watched.changes.allSatisfy { $0.heldBack?.isFinite == true })
    #expect(watched.changes.contains { $0.own != $0.heldBack })
    // From parts of the batch, up to rounding.
    let divided = try reports(method, "batch-size=50", "held-back=true", "micro-batches=3")
    for (a, b) in zip(watched.changes, divided.changes) {
      let (a, b) = (try #require(a.heldBack), try #require(b.heldBack))
      #expect(abs(a - b) < 1e-6 * max(1, abs(a)))
    }
  }

  @Test("Where a batch has all examples, both see the same change")
  func wholeBatch() throws {
    for (own, heldBack) in try reports(
      "optimizer=adamqlr-paper", "batch-size=12000", "held-back=true"
    ).changes {
      let (own, heldBack) = (try #require(own), try #require(heldBack))
      #expect(abs(own - heldBack) < 1e-10 * max(1, abs(own)))
    }
  }
}
