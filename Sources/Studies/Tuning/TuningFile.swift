import Foundation
import Tasks
import Training
import Yams

extension Tuning {
  /// Reads the file of a study of tuned optimizers.
  ///
  ///     title: Which optimizer for my table?
  ///     seed: 0                         # of the search; default: 0
  ///     metric: validation-loss         # or training-loss, which the search is by
  ///     samples: 50                     # drawn settings of each optimizer that is searched
  ///     rungs: {steps: 100, factor: 4}  # or seconds or epochs: the first rung; without: no trial ends early
  ///     repetitions: 10                 # of the best, with seeds from 0
  ///     curve-points: 30                # that are kept of each repetition
  ///     settings: {eval-every: 5}       # of all runs
  ///     tasks:
  ///       - name: prices                # default: the task
  ///         task: table
  ///         data: prices.csv            # in the data directory
  ///         epochs: 40                  # or steps, or seconds
  ///         batch-size: 100             # where an optimizer has no other
  ///         settings: {data.target: price}
  ///     optimizers:                     # as `compare` has them: [LABEL=]BASE[+KEY=VALUE…]
  ///       - adamqlr                     # run as it is
  ///       - optimizer: adam
  ///         title: Adam (tuned)
  ///         search:
  ///           batch-size: [50, 100, 200]
  ///           learning-rate.value: {log-uniform: [1e-5, 1]}     # or uniform, one-minus-log-uniform
  ///     sweeps:                         # around the best
  ///       - {name: rate, optimizers: [adam], settings: learning-rate.value, values: [1e-3, 1e-2, 1e-1]}
  ///     scales:                         # chosen by --scale
  ///       smoke: {samples: 4, repetitions: 2, length: 0.1, values: 3}
  ///
  /// `notes` are paragraphs for the page. A task may also have a `note`; `search-seconds`, a time after which trials end; `break`, where plots over time
  /// are compressed; `samples`, `rungs`, `repetitions` and `optimizers` of its own; `search`,
  /// distributions in place of an optimizer's; `search-also`, what is searched of every optimizer
  /// beside; and `search-settings`, settings of trials only. A file that `extends` another takes over its keys, and of its optimizers those that `keep`
  /// names.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - scale: The scale; `nil`: as the file stands.
  ///   - keepsTasks: Whether tasks that the scale leaves out stay. Default: no.
  ///   - base: The text of a file that is not there, by its name.
  /// - Throws: `SettingsError` with the line, the key and what it may be.
  public init(
    file path: String, scale: String? = nil, keepsTasks: Bool = false,
    base: (String) -> String? = { _ in nil }
  ) throws(SettingsError) {
    try self.init(
      yaml: try YAMLFile.text(of: path), path: path, scale: scale, keepsTasks: keepsTasks,
      base: base)
  }

  /// As ``init(file:scale:keepsTasks:base:)``, of the file's text.
  public init(
    yaml text: String, path: String, scale: String? = nil, keepsTasks: Bool = false,
    base: (String) -> String? = { _ in nil }
  ) throws(SettingsError) {
    let reader = TuningReader(path: path)
    var node = try YAMLFile.node(text, from: path) ?? ""
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
    for depth in 0... {
      guard let name = node.mapping?["extends"]?.scalar?.string else { break }
      guard
        let basis = (try? String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8))
          ?? base(name)
      else {
        throw SettingsError("\(path): extends: there is no file '\(name)' beside it")
      }
      if depth == 10 { throw SettingsError("\(path): extends: files extend each other in a ring") }
      node = try reader.extending(try YAMLFile.node(basis, from: name) ?? "", by: node)
    }
    var changes: [String] = []
    if let scale {
      (node, changes) = try TuningScale(reader, node, named: scale)
        .applied(keepingTasks: keepsTasks)
    }
    let top = try reader.common.entries(
      node, "the file",
      [
        "title", "seed", "metric", "samples", "rungs", "repetitions", "curve-points", "settings",
        "tasks", "optimizers", "sweeps", "scales", "notes",
      ], required: ["title", "tasks", "optimizers"])
    self.path = path
    self.scale = scale
    scaleNotes = changes
    title = try top.text("title")
    notes =
      try top["notes"].map { node throws(SettingsError) in
        try reader.common.sequence(node, "notes").compactMap { $0.scalar?.string }
      } ?? []
    seed = UInt64(try reader.count(top, "seed") ?? 0)
    metric =
      try top.choice("metric", Metric.allCases.map(\.rawValue)).flatMap(Metric.init)
      ?? .validationLoss
    curvePoints = try top.whole("curve-points") ?? 30
    optimizers = try reader.optimizers(try top.list("optimizers"))
    tasks = try reader.tasks(top, optimizers.map(\.label))
    sweeps = try reader.sweeps(top["sweeps"], optimizers.map(\.label))
    for task in tasks { try check(task) }
  }

  /// Settings that cannot be are found before anything runs.
  private func check(_ task: Task) throws(SettingsError) {
    for optimizer in optimizers(of: task) {
      let values = sample(0, of: optimizer, on: task)
      if optimizer.space != nil {
        _ = try settings(
          optimizer, on: task, values, seed: 0, isTrial: true, dataDirectory: nil)
      }
      _ = try settings(optimizer, on: task, values, seed: 0, isTrial: false, dataDirectory: nil)
      for sweep in sweeps where sweep.optimizer == optimizer.label {
        for row in sweep.values {
          _ = try settings(
            optimizer, on: task, values + sweep.assignments(row), seed: 0, isTrial: false,
            dataDirectory: nil)
        }
      }
    }
  }
}

extension Tuning.Sweep {
  /// A variation's settings.
  func assignments(_ values: [String]) -> [SearchSpace.Value] {
    zip(settings, values).map { SearchSpace.Value(name: $0, text: $1) }
  }
}
