import Foundation
import Tasks
import Training
import Yams

/// Reads the parts of the file of a ``Tuning``, and says where something is wrong.
struct TuningReader {
  let path: String
  /// What it shares with other studies' files.
  var common: StudyReader { StudyReader(path: path) }

  /// A file's contents over those of the one that it extends.
  func extending(_ base: Node, by node: Node) throws(SettingsError) -> Node {
    guard var result = base.mapping, let own = node.mapping else {
      throw common.error(node, "the file must be a mapping")
    }
    for (key, value) in own where !["extends", "keep", "optimizers"].contains(key.scalar?.string) {
      result[key] = value
    }
    // The base may extend another, of whose optimizers it keeps some.
    if result["extends"] != nil {
      if own["keep"] != nil || own["optimizers"] != nil {
        throw common.error(
          node,
          "keep and optimizers: the file that is extended extends another, so all of its are kept")
      }
      return .mapping(result)
    }
    var optimizers = Array(base.mapping?["optimizers"]?.sequence ?? Node.Sequence([]))
    if let keep = own["keep"] {
      let labels = try optimizers.map { node throws(SettingsError) in
        try optimizer(node).label
      }
      let names = try common.names(keep, "keep", labels) ?? []
      optimizers = names.compactMap { name in
        labels.firstIndex(of: name).map { optimizers[$0] }
      }
    }
    result["optimizers"] = Node(
      optimizers + Array(own["optimizers"]?.sequence ?? Node.Sequence([])))
    return .mapping(result)
  }

  func count(_ entries: StudyReader.Entries, _ key: String) throws(SettingsError) -> Int? {
    guard let node = entries[key] else { return nil }
    guard let text = node.scalar?.string, let number = Int(text), number >= 0 else {
      throw common.error(node, "\(key) must be a whole number from 0")
    }
    return number
  }

  private func number(_ node: Node, _ key: String) throws(SettingsError) -> Double {
    guard let text = node.scalar?.string, let number = Double(text), number.isFinite else {
      throw common.error(node, "\(key): '\(node.scalar?.string ?? "this")' is no number")
    }
    return number
  }

  private func positive(
    _ entries: StudyReader.Entries, _ key: String
  ) throws(SettingsError) -> Double? {
    guard let node = entries[key] else { return nil }
    let number = try number(node, key)
    guard number > 0 else { throw common.error(node, "\(key) must be a number above 0") }
    return number
  }

  func optimizers(_ nodes: [Node]) throws(SettingsError) -> [Tuning.Optimizer] {
    var found: [Tuning.Optimizer] = []
    for node in nodes {
      let optimizer = try optimizer(node)
      if found.contains(where: { $0.label == optimizer.label }) {
        throw common.error(
          node, "optimizers: two are called '\(optimizer.label)'; name one otherwise: NAME=…")
      }
      found.append(optimizer)
    }
    return found
  }

  private func optimizer(_ node: Node) throws(SettingsError) -> Tuning.Optimizer {
    if node.mapping == nil {
      let description = try common.optimizers([node])[0]
      return Tuning.Optimizer(description: description, title: description.label)
    }
    let entries = try common.entries(
      node, "an optimizer", ["optimizer", "title", "search"], required: ["optimizer"])
    let description = try common.optimizers([entries["optimizer"] ?? node])[0]
    return Tuning.Optimizer(
      description: description,
      title: entries["title"] == nil ? description.label : try entries.text("title"),
      space: entries["search"] == nil
        ? nil : SearchSpace(try parameters(entries["search"], "search")))
  }

  private func parameters(
    _ node: Node?, _ key: String, under prefix: String = ""
  ) throws(SettingsError) -> [SearchSpace.Parameter] {
    guard let node else { return [] }
    guard let mapping = node.mapping else {
      throw common.error(
        node, "\(key) must be a mapping, such as {learning-rate.value: {log-uniform: [1e-6, 1]}}")
    }
    var parameters: [SearchSpace.Parameter] = []
    for (key, value) in mapping {
      let name = prefix + (key.scalar?.string ?? "?")
      if Settings.setting(named: name) == nil, value.mapping != nil {
        parameters += try self.parameters(value, name, under: name + ".")
        continue
      }
      guard Settings.setting(named: name) != nil, name != "seed" else {
        throw common.error(
          key, "there is no setting '\(name)' to search; 'adamqlr optimizers' lists them")
      }
      parameters.append(SearchSpace.Parameter(name, try distribution(value, name)))
    }
    return parameters
  }

  private func distribution(
    _ node: Node, _ name: String
  ) throws(SettingsError) -> SearchSpace.Distribution {
    if let values = node.sequence?.compactMap({ $0.scalar?.string }), !values.isEmpty,
      values.count == node.sequence?.count
    {
      return .choice(values)
    }
    let expected =
      "\(name): expected a list of values, or uniform, log-uniform or one-minus-log-uniform with two "
      + "bounds, as {log-uniform: [1e-6, 1]}"
    guard let mapping = node.mapping, mapping.count == 1,
      let kind = mapping.first?.key.scalar?.string,
      let bounds = mapping.first?.value.sequence, bounds.count == 2
    else { throw common.error(node, expected) }
    let (low, high) = (try number(bounds[0], name), try number(bounds[1], name))
    guard low < high else { throw common.error(node, "\(name): the bounds must rise") }
    if ["log-uniform", "one-minus-log-uniform"].contains(kind), low <= 0 {
      throw common.error(node, "\(name): the bounds of a logarithm must be above 0")
    }
    switch kind {
    case "uniform": return .uniform(low, high)
    case "log-uniform": return .logUniform(low, high)
    case "one-minus-log-uniform": return .oneMinusLogUniform(low, high)
    default: throw common.error(node, expected)
    }
  }

  private func rungs(_ node: Node?) throws(SettingsError) -> SuccessiveHalving? {
    guard let node, node.scalar?.string != "null" else { return nil }
    let units = SuccessiveHalving.Unit.allCases
    let entries = try common.entries(
      node, "rungs", units.map(\.rawValue) + ["factor"], required: [])
    let given = units.filter { entries[$0.rawValue] != nil }
    guard given.count == 1, let unit = given.first,
      let first = try positive(entries, unit.rawValue)
    else { throw common.error(node, "rungs: give the first one in seconds, steps or epochs") }
    let factor = try positive(entries, "factor") ?? 4
    guard factor > 1, unit == .seconds || (first == first.rounded() && first >= 1) else {
      throw common.error(
        node, "rungs: the factor must be above 1, and steps or epochs a whole number from 1")
    }
    return SuccessiveHalving(unit: unit, first: first, factor: factor)
  }

  func tasks(
    _ top: StudyReader.Entries, _ labels: [String]
  ) throws(SettingsError) -> [Tuning.Task] {
    let settings = try common.assignments(top["settings"])
    let halving = try rungs(top["rungs"])
    let (samples, repetitions) = (try top.whole("samples"), try top.whole("repetitions"))
    var tasks: [Tuning.Task] = []
    for node in try top.list("tasks") {
      let entries = try common.entries(
        node, "a task",
        [
          "name", "task", "data", "epochs", "steps", "seconds", "search-seconds", "batch-size",
          "break", "samples", "rungs", "repetitions", "optimizers", "settings", "search",
          "search-also", "search-settings", "note",
        ], required: ["task"])
      let choices = LearningTask.allCases.map(\.rawValue)
      guard let name = try entries.choice("task", choices), let task = LearningTask(rawValue: name)
      else { throw common.error(node, "task must be one of \(choices.joined(separator: ", "))") }
      let title = entries["name"] == nil ? name : try entries.text("name")
      try common.checkName(title, node, "name")
      if tasks.contains(where: { $0.name == title }) {
        throw common.error(node, "two tasks are called '\(title)'; give one another name")
      }
      var own = settings + (try common.assignments(entries["settings"]))
      for (key, value) in [
        ("epochs", try entries.whole("epochs").map { "\($0)" }),
        ("steps", try entries.whole("steps").map { "\($0)" }),
        ("seconds", try positive(entries, "seconds").map { "\($0)" }),
      ] {
        if let value {
          own.append(.init(text: "\(key)=\(value)", place: common.place(node)))
        }
      }
      tasks.append(
        Tuning.Task(
          name: title, task: task,
          data: entries["data"] == nil ? nil : try entries.text("data"),
          batchSize: try entries.whole("batch-size"),
          searchSeconds: try positive(entries, "search-seconds"),
          axisBreak: try positive(entries, "break"),
          note: entries["note"] == nil ? nil : try entries.text("note"),
          sampleCount: try entries.whole("samples") ?? samples ?? 50,
          repetitionCount: try entries.whole("repetitions") ?? repetitions ?? 10,
          halving: entries["rungs"] == nil ? halving : try rungs(entries["rungs"]),
          optimizers: try common.names(entries["optimizers"], "optimizers", labels).map(Set.init),
          distributions: try parameters(entries["search"], "search"),
          additions: try parameters(entries["search-also"], "search-also"), assignments: own,
          searchAssignments: try common.assignments(entries["search-settings"])))
    }
    return tasks
  }

  func sweeps(_ node: Node?, _ labels: [String]) throws(SettingsError) -> [Tuning.Sweep] {
    guard let node else { return [] }
    var sweeps: [Tuning.Sweep] = []
    for node in try common.sequence(node, "sweeps") {
      let keys = ["name", "optimizers", "settings", "values"]
      let entries = try common.entries(node, "a sweep", keys, required: keys)
      let name = try entries.text("name")
      try common.checkName(name, node, "name")
      func texts(_ node: Node) -> [String] {
        node.scalar.map { [$0.string] } ?? node.sequence?.compactMap { $0.scalar?.string } ?? []
      }
      let settings = entries["settings"].map(texts) ?? []
      for setting in settings where Settings.setting(named: setting) == nil {
        throw common.error(node, "settings: there is no setting '\(setting)'")
      }
      var values: [[String]] = []
      for value in try entries.list("values") {
        guard texts(value).count == settings.count, !settings.isEmpty else {
          throw common.error(value, "values: expected as many as there are settings")
        }
        values.append(texts(value))
      }
      for label in try common.names(entries["optimizers"], "optimizers", labels) ?? [] {
        let sweep = Tuning.Sweep(
          name: name, optimizer: label, settings: settings, values: values)
        try check(sweep, node, sweeps)
        sweeps.append(sweep)
      }
    }
    return sweeps
  }

  /// Labels name rows and files, and what has the same one must be the same.
  private func check(
    _ sweep: Tuning.Sweep, _ node: Node, _ others: [Tuning.Sweep]
  ) throws(SettingsError) {
    var known: [String: [SearchSpace.Value]] = [:]
    for other in others {
      for row in other.values { known[other.label(row)] = other.assignments(row) }
    }
    for row in sweep.values {
      let label = sweep.label(row)
      try common.checkName(label, node, "values")
      if let others = known[label], others != sweep.assignments(row) {
        throw common.error(
          node, "values: \(row[0]) of \(sweep.settings[0]) comes twice, with other settings beside")
      }
      known[label] = sweep.assignments(row)
    }
    if Set(sweep.values).count < sweep.values.count {
      throw common.error(node, "values: one comes twice")
    }
  }
}
