import AdamQLR
import Foundation
import Yams

/// Gathers settings from files and the command line, the later ones over the earlier.
///
///     var sources = SettingsSources()
///     try sources.add(file: "run.yaml")
///     try sources.add("damping.initial=1e-4", from: "--set")
///     let settings = try sources.resolve()
public struct SettingsSources {
  private struct Assignment {
    var name: String
    var value: SettingValue
    var place: String
  }

  private var assignments: [Assignment] = []

  /// No settings but the defaults.
  public init() {}

  /// Adds one setting.
  ///
  /// - Parameter place: Where it comes from, for error messages.
  /// - Throws: ``SettingsError`` where there is no such setting.
  public mutating func add(
    _ name: String, _ value: SettingValue, from place: String
  ) throws(SettingsError) {
    _ = try setting(name, place)
    assignments.append(Assignment(name: name, value: value, place: place))
  }

  /// Adds a setting written as `name=value`. A setting that is a text has the value as it stands, one
  /// that is a list of texts what stands between brackets and commas; any other value is as in YAML.
  public mutating func add(_ assignment: String, from place: String) throws(SettingsError) {
    guard let separator = assignment.firstIndex(of: "=") else {
      throw SettingsError("\(place) '\(assignment)': expected key=value")
    }
    let name = String(assignment[..<separator]).trimmingCharacters(in: .whitespaces)
    let text = String(assignment[assignment.index(after: separator)...])
    if try setting(name, place).isLiteral {
      return try add(name, SettingValue(literal: text, isList: Self.isList(name)), from: place)
    }
    let node: Node?
    do {
      node = try Yams.compose(yaml: text)
    } catch {
      throw SettingsError("\(place) \(name): '\(text)' is no YAML value")
    }
    guard let value = node.map({ SettingValue(node: $0, isLiteral: false) }) ?? .null else {
      throw SettingsError("\(place) \(name): '\(text)' is no value, but a mapping")
    }
    try add(name, value, from: place)
  }

  /// Adds the settings of a YAML file: nested mappings, or names with periods.
  ///
  /// - Parameter ignoresRemoved: Whether settings that only earlier versions have are passed over.
  ///   Default false.
  public mutating func add(
    file path: String, ignoresRemoved: Bool = false
  ) throws(SettingsError) {
    try add(yaml: try YAMLFile.text(of: path), from: path, ignoresRemoved: ignoresRemoved)
  }

  /// As ``add(file:ignoresRemoved:)``, of a file's text.
  ///
  /// - Parameter place: Where it comes from, for errors.
  mutating func add(
    yaml text: String, from place: String, ignoresRemoved: Bool
  ) throws(SettingsError) {
    guard let node = try YAMLFile.node(text, from: place) else { return }
    guard case .mapping(let mapping) = node else {
      throw SettingsError("\(place): expected a mapping of settings, such as 'task: digits'")
    }
    try add(mapping, under: "", file: place, ignoresRemoved)
  }

  /// All settings: those of the preset that was named last, and over them the others, of several for
  /// one name the last.
  ///
  /// - Parameters:
  ///   - needsData: Whether a table or a text must be named where that is the task. Default true.
  ///   - ignoresIdle: Whether a setting that has no effect is passed over rather than an error, as in
  ///     the files of earlier versions, which have every setting. Default false.
  /// - Throws: ``SettingsError`` where a value is not one that the setting may have, where a setting
  ///   has no effect, and where settings do not go together.
  public func resolve(
    needsData: Bool = true, ignoresIdle: Bool = false
  ) throws(SettingsError) -> Settings {
    var settings = Settings()
    for name in ["optimizer", "task"] {
      if let assignment = assignments.last(where: { $0.name == name }) {
        _ = try assign(assignment, to: &settings, ignoresIdle)
      }
    }
    settings.method = settings.optimizer.method
    settings.batchSize = settings.defaultBatchSize
    var remaining = assignments.enumerated().filter { index, assignment in
      !assignments[(index + 1)...].contains { $0.name == assignment.name }
    }.map(\.element)
    // One setting may be what gives another its effect, whatever their order.
    while true {
      var idle: [Assignment] = []
      for assignment in remaining where try !assign(assignment, to: &settings, ignoresIdle) {
        idle.append(assignment)
      }
      if idle.isEmpty || idle.count == remaining.count {
        if let first = idle.first, !ignoresIdle { throw Self.idleError(first, settings) }
        break
      }
      remaining = idle
    }
    let absence = needsData ? settings.absentSource : nil
    if let text = absence ?? settings.misplacedSource ?? settings.modelProblem
      ?? settings.productsProblem
    {
      throw SettingsError(text)
    }
    return settings
  }

  private func setting(
    _ name: String, _ place: String
  ) throws(SettingsError) -> Setting<Settings> {
    if let setting = Settings.setting(named: name) { return setting }
    if let successor = Settings.renamed[name] {
      throw SettingsError("\(place): \(name) is now \(successor)")
    }
    throw SettingsError("\(place): there is no setting '\(name)'; \(Self.choices(near: name))")
  }

  /// Gives a setting its value; false where it has no effect, or where it could have this value in an
  /// earlier version.
  private func assign(
    _ assignment: Assignment, to settings: inout Settings, _ isOfEarlierVersion: Bool
  ) throws(SettingsError) -> Bool {
    let setting = try setting(assignment.name, assignment.place)
    switch setting.assign(&settings, assignment.value) {
    case .assigned: return true
    case .withoutEffect: return false
    case .outOfRange where isOfEarlierVersion && !setting.group.isEmpty: return false
    case .outOfRange:
      throw SettingsError(
        "\(assignment.place): \(assignment.name) is \(assignment.value.text), but must be "
          + setting.expectation)
    }
  }

  private static func idleError(_ assignment: Assignment, _ settings: Settings) -> SettingsError {
    let kinds = settings.method.kinds.map { "\($0.axis.rawValue).kind \($0.name ?? "of your own")" }
    let others = Settings.all.filter {
      $0.group == Settings.setting(named: assignment.name)?.group && $0.value(settings) != nil
    }.map(\.name)
    return SettingsError(
      "\(assignment.place): \(assignment.name) has no effect with \(kinds.joined(separator: ", "))"
        + (others.isEmpty ? "" : "; of its group there are \(others.joined(separator: ", "))"))
  }

  private static func isList(_ name: String) -> Bool {
    Settings.setting(named: name)?.expectation.hasPrefix("a list") ?? false
  }

  private mutating func add(
    _ mapping: Node.Mapping, under prefix: String, file: String, _ ignoresRemoved: Bool
  ) throws(SettingsError) {
    for (key, node) in mapping {
      let place = key.mark.map { "\(file), line \($0.line)" } ?? file
      guard case .scalar(let scalar) = key else {
        throw SettingsError("\(place): expected the name of a setting")
      }
      let name = prefix + scalar.string
      if case .mapping(let group) = node {
        guard Settings.all.contains(where: { $0.name.hasPrefix(name + ".") }) else {
          throw SettingsError(
            "\(place): there is no group of settings '\(name)'; \(Self.choices(near: name))")
        }
        try add(group, under: name + ".", file: file, ignoresRemoved)
      } else if ignoresRemoved, Settings.renamed[name] != nil {
        continue
      } else if let value = SettingValue(
        node: node, isLiteral: try setting(name, place).isLiteral)
      {
        try add(name, value, from: place)
      } else {
        throw SettingsError("\(place): \(name) has no value")
      }
    }
  }

  /// The names among which one that does not exist might have been meant.
  private static func choices(near name: String) -> String {
    let group = name.firstIndex(of: ".").map { String(name[..<$0]) } ?? ""
    let siblings = Settings.all.filter { $0.group == group }.map(\.name)
    if !group.isEmpty, !siblings.isEmpty {
      return "those of the group are \(siblings.joined(separator: ", "))"
    }
    let groups = Set(Settings.all.map(\.group)).subtracting([""]).sorted()
    let top = Settings.all.filter { $0.group.isEmpty }.map(\.name)
    return "there are \(top.joined(separator: ", ")), and the groups "
      + groups.map { "\($0).…" }.joined(separator: ", ")
  }
}

/// What is wrong with settings, in one line that names the setting and its choices.
public struct SettingsError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The line.
  public let description: String

  /// An error with this description.
  public init(_ description: String) { self.description = description }
}

extension SettingValue {
  /// The value of a scalar or of a list of scalars; `nil` for anything else.
  ///
  /// - Parameter isLiteral: Whether words such as `no` and `08` stand for themselves.
  fileprivate init?(node: Node, isLiteral: Bool) {
    switch node {
    case .scalar(let scalar):
      let isPlain = scalar.style == .plain || scalar.style == .any
      let value: SettingValue = isPlain ? SettingValue(plain: scalar.string) : .text(scalar.string)
      self = isLiteral && value != .null ? .text(scalar.string) : value
    case .sequence(let sequence):
      let values = sequence.compactMap { SettingValue(node: $0, isLiteral: isLiteral) }
      guard values.count == sequence.count else { return nil }
      self = .list(values)
    case .mapping, .alias:
      return nil
    }
  }

  /// A text as it stands; for a list, the texts between brackets and commas.
  fileprivate init(literal text: String, isList: Bool) {
    if text == "null" || text.isEmpty {
      self = .null
    } else if isList, text.hasPrefix("["), text.hasSuffix("]") {
      let items = text.dropFirst().dropLast().split(separator: ",")
      self = .list(items.map { .text($0.trimmingCharacters(in: .whitespaces)) })
    } else {
      self = .text(text)
    }
  }
}
