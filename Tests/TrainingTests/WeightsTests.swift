import Files
import Foundation
import AdamQLRNetworks
import Tasks
import Testing
import Training

@Suite("Kept weights and early stopping")
struct WeightsTests {
  /// A run that fits a few noisy rows to the end, so that its validation loss soon rises, as settings.
  private func settings(_ table: NoisyTable, _ assignments: [String]) throws -> Settings {
    var sources = SettingsSources()
    for assignment in [
      "task=table", "data.path=\(table.path)", "data.target=y", "network.hidden=[16]",
      "batch-size=10", "epochs=12", "threads=1", "checkpoint-every=1000",
    ] + assignments {
      try sources.add(assignment, from: "test")
    }
    return try sources.resolve()
  }

  static let methods = [
    ["optimizer=adam", "learning-rate.value=0.05"],
    ["optimizer=adamqlr"],
    ["optimizer=schedule-free-adamw", "learning-rate.value=0.1"],
  ]

  @Test(
    "The best weights are those of a run that was stopped there, to the bit", arguments: methods)
  func kept(_ method: [String]) throws {
    let table = try NoisyTable()
    let settings = try settings(table, method)
    let run = try TrainingRun(settings, in: table.folder + "/whole")
    let summary = try run.run { _ in .goOn }
    let best = try #require(summary.best)
    // There is something to tell apart.
    try #require(best.step < summary.steps)
    let validation = try #require(summary.validation)
    #expect(best.validation.loss < validation.loss)
    let curve = try #require(summary.curve)
    #expect(curve.evaluations.map(\.step) == (1...12).map { $0 * summary.steps / 12 })
    #expect(curve.evaluations.compactMap(\.validation?.loss).min() == best.validation.loss)
    #expect(curve.lowest?.step == best.step && curve.lowest?.epoch == best.epoch)

    let stopped = try TrainingRun(settings, in: table.folder + "/stopped")
    let other = try stopped.run { event in
      if case .epoch(let epoch) = event, epoch.step == best.step { .stop } else { .goOn }
    }
    #expect(other.steps == best.step)
    let weights = try #require(run.trainer.best)
    #expect(weights.step == best.step)
    #expect(weights.parameters.doubles == stopped.trainer.learnedWeights.parameters.doubles)
    #expect(weights.parameters.doubles != run.trainer.learnedWeights.parameters.doubles)
    #expect(other.training == best.training && other.validation == best.validation)
    #expect(other.test == best.test)

    // What the checkpoint has, by default and on request.
    let kept = try TrainedModel(run.directory)
    #expect(kept.weights == .best && kept.step == best.step)
    #expect(kept.parameters.doubles == weights.parameters.doubles)
    #expect(kept.evaluate().validation == best.validation && kept.evaluate().test == best.test)
    let last = try TrainedModel(run.directory, weights: .last)
    #expect(last.weights == .last && last.step == summary.steps)
    #expect(last.parameters.doubles == run.trainer.learnedWeights.parameters.doubles)
    #expect(last.evaluate().validation == summary.validation)
    // The other default is in the settings.
    let yaml = try String(contentsOfFile: run.directory.settingsPath, encoding: .utf8)
    try Data(yaml.replacing("weights: best", with: "weights: last").utf8)
      .write(to: URL(fileURLWithPath: run.directory.settingsPath))
    #expect(try TrainedModel(run.directory).weights == .last)
    #expect(try TrainedModel(run.directory, weights: .best).step == best.step)
  }

  @Test("A run ends after as many evaluations without a lower loss as the patience has")
  func patience() throws {
    let table = try NoisyTable()
    let method = Self.methods[0]
    let whole = try TrainingRun(try settings(table, method), in: table.folder + "/whole")
    let curve = try #require(try whole.run { _ in .goOn }.curve).evaluations
    for patience in 1...3 {
      // The rule, by hand.
      var (least, count) = (Double.infinity, 0)
      let end = try #require(
        curve.first { evaluation in
          let loss = evaluation.validation?.loss ?? .nan
          count = loss < least ? 0 : count + 1
          least = min(loss, least)
          return count == patience
        })
      let path = table.folder + "/patience-\(patience)"
      let settings = try settings(table, method + ["early-stopping.patience=\(patience)"])
      var stops: [EarlyStop?] = []
      let (directory, summary) = try {
        let run = try TrainingRun(settings, in: path)
        let summary = try run.run { event in
          if case .epoch(let epoch) = event { stops.append(epoch.earlyStop) }
          return .goOn
        }
        return (run.directory, summary)
      }()
      let expected = EarlyStop(step: end.step, evaluations: patience)
      #expect(summary.steps == end.step && summary.isComplete)
      #expect(summary.earlyStop == expected)
      #expect(stops.last == expected && stops.dropLast().allSatisfy { $0 == nil })
      #expect(
        summary.curve?.evaluations.map(\.validation) == curve.prefix(stops.count).map(\.validation))
      let status = try directory.status()
      #expect(status.state == .finished && status.summary?.earlyStop == expected)

      // Going on makes no step, and says why; with more patience it does.
      var longer = settings
      longer.epochs = 40
      do {
        let resumed = try TrainingRun(resuming: directory, longer)
        #expect(resumed.notes.contains { $0.contains("stopped early after step \(end.step)") })
        #expect(try resumed.run { _ in .goOn }.steps == end.step)
      }
      longer.epochs = 12
      longer.patience = nil
      let last = try TrainingRun(resuming: directory, longer).run { _ in .goOn }
      #expect(last.steps == curve.last?.step && last.earlyStop == nil)
      #expect(last.curve?.evaluations.map(\.validation) == curve.map(\.validation))
    }
  }

  @Test(
    "Where there are no validation examples, the last weights are used, and patience is refused")
  func unvalidated() throws {
    let run = try ScratchRun.rosenbrock()
    #expect(run.summary.best == nil && run.summary.curve?.evaluations.count == 3)
    #expect(try TrainedModel(run.directory).weights == .last)
    #expect(throws: FileError.self) { try TrainedModel(run.directory, weights: .best) }
    var settings = try run.directory.settings()
    settings.patience = 3
    #expect(throws: SettingsError.self) { try Trainer(settings) }
  }

  @Test("Running statistics are those at the learned average, and interrupted and resumed the same")
  func statistics() throws {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("statistics-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    var sources = SettingsSources()
    for assignment in [
      "model=resnet18", "network.width=1", "batch-size=1000", "micro-batches=20", "steps=2",
      "optimizer=schedule-free-adamw", "learning-rate.value=0.01", "threads=2",
      "checkpoint-every=1",
    ] {
      try sources.add(assignment, from: "test")
    }
    let settings = try sources.resolve()
    // Stopped in the middle: the checkpoint has the statistics that steps move, too.
    let (directory, trainer) = try {
      let run = try TrainingRun(settings, in: folder)
      // Without the summary at a run's end, which looks at all images.
      struct Stop: Error {}
      #expect(throws: Stop.self) { _ = try run.run { _ in throw Stop() } }
      return (run.directory, run.trainer)
    }()
    #expect(trainer.statistics.doubles != trainer.learnedWeights.statistics.doubles)
    // Means over batches like those of a step, 4096 examples at most.
    let training = trainer.problem.training
    let plan = BatchPlan(
      exampleCount: training.count, batchSize: 50, seed: 0, stream: "statistics-batches")
    let expected = trainer.problem.model.statistics(
      at: trainer.learnedWeights.parameters,
      over: plan.batches(ofEpoch: 0).prefix(81).map { training.selecting($0).inputs })
    #expect(trainer.learnedWeights.statistics.doubles == expected.doubles)
    let resumed = try TrainingRun(resuming: directory, settings).trainer
    #expect(resumed.statistics.doubles == trainer.statistics.doubles)
    #expect(resumed.learnedWeights.statistics.doubles == expected.doubles)
    let kept = try TrainedModel(directory, weights: .last)
    #expect(kept.statistics.doubles == expected.doubles)
    #expect(kept.parameters.doubles == trainer.learnedWeights.parameters.doubles)
  }
}

/// A table of a few rows whose target is mostly noise, in a folder that goes with the value.
final class NoisyTable {
  let folder: String
  var path: String { folder + "/table.csv" }

  init() throws {
    folder =
      FileManager.default.temporaryDirectory.appendingPathComponent(
        "noisy-\(UUID().uuidString)"
      ).path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    var text = "a,b,c,y\n"
    for i in 0..<80 {
      let (a, b, c) = (i * 37 % 101, i * 53 % 89, i * 71 % 97)
      text += "\(a),\(b),\(c),\(a + i * i * 7919 % 1009)\n"
    }
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }
}
