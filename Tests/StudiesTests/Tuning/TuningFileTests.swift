import Foundation
import Studies
import Testing
import Training

@Suite("Files of tuned optimizers")
struct TuningFileTests {
  private static let sound = """
    title: T
    samples: 7
    rungs: {steps: 5, factor: 3}
    repetitions: 2
    settings: {eval-every: 5}
    tasks:
      - {task: digits, epochs: 3, batch-size: 100, search-settings: {divergence-factor: 10}}
      - {name: other, task: digits, steps: 9, samples: 3, rungs: null, optimizers: [adam],
         search: {learning-rate.value: [0.5]}, search-also: {network.width: [1, 2]}}
    optimizers:
      - adamqlr
      - optimizer: adam
        search: {learning-rate.value: {log-uniform: [1e-3, 1e-1]}, batch-size: [50, 400]}
    sweeps:
      - {name: rate, optimizers: [adam], settings: learning-rate.value, values: [1, 2, 3, 4, 5]}
    scales:
      small: {samples: 2, repetitions: 1, length: 0.34, values: 3, tasks: [digits]}
    """

  private func tuning(_ text: String, scale: String? = nil) throws -> Tuning {
    try Tuning(yaml: text, path: "t.yaml", scale: scale)
  }

  @Test("A whole file is read")
  func whole() throws {
    // A perceptron has no width.
    let text = Self.sound.replacingOccurrences(
      of: "search-also: {network.width: [1, 2]}", with: "search-also: {eval-every: [1, 2]}")
    let tuning = try tuning(text)
    let (digits, other) = (tuning.tasks[0], tuning.tasks[1])
    #expect(digits.sampleCount == 7 && digits.repetitionCount == 2 && other.sampleCount == 3)
    #expect(digits.halving == SuccessiveHalving(unit: .steps, first: 5, factor: 3))
    #expect(other.halving == nil)
    #expect(tuning.optimizers(of: other).map(\.label) == ["adam"])
    let adam = tuning.optimizers[1]
    #expect(tuning.optimizers[0].space == nil)
    let space = try #require(tuning.space(of: adam, on: other))
    #expect(space.parameters.map(\.name) == ["learning-rate.value", "batch-size", "eval-every"])
    #expect(tuning.sample(0, of: adam, on: other)[0].text == "0.5")

    let small = try self.tuning(text, scale: "small")
    #expect(small.tasks.map(\.name) == ["digits"] && small.tasks[0].sampleCount == 2)
    #expect(small.sweeps[0].values == [["1"], ["3"], ["5"]])
    #expect(small.scaleNotes.contains("2 samples instead of 7"))
    let plan = try TuningPlan(small, small.tasks[0], dataDirectory: nil, threads: 1)
    let trial = try #require(plan.trials["adam"]?.first)
    #expect(trial.settings.epochs == 1 && trial.settings.divergenceFactor == 10)
    // A scale only shrinks.
    let larger = text.replacingOccurrences(
      of: "{samples: 2, repetitions: 1, length: 0.34, values: 3, tasks: [digits]}",
      with: "{samples: 5}")
    #expect(try self.tuning(larger, scale: "small").tasks.map(\.sampleCount) == [5, 3])
    // Nothing is repeated before what there is to repeat was found.
    #expect(try Set(plan.repetitions([]).runs.map(\.key.optimizer)) == ["adamqlr"])
  }

  @Test(
    "What is wrong is said with its place",
    arguments: [
      (
        "search: {learning-rate.value: {log-uniform: [1e-3, 1e-1]}",
        "search: {learning-rate.value: {log-uniform: [0, 1]}", "above 0"
      ),
      ("{log-uniform: [1e-3, 1e-1]}", "{log-uniform: [1, 0.1]}", "bounds must rise"),
      ("{log-uniform: [1e-3, 1e-1]}", "{normal: [0, 1]}", "one-minus-log-uniform"),
      ("{log-uniform: [1e-3, 1e-1]}", "{log-uniform: [1e-3, x]}", "'x' is no number"),
      (
        "search: {learning-rate.value: {log", "search: {learning-rate.size: {log",
        "no group of settings|no setting"
      ),
      (
        "rungs: {steps: 5, factor: 3}", "rungs: {steps: 5, seconds: 3}",
        "in seconds, steps or epochs"
      ),
      ("rungs: {steps: 5, factor: 3}", "rungs: {steps: 0.5}", "whole number"),
      ("samples: 7", "samples: none", "whole number from 1"),
      ("optimizers: [adam], settings", "optimizers: [adamw], settings", "no 'adamw'"),
      ("values: [1, 2, 3, 4, 5]", "values: [[1, 2]]", "as many as there are settings"),
      ("values: [1, 2, 3, 4, 5]", "values: [1, 2, 1]", "one comes twice"),
      ("values: [1, 2, 3, 4, 5]", "values: ['1,2']", "no space, comma"),
      ("- adamqlr", "- adam", "two are called 'adam'"),
      ("samples: 7", "extends: absent.yaml", "no file 'absent.yaml'"),
      ("settings: {eval-every: 5}", "settings: {seed: 5}", "seed is no setting"),
    ])
  func faults(_ sound: String, _ broken: String, _ complaint: String) throws {
    let text = Self.sound.replacingOccurrences(
      of: ", search-also: {network.width: [1, 2]}", with: ""
    )
    .replacingOccurrences(of: sound, with: broken)
    let error = #expect(throws: SettingsError.self) { try tuning(text) }
    let description = error?.description ?? ""
    #expect(
      complaint.split(separator: "|").contains { description.contains($0) }
        && description.hasPrefix("t.yaml"), "\(description)")
    #expect(throws: SettingsError.self) { try tuning(Self.sound, scale: "large") }
    for change in [("length: 0.34", "length: short"), ("tasks: [digits]}", "tasks: [mnist]}")] {
      let text = Self.sound.replacingOccurrences(of: change.0, with: change.1)
      #expect(throws: SettingsError.self) { try tuning(text, scale: "small") }
    }
  }

  @Test("A file takes over what it extends, and of its optimizers those that it keeps")
  func extending() throws {
    let base = Self.sound.replacingOccurrences(
      of: ", search-also: {network.width: [1, 2]}", with: "")
    let tuning = try Tuning(
      yaml:
        "extends: base.yaml\ntitle: U\nkeep: [adam]\noptimizers: [sgd]\ntasks: [{task: digits}]",
      path: "u.yaml", base: { $0 == "base.yaml" ? base : nil })
    let second = try Tuning(yaml: "extends: u.yaml\ntitle: V", path: "v.yaml") { name in
      name == "base.yaml" ? base : name == "u.yaml" ? "extends: base.yaml\nkeep: [adam]" : nil
    }
    #expect(second.title == "V" && second.optimizers.map(\.label) == ["adam"])
    #expect(throws: SettingsError.self) {
      try Tuning(yaml: "extends: v.yaml\ntitle: V", path: "v.yaml") { _ in "extends: v.yaml" }
    }
    #expect(tuning.title == "U" && tuning.optimizers.map(\.label) == ["adam", "sgd"])
    #expect(tuning.tasks.map(\.sampleCount) == [7] && tuning.sweeps.count == 1)
  }
}

@Suite("The paper's experiments")
struct PaperExperimentTests {
  @Test("Each can be made at each scale", arguments: PaperExperiment.allCases)
  func scales(_ experiment: PaperExperiment) throws {
    for scale in PaperExperiment.Scale.allCases {
      let tuning = try experiment.tuning(scale)
      #expect(!tuning.tasks.isEmpty && !tuning.optimizers.isEmpty)
      guard scale == .smoke else { continue }
      for task in tuning.tasks {
        let plan = try TuningPlan(tuning, task, dataDirectory: nil, threads: 1)
        #expect(plan.trials.count == plan.optimizers.count { $0.space != nil })
      }
    }
  }

  @Test("The protocol of scale full is the paper's")
  func protocols() throws {
    let performance = try PaperExperiment.performance.tuning(.full)
    #expect(performance.scaleNotes.isEmpty)
    #expect(performance.tasks.allSatisfy { $0.sampleCount == 200 })
    #expect(performance.tasks.map(\.repetitionCount) == [50, 50, 50, 50, 50, 10])
    #expect(performance.tasks.map(\.batchSize) == [588, 1000, 50, 256, 128, 30])
    #expect(performance.tasks.map(\.axisBreak) == [300, 300, 30, 250, 2000, 4000])
    // Eleven of the paper, two of the package.
    #expect(performance.optimizers.count == 13)
    #expect(performance.optimizers.count { $0.space == nil } == 5)
    let sensitivity = try PaperExperiment.sensitivity.tuning(.full)
    #expect(
      sensitivity.sweeps.map { "\($0.name) \($0.optimizer) \($0.values.count)" } == [
        "rescaling adamqlr 11", "batch-size adamqlr 7", "batch-size kfac 7", "batch-size adam 7",
        "initial-damping adamqlr 17", "initial-damping kfac 17", "damping-factors adamqlr 11",
        "learning-rate adam 19",
      ])
    let times = try PaperExperiment.fixedRuntimeTraining.tuning(.full)
    #expect(times.metric == .trainingLoss && times.tasks.count == 5)
  }
}
