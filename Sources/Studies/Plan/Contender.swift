import AdamQLR
import Foundation
import Tasks
import Training

/// One of the optimizers that are compared: a name, and all settings but the seed.
public struct Contender: Hashable, Sendable {
  /// The name, which its directory has too.
  public var label: String
  /// The settings, for seed 0.
  public var settings: Settings

  /// A contender.
  public init(label: String, settings: Settings) {
    self.label = label
    self.settings = settings
  }
}

/// An optimizer as the command line names it: `[LABEL=]BASE[+KEY=VALUE…]`, where the base is a preset
/// or the path of a YAML file of settings.
public struct ContenderDescription: Hashable, Sendable {
  /// The name: the one given, else the description itself, or a file's name without its extension.
  public let label: String
  /// The preset; `nil` where there is a file.
  public let preset: Preset?
  /// The file; `nil` where there is a preset.
  public let file: String?
  /// The settings over these, each as `KEY=VALUE`.
  public let assignments: [String]

  /// A preset with settings over it.
  public init(label: String, preset: Preset, assignments: [String]) {
    self.label = label
    self.preset = preset
    file = nil
    self.assignments = assignments
  }

  /// Reads a description.
  ///
  /// - Parameter place: Where it comes from, for error messages.
  /// - Throws: `SettingsError` where there is no such preset, or the label cannot name a directory.
  public init(_ text: String, from place: String = "--optimizers") throws(SettingsError) {
    // A plus sign may also belong to a number, as in 1e+3.
    var parts: [String] = []
    for part in text.split(separator: "+", omittingEmptySubsequences: false).map(String.init) {
      if parts.isEmpty || part.contains("=") {
        parts.append(part)
      } else {
        parts[parts.count - 1] += "+" + part
      }
    }
    var base = parts[0]
    var name: String?
    if let separator = base.firstIndex(of: "=") {
      name = String(base[..<separator])
      base = String(base[base.index(after: separator)...])
    }
    assignments = Array(parts.dropFirst())
    if base.hasSuffix(".yaml") || base.hasSuffix(".yml") {
      (preset, file) = (nil, base)
      let stem = URL(fileURLWithPath: base).deletingPathExtension().lastPathComponent
      label = name ?? ([stem] + assignments).joined(separator: "+")
    } else if let preset = Preset(named: base) {
      (self.preset, file) = (preset, nil)
      label = name ?? ([base] + assignments).joined(separator: "+")
    } else {
      let presets = Preset.all.map(\.name).joined(separator: ", ")
      throw SettingsError(
        "\(place): '\(base)' is no preset (\(presets)) and no path of a .yaml file")
    }
    guard !label.isEmpty, !label.hasPrefix("."), !label.contains("/"), label.utf8.count <= 200,
      label.unicodeScalars.allSatisfy({ !$0.properties.isWhitespace || $0 == " " }),
      label.unicodeScalars.allSatisfy({ $0.properties.generalCategory != .control })
    else {
      throw SettingsError(
        "\(place): '\(label)' cannot name a directory; put a shorter name in front, as in "
          + "hessian=adamqlr+learning-rate.curvature=hessian")
    }
  }

  /// Reads descriptions separated by commas; those inside brackets separate nothing.
  ///
  /// - Throws: `SettingsError` also where two have the same label.
  public static func list(_ text: String) throws(SettingsError) -> [ContenderDescription] {
    var items = [""]
    var depth = 0
    for character in text {
      if character == "[" { depth += 1 }
      if character == "]" { depth -= 1 }
      if character == ",", depth == 0 {
        items.append("")
      } else {
        items[items.count - 1].append(character)
      }
    }
    var descriptions: [ContenderDescription] = []
    for item in items {
      let description = try ContenderDescription(item.trimmingCharacters(in: .whitespaces))
      if descriptions.contains(where: { $0.label == description.label }) {
        throw SettingsError(
          "--optimizers: two are called '\(description.label)'; name one otherwise, as in "
            + "second=\(item)")
      }
      descriptions.append(description)
    }
    return descriptions
  }
}
