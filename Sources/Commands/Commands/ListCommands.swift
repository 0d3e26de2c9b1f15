import AdamQLR
import ArgumentParser
import Foundation
import Tasks
import Training

struct TasksCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tasks", abstract: "Lists the tasks, their networks and their data.",
    discussion: "Other networks for them: see 'adamqlr models'.")

  func run() {
    for task in LearningTask.allCases {
      var settings = Settings()
      settings.task = task
      Output.line("\(task.rawValue)\n  \(task.summary)")
      Output.line(
        "  "
          + [task.network, task.lossWords, "\(settings.defaultEpochs) epochs"]
          .compactMap(\.self).joined(separator: ", "))
      if let files = task.source?.files, !files.isEmpty {
        Output.line("  reads \(task.rawValue)/{\(files.joined(separator: ","))}, compressed or not")
      }
      if task == .images { Output.line("  reads the folder images.path") }
      if task == .text { Output.line("  reads the file text.path") }
      if task == .table {
        Output.line("  reads the file data.path, to predict its column data.target")
      }
    }
    Output.line(
      "\nData sets are looked for in \(DataDirectory.path()); 'adamqlr data' fetches them.")
  }
}

extension LearningTask {
  /// The paper's model, with its sizes.
  fileprivate var network: String? {
    guard let kind = defaultModel else { return nil }
    guard kind == .mlp else { return "network \(kind.rawValue)" }
    let ends = shape.map { ("\($0.example.count)", "\($0.outputs)") } ?? ("inputs", "outputs")
    return "network mlp "
      + ([ends.0] + hiddenSizes.map(String.init) + [ends.1]).joined(separator: "-")
  }

  fileprivate var lossWords: String {
    if self == .table { return "cross entropy or ½ mean squared error" }
    return isClassification ? "cross entropy" : "½ mean squared error"
  }
}

struct ModelsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "models", abstract: "Lists the models, their settings and what they learn.",
    discussion: """
      Every task has a model of its own; --model chooses another, and --set network.… its sizes:

        adamqlr train --task digits-color --model resnet18 --set network.width=16
      """)

  func run() {
    for kind in ModelKind.allCases {
      Output.line("\(kind.rawValue)\n  \(kind.summary)")
      let tasks = LearningTask.allCases.filter { $0.inputKind.map(kind.inputs.contains) ?? false }
      Output.line("  takes \(kind.inputs.map(\.words).joined(separator: " or ")):")
      Output.wrapped(tasks.map(\.rawValue), separator: ", ")
      var settings = kind.sizes.map { "network.\($0.size.rawValue)=\($0.value)" }
      let plain = ModelSettings()
      if kind == .mlp {
        settings = [
          "network.hidden=[50]", "network.activation=\(plain.activation.rawValue)",
          "network.initializer=\(plain.initializer.rawValue)",
        ]
      }
      if kind.hasDropout { settings.append("network.dropout=\(plain.dropout)") }
      Output.line("  settings, with their defaults:")
      Output.wrapped(settings)
    }
    Output.line("\n'adamqlr optimizers' explains every setting.")
  }
}

struct OptimizersCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "optimizers", abstract: "Lists the optimizers and every setting.")

  func run() {
    Output.line("Presets (--optimizer NAME), each with its point in the grid")
    Output.line("direction × learning rate × momentum × damping:")
    for preset in Preset.all {
      let settings = Settings(preset)
      Output.line("\n  \(preset.name)\n      \(preset.summary)")
      Output.wrapped(
        preset.method.kinds.filter { $0.axis != .acceptance }.map { $0.name ?? "–" },
        separator: " × ")
      Output.wrapped(
        preset.changes.map { "\($0.name)=\($0.text(of: settings))" })
    }
    let base = Settings(.adamQLR)
    Output.line(
      "\nSettings (--set key=value, or YAML), with adamqlr's values; – where it has none:")
    for key in Settings.all {
      Output.line("  \(key.name)=\(key.text(of: base))")
      Output.wrapped("\(key.help) \(key.expectation).".split(separator: " ").map(String.init))
    }
  }
}

extension Preset {
  /// The settings in which it differs from the defaults of its heuristics.
  fileprivate var changes: [Setting<Settings>] {
    var plain = Settings(.sgd)
    for (axis, name) in method.kinds {
      guard let name else { continue }
      _ = Settings.setting(named: "\(axis.rawValue).kind")?.assign(&plain, .text(name))
    }
    let own = Settings(self)
    return Settings.all.filter {
      $0.name != "optimizer" && $0.value(own) != $0.value(plain)
    }
  }
}
