import Files
import AdamQLR
import Foundation
import Tasks
import Training

/// The runs of a study, in the order in which they are made: a seed after the other, in each the tasks
/// as the file has them, so that what there is makes whole tables as early as can be.
public struct StudyPlan: Sendable {
  /// One run.
  public struct Run: Hashable, Sendable {
    /// Its place in the grid.
    public let key: StudyResult.Key
    /// What tells apart its settings.
    public let fingerprint: String
    /// Its settings; the size of full batches is that of the data.
    public let settings: Settings
    /// About how many points its curve has that is kept; `nil`: none is.
    public var curvePoints: Int?
  }

  /// Part of a grid: the tasks, batch sizes, optimizers and seeds that are run.
  public struct Part: Sendable {
    /// The tasks' names; `nil`: all.
    public var tasks: Set<String>?
    /// The sizes; `nil`: all.
    public var batchSizes: Set<Study.BatchSize>?
    /// The labels; `nil`: all.
    public var optimizers: Set<String>?
    /// The seeds; `nil`: all.
    public var seeds: Set<Int>?

    /// The whole grid.
    public init() {}

    /// Whether a run is in it.
    func contains(_ key: StudyResult.Key) -> Bool {
      (tasks?.contains(key.task) ?? true) && (batchSizes?.contains(key.batchSize) ?? true)
        && (optimizers?.contains(key.optimizer) ?? true) && (seeds?.contains(key.seed) ?? true)
    }
  }

  /// The runs.
  public let runs: [Run]
  /// What falls away because the data are fewer, a line each.
  public let notes: [String]

  /// A plan of these runs.
  init(_ runs: [Run]) { (self.runs, notes) = (runs, []) }

  /// Makes the plan.
  ///
  /// - Parameters:
  ///   - study: The study.
  ///   - part: The part of its grid that is run.
  ///   - dataDirectory: The directory of all data sets; `nil`: the usual one.
  ///   - threads: The threads of a run.
  ///   - counts: The number of training examples by the tasks' names. Default: the data are read.
  /// - Throws: `SettingsError`, and `DataError` where data cannot be read.
  public init(
    _ study: Study, part: Part = Part(), dataDirectory: String?, threads: Int,
    counts: [String: Int]? = nil
  ) throws {
    let tasks = study.tasks.filter { part.tasks?.contains($0.name) ?? true }
    let optimizers = study.optimizers.filter { part.optimizers?.contains($0.label) ?? true }
    var notes: [String] = []
    // Of every task, runs with seed 0: other seeds change nothing else.
    var blocks: [(task: Study.Task, runs: [Run])] = []
    for task in tasks {
      let sample = try study.settings(
        task, study.optimizers[0], batchSize: 1, seed: 0, dataDirectory: dataDirectory)
      let count = try counts?[task.name] ?? sample.makeProblem().training.count
      let hasFull = task.batchSizes.contains(.full)
      let fitting = task.batchSizes.filter { size in
        size == .full || (hasFull ? size.size(of: count) < count : size.size(of: count) <= count)
      }
      let left = task.batchSizes.filter { !fitting.contains($0) }.map(\.text)
      if !left.isEmpty {
        notes.append(
          "\(task.name) has \(count) training examples: no batches of "
            + left.joined(separator: ", "))
      }
      var runs: [Run] = []
      for label in fitting where part.batchSizes?.contains(label) ?? true {
        for optimizer in optimizers where task.optimizers?.contains(optimizer.label) ?? true {
          var settings = try study.settings(
            task, optimizer, batchSize: label.size(of: count), seed: 0,
            dataDirectory: dataDirectory)
          settings.threads = threads
          settings.logInterval = .max
          settings.keptCheckpoints = 1
          let key = StudyResult.Key(
            task: task.name, batchSize: label, optimizer: optimizer.label, seed: 0)
          runs.append(
            Run(
              key: key, fingerprint: Self.fingerprint(of: settings, label, data: task.data),
              settings: settings))
        }
      }
      blocks.append((task, runs))
    }
    var runs: [Run] = []
    for seed in 0..<(tasks.map(\.seedCount).max() ?? 0) {
      guard part.seeds?.contains(seed) ?? true else { continue }
      for (task, first) in blocks where seed < task.seedCount {
        runs += first.map { run in
          var (key, settings) = (run.key, run.settings)
          (key.seed, settings.seed) = (seed, seed)
          return Run(key: key, fingerprint: run.fingerprint, settings: settings)
        }
      }
    }
    self.runs = runs
    self.notes = notes
  }

  /// What tells apart results of different settings, so that those of earlier ones are not taken for
  /// the present ones': twelve digits of a hash of every setting that has an effect, defaults included,
  /// but the seed and those that change no figure or are about a place on this machine, of the
  /// ``resultsVersion`` and of the version of the data.
  package static func fingerprint(
    of settings: Settings, _ batchSize: Study.BatchSize, data: String?
  ) -> String {
    let others: Set = [
      "seed", "optimizer", "batch-size", "data-dir", "data.path", "text.path", "threads",
      "log-every", "checkpoint-every", "keep", "held-back", "weights",
    ]
    // What did nothing before there was a setting for it does not make results other ones.
    let additions: [String: SettingValue] = [
      "early-stopping.patience": .null, "averaging.share": .null,
      "learning-rate.envelope-warm-up": .null, "learning-rate.over-relaxation": .null,
      "learning-rate.curvature-interval": .integer(1),
      "data.max-categories": .integer(100), "data.dates": .list([]),
      "data.date-order": .text("auto"),
      "data.missing-values": .list([]), "data.keep-default-missing": .bool(true),
      "data.missing-target": .text("refuse"), "data.class-weights": .text("equal"),
      "data.split": .text("random"), "data.split-column": .null, "data.skip-lines": .integer(0),
      "data.thousands": .text("auto"), "text.tokenizer": .null,
      "rosenbrock.start": .text("fixed"),
      "initial-weights": .null, "frozen": .list([]),
      "network.stem": .null, "network.pooling": .text("mean"),
      "images.path": .null, "images.size": .integer(64), "images.augmentation": .text("none"),
      "images.test": .number(0.1), "images.validation": .number(0.15),
    ]
    // What now finds out for itself was a point before, and reads the same numbers alike.
    let earlierTexts = ["data.decimal=auto": "data.decimal=point"]
    var lines = Settings.all.compactMap { setting in
      others.contains(setting.name) || additions[setting.name] == setting.value(settings)
        ? nil : setting.value(settings).map { "\(setting.name)=\($0.text)" }
    }.map { earlierTexts[$0] ?? $0 }
    lines += [
      "batch-size=\(batchSize.text)", "data=\(data ?? "")", "results=\(resultsVersion)",
    ]
    let text = lines.sorted().joined(separator: "\n")
    return String(SHA256.hexadecimal(of: Array(text.utf8)).prefix(12))
  }

  /// Raised where the same settings come to give other figures: where a method's mathematics or the
  /// making of data changes.
  private static let resultsVersion = 1
}
