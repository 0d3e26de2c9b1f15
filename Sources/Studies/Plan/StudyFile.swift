import Foundation
import Tasks
import Training
import Yams

extension Study {
  /// Reads the file of a study.
  ///
  ///     title: Untuned at every batch size
  ///     seeds: 5                        # of each task that does not say
  ///     batch-sizes: [16, 100, full]    # of each task that does not say
  ///     settings: {eval-every: 5}       # of all runs
  ///     tasks:                          # in the order of running, the cheapest first
  ///       - task: uci-energy
  ///         epochs: 200                 # or steps
  ///         part: tables                # figures of a part stand by themselves, too
  ///       - name: fashion-mnist-1000    # default: the task
  ///         task: fashion-mnist
  ///         data: fashion-mnist-1000    # a folder of the data directory; a file for table and text
  ///         epochs: 15
  ///         settings: {network.hidden: [50]}
  ///         optimizers: [adamqlr, adam-1e-3]    # those that are run on it; default: all
  ///     optimizers:                     # as `compare` has them: [LABEL=]BASE[+KEY=VALUE…]
  ///       - adamqlr
  ///       - adam-1e-2=adam+learning-rate.value=1e-2
  ///       - adam-1e-3=adam
  ///     tuned:                          # in each cell the best member stands for the group
  ///       tuned-adam: [adam-1e-3, adam-1e-2]
  ///     candidate: adamqlr              # default: the first optimizer
  ///     reference: tuned-adam           # default: the first group, else the second optimizer
  ///     claims:                         # of the candidate, or of `optimizer: LABEL`
  ///       - {diverges: never}
  ///       - {within: 1.05, of: tuned-adam, in: 80 %}
  ///       - {below: adam-1e-3, in: 70 %}
  ///       - {mean: 0.96, of: tuned-adam}        # the geometric mean of the ratios in all cells
  ///       - {within: 1.25, of: tuned-adam, in: 95 %, by: lowest, parts: [tables]}
  ///       - {test-loss-below: 0.012, task: uci-energy, batch-size: full}
  ///
  /// - Throws: `SettingsError` with the line, the key and what it may be.
  public init(file path: String) throws(SettingsError) {
    let node = try YAMLFile.node(try YAMLFile.text(of: path), from: path)
    let reader = StudyReader(path: path)
    let top = try reader.entries(
      node ?? "", "a study",
      [
        "title", "seeds", "batch-sizes", "settings", "tasks", "optimizers", "tuned", "candidate",
        "reference", "claims",
      ], required: ["title", "tasks", "optimizers"])
    self.path = path
    title = try top.text("title")
    optimizers = try reader.optimizers(try top.list("optimizers"))
    tasks = try reader.tasks(top, optimizers.map(\.label))
    groups = try reader.groups(top["tuned"], of: optimizers.map(\.label))
    let labels = optimizers.map(\.label) + groups.map(\.label)
    candidate = try top.choice("candidate", optimizers.map(\.label)) ?? labels[0]
    reference =
      try top.choice("reference", labels) ?? groups.first?.label ?? labels[min(1, labels.count - 1)]
    claims = []
    for node in try top["claims"].map({ node throws(SettingsError) in
      try reader.sequence(node, "claims")
    }) ?? [] {
      claims.append(try reader.claim(node, candidate, labels, tasks, parts))
    }
    // Settings that cannot be are found before anything runs.
    for optimizer in optimizers { try check(optimizer) }
  }

  /// Adds an optimizer that is tried beside those of the file: it becomes the candidate.
  ///
  /// - Throws: `SettingsError` where its label cannot name rows, or is there already, or settings do not
  ///   go together.
  public mutating func add(_ optimizer: ContenderDescription) throws(SettingsError) {
    let reader = StudyReader(path: path)
    if let problem = reader.problem(name: optimizer.label) {
      throw SettingsError("--try: \(problem)")
    }
    let labels = optimizers.map(\.label) + groups.map(\.label)
    if labels.contains(optimizer.label) {
      throw SettingsError(
        "--try: the study has '\(optimizer.label)' already; another name goes in front: NAME=…")
    }
    try check(optimizer)
    optimizers.append(optimizer)
    candidate = optimizer.label
    for index in tasks.indices { tasks[index].optimizers?.insert(optimizer.label) }
  }

  private func check(_ optimizer: ContenderDescription) throws(SettingsError) {
    for task in tasks {
      let settings = try settings(task, optimizer, batchSize: 1, seed: 0, dataDirectory: nil)
      if settings.seconds != nil {
        throw SettingsError(
          "\(path): \(optimizer.label): the length of a study's runs is in epochs or steps, but "
            + "seconds is \(settings.seconds ?? 0)")
      }
    }
  }
}
