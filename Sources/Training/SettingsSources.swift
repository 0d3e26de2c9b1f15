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
    var key: SettingsKey
    var value: SettingsValue
    var place: String
  }

  private var assignments: [Assignment] = []

  /// No settings but the defaults.
  public init() {}

  /// Adds one setting.
  ///
  /// - Parameter place: Where it comes from, for error messages.
  /// - Throws: ``SettingsError`` where there is no such key, or it may not have this value.
  public mutating func add(
    _ name: String, _ value: SettingsValue, from place: String
  ) throws(SettingsError) {
    guard let key = SettingsKey.named(name) else {
      throw SettingsError("\(place): there is no setting '\(name)'; \(Self.choices(near: name))")
    }
    var scratch = Settings()
    guard key.assign(&scratch, value) else {
      throw SettingsError("\(place): \(name) is \(value.text), but must be \(key.expectation)")
    }
    assignments.append(Assignment(key: key, value: value, place: place))
  }

  /// Adds a setting written as `key=value`, the value as in YAML.
  public mutating func add(_ assignment: String, from place: String) throws(SettingsError) {
    guard let separator = assignment.firstIndex(of: "=") else {
      throw SettingsError("\(place) '\(assignment)': expected key=value")
    }
    let name = String(assignment[..<separator]).trimmingCharacters(in: .whitespaces)
    let text = String(assignment[assignment.index(after: separator)...])
    let node: Node?
    do {
      node = try Yams.compose(yaml: text)
    } catch {
      throw SettingsError("\(place) \(name): '\(text)' is no YAML value")
    }
    guard let value = node.map(SettingsValue.init(node:)) ?? .null else {
      throw SettingsError("\(place) \(name): '\(text)' is no value, but a mapping")
    }
    try add(name, value, from: place)
  }

  /// Adds the settings of a YAML file: nested mappings, or names with periods.
  public mutating func add(file path: String) throws(SettingsError) {
    let node: Node?
    do {
      node = try Yams.compose(yaml: String(contentsOfFile: path, encoding: .utf8))
    } catch let error as YamlError {
      throw SettingsError("\(path): no valid YAML: \(error)")
    } catch {
      throw SettingsError("\(path): the file cannot be read as text: \(error.localizedDescription)")
    }
    guard let node else { return }
    guard case .mapping(let mapping) = node else {
      throw SettingsError("\(path): expected a mapping of settings, such as 'task: digits'")
    }
    try add(mapping, under: "", file: path)
  }

  /// All settings: those of the preset that was named last, and over them the others in order.
  ///
  /// - Parameter needsData: Whether a table or a text must be named where that is the task. Default
  ///   true.
  /// - Throws: ``SettingsError`` where settings do not go together.
  public func resolve(needsData: Bool = true) throws(SettingsError) -> Settings {
    var named = Settings()
    for assignment in assignments { _ = assignment.key.assign(&named, assignment.value) }
    var settings = Settings(named.optimizer)
    settings.task = named.task
    settings.batchSize = settings.defaultBatchSize
    for assignment in assignments { _ = assignment.key.assign(&settings, assignment.value) }
    let absence = needsData ? settings.absentSource : nil
    if let text = absence ?? settings.misplacedSource ?? settings.modelProblem
      ?? settings.productsProblem
    {
      throw SettingsError(text)
    }
    return settings
  }

  private mutating func add(
    _ mapping: Node.Mapping, under prefix: String, file: String
  ) throws(SettingsError) {
    for (key, node) in mapping {
      let place = key.mark.map { "\(file), line \($0.line)" } ?? file
      guard case .scalar(let scalar) = key else {
        throw SettingsError("\(place): expected the name of a setting")
      }
      let name = prefix + scalar.string
      if case .mapping(let group) = node {
        guard SettingsKey.all.contains(where: { $0.name.hasPrefix(name + ".") }) else {
          throw SettingsError(
            "\(place): there is no group of settings '\(name)'; \(Self.choices(near: name))")
        }
        try add(group, under: name + ".", file: file)
      } else if let value = SettingsValue(node: node) {
        try add(name, value, from: place)
      } else {
        throw SettingsError("\(place): \(name) has no value")
      }
    }
  }

  /// The names among which one that does not exist might have been meant.
  private static func choices(near name: String) -> String {
    let group = name.firstIndex(of: ".").map { String(name[..<$0]) } ?? ""
    let siblings = SettingsKey.all.filter { $0.group == group }.map(\.name)
    if !group.isEmpty, !siblings.isEmpty {
      return "those of the group are \(siblings.joined(separator: ", "))"
    }
    let groups = Set(SettingsKey.all.map(\.group)).subtracting([""]).sorted()
    let top = SettingsKey.all.filter { $0.group.isEmpty }.map(\.name)
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

extension SettingsValue {
  /// The value of a scalar or of a list of scalars; `nil` for anything else.
  fileprivate init?(node: Node) {
    switch node {
    case .scalar(let scalar):
      self =
        scalar.style == .plain || scalar.style == .any
        ? SettingsValue(plain: scalar.string) : .text(scalar.string)
    case .sequence(let sequence):
      let values = sequence.compactMap(SettingsValue.init(node:))
      guard values.count == sequence.count else { return nil }
      self = .list(values)
    case .mapping, .alias:
      return nil
    }
  }
}
