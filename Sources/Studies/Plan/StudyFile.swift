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
    let node: Node?
    do {
      node = try Yams.compose(yaml: String(contentsOfFile: path, encoding: .utf8))
    } catch let error as YamlError {
      throw SettingsError("\(path): no valid YAML: \(error)")
    } catch {
      throw SettingsError("\(path): the file cannot be read as text: \(error.localizedDescription)")
    }
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

/// Reads the parts of a study's file, and says where something is wrong.
struct StudyReader {
  let path: String

  /// A mapping's values by key.
  struct Entries {
    var values: [String: Node] = [:]
    var reader: StudyReader
    var node: Node

    subscript(_ key: String) -> Node? { values[key] }

    func text(_ key: String) throws(SettingsError) -> String {
      guard let text = values[key]?.scalar?.string, !text.isEmpty else {
        throw reader.error(values[key] ?? node, "\(key) must be a text")
      }
      return text
    }

    func list(_ key: String) throws(SettingsError) -> [Node] {
      try reader.sequence(values[key] ?? node, key)
    }

    func whole(_ key: String) throws(SettingsError) -> Int? {
      guard let value = values[key] else { return nil }
      guard let text = value.scalar?.string, let number = Int(text), number >= 1 else {
        throw reader.error(
          value,
          "\(key) is \(value.scalar?.string ?? "no number"), but must be a whole number from 1"
        )
      }
      return number
    }

    func choice(_ key: String, _ choices: [String]) throws(SettingsError) -> String? {
      guard let value = values[key] else { return nil }
      guard let text = value.scalar?.string, choices.contains(text) else {
        throw reader.error(
          value,
          "\(key) is \(value.scalar?.string ?? "no text"), but must be one of "
            + choices.joined(separator: ", "))
      }
      return text
    }
  }

  func error(_ node: Node, _ text: String) -> SettingsError {
    SettingsError("\(place(node)): \(text)")
  }

  private func place(_ node: Node) -> String {
    node.mark.map { "\(path), line \($0.line)" } ?? path
  }

  func entries(
    _ node: Node, _ what: String, _ keys: [String], required: [String]
  ) throws(SettingsError) -> Entries {
    let choices = keys.joined(separator: ", ")
    guard let mapping = node.mapping else {
      throw error(node, "\(what) must be a mapping with the keys \(choices)")
    }
    var entries = Entries(reader: self, node: node)
    for (key, value) in mapping {
      let name = key.scalar?.string ?? "?"
      guard keys.contains(name) else {
        throw error(key, "\(what) has no key '\(name)'; there are \(choices)")
      }
      entries.values[name] = value
    }
    if let absent = required.first(where: { entries[$0] == nil }) {
      throw error(node, "\(what) needs the key '\(absent)'")
    }
    return entries
  }

  func sequence(_ node: Node, _ key: String) throws(SettingsError) -> [Node] {
    guard let nodes = node.sequence, !nodes.isEmpty else {
      throw error(node, "\(key) must be a list with at least one entry")
    }
    return Array(nodes)
  }

  /// A name that can be part of a file's name and of a row of the results.
  private func checkName(_ name: String, _ node: Node, _ key: String) throws(SettingsError) {
    if let problem = problem(name: name) { throw error(node, "\(key): \(problem)") }
  }

  /// Why a name cannot be that, in words.
  func problem(name: String) -> String? {
    let isSound = name.utf8.allSatisfy { byte in
      (0x21...0x7e).contains(byte) && byte != UInt8(ascii: ",") && byte != UInt8(ascii: "\"")
        && byte != UInt8(ascii: "/")
    }
    if isSound, !name.isEmpty, !name.hasPrefix("."), name.utf8.count <= 80 { return nil }
    return "'\(name)' names rows and files, so it must have 1 to 80 ASCII characters, no space, "
      + "comma, quote or slash, and no period first; a name goes in front: NAME=\(name)"
  }

  func optimizers(_ nodes: [Node]) throws(SettingsError) -> [ContenderDescription] {
    var found: [ContenderDescription] = []
    for node in nodes {
      guard let text = node.scalar?.string else {
        throw error(node, "optimizers: expected [LABEL=]BASE[+KEY=VALUE…]")
      }
      let description = try ContenderDescription(text, from: "\(place(node)): optimizers")
      try checkName(description.label, node, "optimizers")
      if found.contains(where: { $0.label == description.label }) {
        throw error(
          node,
          "optimizers: two are called '\(description.label)'; name one otherwise: NAME=\(text)")
      }
      found.append(description)
    }
    return found
  }

  /// Names of a list, of which each is one of `choices`.
  private func names(
    _ node: Node?, _ key: String, _ choices: [String]
  ) throws(SettingsError) -> [String]? {
    guard let node else { return nil }
    var names: [String] = []
    for item in try sequence(node, key) {
      guard let name = item.scalar?.string, choices.contains(name) else {
        throw error(
          item,
          "\(key): there is no '\(item.scalar?.string ?? "?")'; there are "
            + choices.joined(separator: ", "))
      }
      names.append(name)
    }
    return names
  }

  func tasks(_ top: Entries, _ labels: [String]) throws(SettingsError) -> [Study.Task] {
    let sizes = try batchSizes(top["batch-sizes"])
    let seeds = try top.whole("seeds")
    let common = try assignments(top["settings"])
    var tasks: [Study.Task] = []
    for node in try top.list("tasks") {
      let entries = try self.entries(
        node, "a task",
        [
          "name", "task", "data", "part", "epochs", "steps", "batch-sizes", "seeds", "settings",
          "optimizers",
        ],
        required: ["task"])
      let choices = LearningTask.allCases.map(\.rawValue)
      guard let name = try entries.choice("task", choices), let task = LearningTask(rawValue: name)
      else { throw error(node, "task must be one of \(choices.joined(separator: ", "))") }
      let (epochs, steps) = (try entries.whole("epochs"), try entries.whole("steps"))
      if epochs != nil, steps != nil { throw error(node, "give epochs or steps, not both") }
      var own = common + (try assignments(entries["settings"]))
      if let epochs { own.append(.init(text: "epochs=\(epochs)", place: place(node))) }
      if let steps { own.append(.init(text: "steps=\(steps)", place: place(node))) }
      guard let ownSizes = try batchSizes(entries["batch-sizes"]) ?? sizes else {
        throw error(node, "there are no batch-sizes, neither of the task nor of the study")
      }
      let title = entries["name"] == nil ? task.rawValue : try entries.text("name")
      try checkName(title, node, "name")
      if tasks.contains(where: { $0.name == title }) {
        throw error(node, "two tasks are called '\(title)'; give one another name")
      }
      tasks.append(
        Study.Task(
          name: title, task: task,
          data: entries["data"] == nil ? nil : try entries.text("data"), part: try part(entries),
          batchSizes: ownSizes, seedCount: try entries.whole("seeds") ?? seeds ?? 5,
          optimizers: try names(entries["optimizers"], "optimizers", labels).map(Set.init),
          assignments: own))
    }
    return tasks
  }

  private func part(_ entries: Entries) throws(SettingsError) -> String? {
    guard let node = entries["part"] else { return nil }
    let name = try entries.text("part")
    try checkName(name, node, "part")
    return name
  }

  private func batchSizes(_ node: Node?) throws(SettingsError) -> [Study.BatchSize]? {
    guard let node else { return nil }
    var sizes: [Study.BatchSize] = []
    for item in try sequence(node, "batch-sizes") {
      guard let text = item.scalar?.string, let size = Study.BatchSize(text) else {
        throw error(
          item,
          "batch-sizes: \(item.scalar?.string ?? "this") is neither a whole number from 1 nor 'full'"
        )
      }
      guard !sizes.contains(size) else {
        throw error(item, "batch-sizes: \(size.text) comes twice")
      }
      sizes.append(size)
    }
    return sizes.sorted()
  }

  private func assignments(
    _ node: Node?, under prefix: String = ""
  ) throws(SettingsError) -> [Study.Assignment] {
    guard let node else { return [] }
    guard let mapping = node.mapping else {
      throw error(node, "settings must be a mapping, such as {eval-every: 5}")
    }
    let fixed = [
      "task", "batch-size", "seed", "data-dir", "epochs", "steps", "seconds", "optimizer",
    ]
    var found: [Study.Assignment] = []
    for (key, value) in mapping {
      let name = prefix + (key.scalar?.string ?? "?")
      if fixed.contains(name) {
        throw error(
          key,
          "settings: \(name) is no setting of a study's runs; tasks, seeds, batch-sizes and "
            + "optimizers say it")
      }
      if value.mapping != nil {
        found += try assignments(value, under: name + ".")
        continue
      }
      guard let text = try? Yams.serialize(node: value) else {
        throw error(value, "\(name) has no value")
      }
      let assignment = Study.Assignment(
        text: "\(name)=\(text.trimmingCharacters(in: .newlines))", place: place(key))
      var sources = SettingsSources()
      try sources.add(assignment.text, from: assignment.place)
      found.append(assignment)
    }
    return found
  }

  func groups(_ node: Node?, of labels: [String]) throws(SettingsError) -> [Study.Group] {
    guard let node else { return [] }
    guard let mapping = node.mapping else {
      throw error(node, "tuned must be a mapping from names to lists of optimizers")
    }
    var groups: [Study.Group] = []
    for (key, value) in mapping {
      let name = key.scalar?.string ?? ""
      try checkName(name, key, "tuned")
      if labels.contains(name) {
        throw error(key, "tuned: an optimizer is called '\(name)' already")
      }
      var members: [String] = []
      for item in try sequence(value, "tuned.\(name)") {
        guard let member = item.scalar?.string, labels.contains(member) else {
          throw error(
            item,
            "tuned.\(name): there is no optimizer '\(item.scalar?.string ?? "?")'; there are "
              + labels.joined(separator: ", "))
        }
        members.append(member)
      }
      groups.append(Study.Group(label: name, members: members))
    }
    return groups
  }

  func claim(
    _ node: Node, _ candidate: String, _ labels: [String], _ tasks: [Study.Task],
    _ parts: [String]
  ) throws(SettingsError) -> Claim {
    let kinds = ["diverges", "below", "within", "mean", "test-loss-below"]
    let entries = try entries(
      node, "a claim",
      kinds + ["of", "in", "optimizer", "task", "batch-size", "by", "parts"], required: [])
    guard kinds.count(where: { entries[$0] != nil }) == 1 else {
      throw error(node, "a claim has exactly one of the keys \(kinds.joined(separator: ", "))")
    }
    let subject = try entries.choice("optimizer", labels) ?? candidate
    let share = try entries["in"].map { node throws(SettingsError) in try self.share(node) } ?? 1
    if try entries.choice("diverges", ["never"]) != nil { return Claim(subject, .neverDiverges) }
    func claim(_ statement: Claim.Statement) throws(SettingsError) -> Claim {
      var claim = Claim(subject, statement, share: share)
      if let name = try entries.choice("by", StudySummary.Figure.ofLosses.map(\.rawValue)) {
        claim.figure = StudySummary.Figure(rawValue: name) ?? .final
      }
      claim.parts = try names(entries["parts"], "parts", parts)
      return claim
    }
    if let other = try entries.choice("below", labels) { return try claim(.below(other)) }
    for key in ["within", "mean"] where entries[key] != nil {
      guard let other = try entries.choice("of", labels) else {
        throw error(node, "a claim with '\(key)' needs the key 'of'")
      }
      let bound = try number(key, entries)
      return try claim(key == "mean" ? .mean(bound, of: other) : .within(bound, of: other))
    }
    let bound = try number("test-loss-below", entries)
    guard let task = try entries.choice("task", tasks.map(\.name)),
      let sizes = tasks.first(where: { $0.name == task })?.batchSizes,
      let text = try entries.choice("batch-size", sizes.map(\.text)),
      let size = Study.BatchSize(text)
    else {
      throw error(node, "a claim with 'test-loss-below' needs the keys 'task' and 'batch-size'")
    }
    return Claim(subject, .testLossBelow(bound, task: task, batchSize: size))
  }

  private func number(_ key: String, _ entries: Entries) throws(SettingsError) -> Double {
    guard let node = entries[key], let text = node.scalar?.string, let number = Double(text),
      number > 0, number.isFinite
    else { throw error(entries[key] ?? entries.node, "\(key) must be a number above 0") }
    return number
  }

  private func share(_ node: Node) throws(SettingsError) -> Double {
    let text = node.scalar?.string ?? ""
    guard text.hasSuffix("%"),
      let number = Double(text.dropLast().trimmingCharacters(in: .whitespaces)),
      number > 0, number <= 100
    else {
      throw error(node, "in is '\(text)', but must be a percentage of cells, such as 80 %")
    }
    return number / 100
  }
}
