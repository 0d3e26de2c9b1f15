import Foundation
import Yams

/// Files in YAML, and what is wrong with them.
package enum YAMLFile {
  /// The text of a file.
  ///
  /// - Throws: ``SettingsError``.
  package static func text(of path: String) throws(SettingsError) -> String {
    do {
      return try String(contentsOfFile: path, encoding: .utf8)
    } catch {
      throw SettingsError("\(path): the file cannot be read as text: \(error.localizedDescription)")
    }
  }

  /// What a text says; `nil` where it is empty.
  ///
  /// - Parameter place: Where it comes from, for errors.
  /// - Throws: ``SettingsError``.
  package static func node(_ text: String, from place: String) throws(SettingsError) -> Node? {
    do {
      return try Yams.compose(yaml: text)
    } catch {
      throw SettingsError("\(place): no valid YAML: \(error)")
    }
  }
}
