import AdamQLRNetworks
import Foundation
import Studies
import Testing

@Suite("Successive halving")
struct SuccessiveHalvingTests {
  private static let halving = SuccessiveHalving(unit: .steps, first: 10, factor: 4)

  @Test(
    "A trial goes on in the best quarter, as Ray's scheduler has it by numpy.nanpercentile",
    arguments: [
      // numpy.percentile([…], 25) is the bound.
      (1.0, [Double](), true), (1, [1], true), (1.1, [1], false), (1.25, [1, 2], true),
      (1.26, [1, 2], false), (1.75, [4, 3, 2, 1], true), (1.76, [4, 3, 2, 1], false),
      (5, [5, 6, 7, 8, .infinity], true), (6.1, [5, 6, 7, 8, .infinity], false),
      (1e300, [.infinity, .infinity], true), (.infinity, [.infinity], false), (.nan, [], false),
      (3, [.nan, 3], true),
    ])
  func rule(_ loss: Double, _ others: [Double], _ goesOn: Bool) {
    #expect(Self.halving.goesOn(loss, others) == goesOn)
  }

  /// How far trials of given losses at rungs come, made one after the other.
  private func sequential(_ losses: [[Double]]) -> [Int] {
    var rungs: [[Double]] = Array(repeating: [], count: 20)
    return losses.map { trial in
      for (rung, loss) in trial.enumerated() {
        let goesOn = Self.halving.goesOn(loss, rungs[rung])
        rungs[rung].append(loss)
        if !goesOn { return rung + 1 }
      }
      return trial.count + 1
    }
  }

  @Test("However trials overlap, the same come as far as one after the other", arguments: 0..<60)
  func order(_ seed: UInt64) {
    var generator = SeededGenerator(seed: seed, stream: "halving")
    let count = Int.random(in: 1...40, using: &generator)
    let losses = (0..<count).map { _ in
      (0..<Int.random(in: 0...4, using: &generator)).map { _ in
        Double(Int.random(in: 0...30, using: &generator))
      }
    }
    var search = Search(Self.halving, count: count)
    var reached = Array(repeating: 0, count: count)
    var underWay: [Int] = []
    let atOnce = Int.random(in: 1...8, using: &generator)
    func isReady(_ trial: Int) -> Bool {
      if case .goesOn = search.states[trial] { return !underWay.contains(trial) }
      return false
    }
    while true {
      while underWay.count < atOnce,
        let next = (0..<count).filter(isReady).randomElement(using: &generator)
      {
        underWay.append(next)
      }
      guard let place = underWay.indices.randomElement(using: &generator) else { break }
      let trial = underWay.remove(at: place)
      if reached[trial] == losses[trial].count {
        reached[trial] += 1
        _ = search.noteEnd(trial)
      } else {
        reached[trial] += 1
        _ = search.note(trial, loss: losses[trial][reached[trial] - 1])
      }
    }
    #expect(search.states.allSatisfy { $0 == .isOver })
    #expect(reached == sequential(losses))
  }

  @Test("With rungs in seconds, those count that came before")
  func arrival() {
    var search = Search(SuccessiveHalving(unit: .seconds, first: 1), count: 3)
    #expect(search.note(2, loss: 5) == [] && search.states[2] == .goesOn(toRung: 1))
    #expect(search.note(0, loss: 6) == [] && search.states[0] == .isOver)
    #expect(search.note(1, loss: 4) == [] && search.states[1] == .goesOn(toRung: 1))
    #expect(search.note(2, loss: 5) == [] && search.states[2] == .goesOn(toRung: 2))
  }

  @Test("A history is read back as it was written, less a row that was cut off")
  func history() throws {
    let path = FileManager.default.temporaryDirectory
      .appendingPathComponent("trials-\(UUID().uuidString).csv").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    var history = try SearchHistory(path)
    try history.write(byTrial: false, optimizers: []) { _ in true }
    var outcome = RunOutcome(
      examples: 5, steps: 7, trainingLoss: 0.125, seconds: 1.5, wallSeconds: 2)
    outcome.validationLoss = 0.25
    try history.add(TrialReport("b", trial: 1, settings: "f", rung: 0, outcome))
    outcome.hasDiverged = true
    try history.add(TrialReport("a", trial: 0, settings: "g", rung: nil, outcome))
    try history.add(TrialReport(failed: "a", trial: 1, settings: "g"))
    #expect(try SearchHistory(path).reports == history.reports)
    #expect(history.reports[2].hasFailed && history.reports[2].loss(.trainingLoss) == .infinity)
    #expect(history.reports[0].loss(.validationLoss) == 0.25)
    #expect(history.reports[1].loss(.trainingLoss) == .infinity)
    let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
    try file.seekToEnd()
    try file.write(contentsOf: Data("a,1,g,e".utf8))
    try file.close()
    var cut = try SearchHistory(path)
    #expect(cut.reports == history.reports)
    try cut.write(byTrial: true, optimizers: ["a", "b"]) { _ in true }
    #expect(
      try SearchHistory(path).reports
        == [history.reports[1], history.reports[2], history.reports[0]])
  }
}
