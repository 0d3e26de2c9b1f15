import Training
import Yams

/// What a scale changes of a ``Tuning``'s file.
struct TuningScale {
  private let reader: TuningReader
  private let node: Node
  private let entries: StudyReader.Entries

  /// The scale of that name.
  ///
  /// - Throws: `SettingsError` where there is none.
  init(_ reader: TuningReader, _ node: Node, named name: String) throws(SettingsError) {
    self.reader = reader
    self.node = node
    let scales = node.mapping?["scales"]?.mapping
    guard let scale = scales?[Node(name)] else {
      let names = scales?.keys.compactMap { $0.scalar?.string } ?? []
      throw SettingsError(
        "\(reader.path): there is no scale '\(name)'; "
          + (names.isEmpty ? "it has no scales" : "there are \(names.joined(separator: ", "))"))
    }
    entries = try reader.common.entries(
      scale, "a scale", ["samples", "repetitions", "length", "rungs", "values", "tasks"],
      required: [])
  }

  /// The file with it, and what has changed, a line each.
  ///
  /// - Parameter keepsTasks: Whether tasks that it leaves out stay.
  func applied(keepingTasks keepsTasks: Bool) throws(SettingsError) -> (Node, [String]) {
    guard var top = node.mapping else { return (node, []) }
    var notes: [String] = []
    for key in ["samples", "repetitions"] {
      guard let number = try entries.whole(key) else { continue }
      let before = top[Node(key)]?.scalar?.string ?? "the usual number"
      top[Node(key)] = Node(String(number))
      notes.append("\(number) \(key) instead of \(before)")
    }
    if let rungs = entries["rungs"] {
      top["rungs"] = rungs
      notes.append("other rungs")
    }
    let names =
      keepsTasks ? nil : entries["tasks"]?.sequence?.compactMap { $0.scalar?.string }
    let length = entries["length"]?.scalar?.string.asDouble ?? 1
    if let node = entries["length"], node.scalar?.string.asDouble.map({ $0 > 0 }) != true {
      throw reader.common.error(node, "length must be a number above 0")
    }
    var tasks: [Node] = []
    for task in top["tasks"]?.sequence ?? Node.Sequence([]) {
      guard var mapping = task.mapping else { continue }
      let name = mapping["name"]?.scalar?.string ?? mapping["task"]?.scalar?.string ?? ""
      if let names, !names.contains(name) { continue }
      for key in ["samples", "repetitions"] {
        // A task's own number stays where it is the smaller.
        guard let most = try entries.whole(key), let own = mapping[Node(key)] else { continue }
        if own.scalar.flatMap({ Int($0.string) }) ?? 0 > most { mapping[Node(key)] = nil }
      }
      if entries["rungs"] != nil { mapping["rungs"] = nil }
      for key in ["epochs", "steps"] {
        guard let number = mapping[Node(key)]?.scalar?.string.asDouble else { continue }
        mapping[Node(key)] = Node(String(max(Int((number * length).rounded()), 1)))
      }
      for key in ["seconds", "search-seconds"] {
        guard let number = mapping[Node(key)]?.scalar?.string.asDouble else { continue }
        mapping[Node(key)] = Node(String(number * length))
      }
      // Where the time is shorter, so are the ways between evaluations.
      if mapping["seconds"] != nil, var settings = mapping["settings"]?.mapping,
        let epochs = settings["eval-every"]?.scalar?.string.asDouble
      {
        settings["eval-every"] = Node(String(max(Int((epochs * length).rounded()), 1)))
        mapping["settings"] = .mapping(settings)
      }
      tasks.append(.mapping(mapping))
    }
    if tasks.isEmpty {
      throw reader.common.error(
        entries.node, "tasks: the file has none called \(names?.joined(separator: ", ") ?? "")")
    }
    top["tasks"] = Node(tasks)
    if length != 1 { notes.append("runs of \(length) times the length") }
    if let most = try entries.whole("values"), let sweeps = top["sweeps"]?.sequence {
      top["sweeps"] = Node(sweeps.map { Self.thinned($0, to: most) })
      if !sweeps.isEmpty { notes.append("at most \(most) values of each sweep") }
    }
    return (.mapping(top), notes)
  }

  /// A sweep with at most so many values, evenly chosen.
  private static func thinned(_ sweep: Node, to count: Int) -> Node {
    guard var mapping = sweep.mapping, let values = mapping["values"]?.sequence,
      values.count > count, count > 1
    else { return sweep }
    let places = (0..<count).map { $0 * (values.count - 1) / (count - 1) }
    mapping["values"] = Node(places.map { values[$0] })
    return .mapping(mapping)
  }
}

extension String {
  fileprivate var asDouble: Double? { Double(self) }
}
