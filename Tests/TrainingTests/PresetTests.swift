import AdamQLR
import Foundation
import AdamQLRNetworks
import Testing
import Training

@Suite("Presets")
struct PresetTests {
  @Test("A preset's method can be made, saved, read back and resolved", arguments: Preset.all)
  func methods(_ preset: Preset) throws {
    #expect(Preset(named: preset.name)?.method == preset.method && !preset.summary.isEmpty)
    #expect(preset.method.kinds.allSatisfy { $0.name != nil })
    let data = try JSONEncoder().encode(preset.method)
    #expect(try JSONDecoder().decode(Method.self, from: data) == preset.method)
    let resolved = preset.method.resolved(
      for: RunShape(batchesPerEpoch: 4, totalSteps: 10, seed: 0))
    #expect(resolved.problem == nil)
    #expect(resolved.resolved(for: RunShape(batchesPerEpoch: 9, totalSteps: 3)) == resolved)
  }

  @Test(
    "Five steps of every preset, interrupted and resumed, end at the same bits",
    arguments: Preset.all)
  func resumption(_ preset: Preset) throws {
    // A small table is read many times faster than images are drawn.
    let table = try NoisyTable()
    func settings(_ steps: Int) throws -> Settings {
      var sources = SettingsSources()
      for assignment in [
        "optimizer=\(preset.name)", "steps=\(steps)", "network.hidden=[6]", "batch-size=20",
        "threads=1", "checkpoint-every=100", "task=table", "data.path=\(table.path)",
        "data.target=y",
      ] {
        try sources.add(assignment, from: "test")
      }
      if preset.name == "schedule-free-plus" {
        // Else there is no average yet after five steps.
        try sources.add("schedule-free-plus.averaging-start=1", from: "test")
      }
      return try sources.resolve()
    }
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("presets-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let whole = try TrainingRun(settings(5), in: folder + "/whole")
    let expected = try whole.run { _ in .goOn }
    #expect(expected.steps == 5 && expected.divergence == nil)
    #expect(expected.training.loss.isFinite)

    let directory = try RunDirectory(makingAndStopping: settings(5), in: folder + "/part", after: 2)
    let resumed = try TrainingRun(resuming: directory, settings(5))
    #expect(resumed.trainer.step == 2 && resumed.damage.isEmpty)
    let found = try resumed.run { _ in .goOn }
    #expect(found.training == expected.training && found.test == expected.test)
    #expect(resumed.trainer.parameters.doubles == whole.trainer.parameters.doubles)

    // What the checkpoint has for users is what the run was judged by.
    let trained = try TrainedModel(directory, weights: .last)
    #expect(trained.evaluate().test == expected.test)
    #expect(trained.parameters.doubles == whole.trainer.learnedWeights.parameters.doubles)
    let isAverage = trained.parameters.doubles != whole.trainer.parameters.doubles
    #expect(
      isAverage == (preset.name.hasPrefix("schedule-free") || preset.method.averaging != nil))
  }
}

extension RunDirectory {
  /// A run that was stopped after some steps.
  fileprivate init(makingAndStopping settings: Settings, in path: String, after steps: Int) throws {
    let run = try TrainingRun(settings, in: path)
    _ = try run.run { _ in run.trainer.step < steps ? .goOn : .stop }
    self = run.directory
  }
}
