import Foundation
import Tasks
import Training
import Yams

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

  func place(_ node: Node) -> String {
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
  func checkName(_ name: String, _ node: Node, _ key: String) throws(SettingsError) {
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
  func names(
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

  func assignments(
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
}
