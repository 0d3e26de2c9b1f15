import Files
import Foundation
import Tasks
import Testing
import Training

@Suite("Checkpoints")
struct CheckpointTests {
  private func problem() throws -> Problem { try Problem(.rosenbrock, .float64) }

  @Test("The newest few are kept, and the newest is found")
  func keeping() throws {
    let run = try ScratchRun(
      "task=rosenbrock", "steps=7", "checkpoint-every=2", "keep=2", "precision=double")
    let names = try FileManager.default.contentsOfDirectory(atPath: run.directory.checkpointsPath)
    #expect(names.sorted() == ["step-000000006", "step-000000007"])
    let (checkpoint, damage) = run.directory.newestCheckpoint(of: try problem().model, .double)
    #expect(damage.isEmpty)
    #expect(checkpoint?.step == 7)
    let loss = try problem().evaluate(problem().training, at: #require(checkpoint).last.parameters)
      .loss
    #expect(loss == run.summary.training.loss)
  }

  @Test("A checkpoint with any byte changed, or cut anywhere, is named and not used")
  func corruption() throws {
    let run = try ScratchRun.rosenbrock()
    let problem = try problem()
    let path = run.directory.checkpointsPath + "/step-000000003"
    for name in try FileManager.default.contentsOfDirectory(atPath: path) {
      let file = URL(fileURLWithPath: path + "/" + name)
      let bytes = try Data(contentsOf: file)
      func expectNoticed(_ contents: Data, _ change: String) throws {
        try contents.write(to: file)
        let (checkpoint, damage) = run.directory.newestCheckpoint(of: problem.model, .double)
        #expect(checkpoint?.step == 2, "\(name), \(change)")
        #expect(damage.first?.description.contains(path) == true, "\(name), \(change)")
      }
      for position in bytes.indices {
        var changed = bytes
        changed[position] ^= 1 << UInt8(position % 8)
        try expectNoticed(changed, "byte \(position)")
        if position % 5 == 0 { try expectNoticed(bytes[..<position], "cut at \(position)") }
      }
      try expectNoticed(bytes + Data([0]), "a byte more")
      try FileManager.default.removeItem(at: file)
      #expect(run.directory.newestCheckpoint(of: problem.model, .double).checkpoint?.step == 2)
      try bytes.write(to: file)
    }
    #expect(run.directory.newestCheckpoint(of: problem.model, .double).checkpoint?.step == 3)
  }

  @Test("Damage to the best weights is damage to the checkpoint")
  func bestCorruption() throws {
    let table = try NoisyTable()
    let run = try ScratchRun(
      "task=table", "data.path=\(table.path)", "data.target=y", "network.hidden=[2]",
      "batch-size=20", "epochs=2", "checkpoint-every=1", "threads=1")
    let problem = try run.directory.settings().makeProblem()
    func newest() -> (checkpoint: Checkpoint?, damage: [FileError]) {
      run.directory.newestCheckpoint(of: problem.model, .float)
    }
    let steps = run.summary.steps
    #expect(newest().checkpoint?.best?.step == run.summary.best?.step)
    let folder = run.directory.checkpointsPath + "/step-00000000\(steps)"
    let file = URL(fileURLWithPath: folder + "/best.safetensors")
    let bytes = try Data(contentsOf: file)
    func expectNoticed(_ change: String) {
      let (checkpoint, damage) = newest()
      #expect(checkpoint?.step == steps - 1, "\(change)")
      #expect(checkpoint?.best != nil, "\(change)")
      #expect(damage.first?.description.contains(folder) == true, "\(change)")
    }
    for position in bytes.indices {
      var changed = bytes
      changed[position] ^= 1 << UInt8(position % 8)
      try changed.write(to: file)
      expectNoticed("byte \(position)")
    }
    try FileManager.default.removeItem(at: file)
    expectNoticed("the file is gone")
    // Nor is it forgotten with its line of the checksums.
    let list = URL(fileURLWithPath: folder + "/checksums.txt")
    let lines = try String(contentsOf: list, encoding: .utf8)
    let others = lines.split(separator: "\n").filter { !$0.hasSuffix("best.safetensors") }
    #expect(others.count == 3)
    try Data((others.joined(separator: "\n") + "\n").utf8).write(to: list)
    expectNoticed("the file and its line are gone")
    try Data(lines.utf8).write(to: list)
    try bytes.write(to: file)
    #expect(newest().checkpoint?.step == steps && newest().damage.isEmpty)
  }

  @Test("A checkpoint of another model or precision is not used")
  func mismatch() throws {
    let run = try ScratchRun.rosenbrock()
    #expect(run.directory.newestCheckpoint(of: try problem().model, .float).checkpoint == nil)
    let digits = try Problem(randomLike: .uciEnergy, count: 4, .float64)
    let (checkpoint, damage) = run.directory.newestCheckpoint(of: digits.model, .double)
    #expect(checkpoint == nil)
    #expect(damage.count == 3)
    #expect(damage[0].description.contains("position"))
  }

  @Test("A run cannot go on with settings whose state is another")
  func settings() throws {
    let run = try ScratchRun.rosenbrock()
    var settings = try run.directory.settings()
    settings.method = Preset.sgd.method
    #expect(throws: FileError.self) { try TrainingRun(resuming: run.directory, settings) }
  }

  @Test("The status says what became of the run")
  func status() throws {
    let run = try ScratchRun.rosenbrock()
    let status = try run.directory.status()
    #expect(status.state == .finished)
    #expect(status.parameters == 2)
    #expect(status.threads == 1)
    #expect(status.summary?.steps == 3)
    #expect(status.summary?.training.loss == run.summary.training.loss)
    try Data("{}".utf8).write(to: URL(fileURLWithPath: run.directory.path + "/run.json"))
    #expect(throws: FileError.self) { try run.directory.status() }
  }
}
