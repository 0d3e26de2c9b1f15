import Foundation

/// A JSON object on one line of standard output, its members in the order given.
package struct JSONLine {
  private var members: [String] = []

  /// An object whose first member is the event's name.
  package init(event: String) { add("event", event) }

  /// An empty object.
  package init() {}

  mutating func add(_ name: String, _ value: String?) {
    members.append("\(Self.quoted(name)): \(value.map(Self.quoted) ?? "null")")
  }

  mutating func add(_ name: String, _ value: Int?) {
    members.append("\(Self.quoted(name)): \(value.map(String.init) ?? "null")")
  }

  /// Numbers that are not finite are `null`.
  mutating func add(_ name: String, _ value: Double?) {
    let text = value.flatMap { $0.isFinite ? String($0) : nil } ?? "null"
    members.append("\(Self.quoted(name)): \(text)")
  }

  mutating func add(_ name: String, _ value: Bool) {
    members.append("\(Self.quoted(name)): \(value)")
  }

  mutating func add(_ name: String, _ value: JSONLine) {
    members.append("\(Self.quoted(name)): \(value.text)")
  }

  mutating func add(_ name: String, _ values: [String]) {
    members.append("\(Self.quoted(name)): [\(values.map(Self.quoted).joined(separator: ", "))]")
  }

  mutating func add(_ name: String, _ values: [JSONLine]) {
    members.append("\(Self.quoted(name)): [\(values.map(\.text).joined(separator: ", "))]")
  }

  mutating func add(_ name: String, rows: [[Int]]) {
    let rows = rows.map { "[" + $0.map(String.init).joined(separator: ", ") + "]" }
    members.append("\(Self.quoted(name)): [\(rows.joined(separator: ", "))]")
  }

  var text: String { "{" + members.joined(separator: ", ") + "}" }

  package func print() { Output.line(text) }

  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case _ where scalar.value < 0x20: result += String(format: "\\u%04x", scalar.value)
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
