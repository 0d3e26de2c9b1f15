import Training
import Yams

/// What is claimed of a study.
extension StudyReader {
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
