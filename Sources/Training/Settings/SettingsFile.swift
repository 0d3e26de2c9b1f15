import AdamQLR
import Foundation
import Yams

extension Settings {
  /// The settings as a YAML file that ``SettingsSources/add(file:)`` takes back: every one that has an
  /// effect, group by group.
  public var yaml: String {
    get throws {
      var top: [(Node, Node)] = []
      var groups: [(name: String, members: [(Node, Node)])] = []
      for key in Settings.all {
        guard let value = key.value(self)?.node else { continue }
        if key.group.isEmpty {
          top.append((Node(key.name), value))
        } else {
          let name = String(key.name.dropFirst(key.group.count + 1))
          if let index = groups.firstIndex(where: { $0.name == key.group }) {
            groups[index].members.append((Node(name), value))
          } else {
            groups.append((key.group, [(Node(name), value)]))
          }
        }
      }
      let nodes = top + groups.map { (Node($0.name), Node($0.members)) }
      return try Yams.serialize(node: Node(nodes), allowUnicode: true)
    }
  }

  /// Reads settings that ``yaml`` wrote, in this version or an earlier one.
  ///
  /// - Throws: ``SettingsError``.
  public init(file path: String) throws(SettingsError) {
    var sources = SettingsSources()
    try sources.add(file: path, ignoresRemoved: true)
    self = try sources.resolve(ignoresIdle: true)
  }

  /// As ``init(file:)``, of the file's text.
  ///
  /// - Parameter place: Where it comes from, for errors.
  public init(yaml text: String, from place: String) throws(SettingsError) {
    var sources = SettingsSources()
    try sources.add(yaml: text, from: place, ignoresRemoved: true)
    self = try sources.resolve(ignoresIdle: true)
  }
}

extension SettingValue {
  /// The value as YAML; a text that would be taken for another value is quoted.
  fileprivate var node: Node {
    switch self {
    case .list(let values):
      return Node(values.map(\.node), .implicit, .flow)
    case .text(let word):
      let isPlain = SettingValue(plain: word) == self
      return Node(word, .implicit, isPlain ? .any : .doubleQuoted)
    case .null, .bool, .integer, .number:
      return Node(text)
    }
  }
}
