import Foundation
import Yams

extension Settings {
  /// The settings as a YAML file that ``SettingsSources/add(file:)`` takes back: every one of them,
  /// group by group.
  public var yaml: String {
    get throws {
      var top: [(Node, Node)] = []
      var groups: [(name: String, members: [(Node, Node)])] = []
      for key in SettingsKey.all {
        let value = key.value(self).node
        if key.group.isEmpty {
          top.append((Node(key.name), value))
        } else {
          if groups.last?.name != key.group { groups.append((key.group, [])) }
          let name = String(key.name.dropFirst(key.group.count + 1))
          groups[groups.count - 1].members.append((Node(name), value))
        }
      }
      let nodes = top + groups.map { (Node($0.name), Node($0.members)) }
      return try Yams.serialize(node: Node(nodes), allowUnicode: true)
    }
  }

  /// Reads settings that ``yaml`` wrote.
  ///
  /// - Throws: ``SettingsError``.
  public init(file path: String) throws(SettingsError) {
    var sources = SettingsSources()
    try sources.add(file: path)
    self = try sources.resolve()
  }
}

extension SettingsValue {
  /// The value as YAML; a text that would be taken for another value is quoted.
  fileprivate var node: Node {
    switch self {
    case .list(let values):
      return Node(values.map(\.node), .implicit, .flow)
    case .text(let word):
      let isPlain = SettingsValue(plain: word) == self
      return Node(word, .implicit, isPlain ? .any : .doubleQuoted)
    case .null, .bool, .integer, .number:
      return Node(text)
    }
  }
}
