import ArgumentParser
import Foundation
import Tasks
import Training

struct TasksCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tasks", abstract: "Lists the tasks, their networks and their data.")

  func run() {
    for task in LearningTask.allCases {
      var settings = Settings()
      settings.task = task
      print("\(task.rawValue)\n  \(task.summary)")
      if let shape = task.shape {
        let sizes = [shape.inputs] + task.hiddenSizes + [shape.outputs]
        print("  network \(sizes.map(String.init).joined(separator: "-")), ", terminator: "")
      } else if task == .table {
        print("  network inputs-50-outputs, cross entropy or ", terminator: "")
      } else {
        print("  ", terminator: "")
      }
      print("\(task.isClassification ? "cross entropy" : "½ mean squared error"), ", terminator: "")
      print("\(settings.defaultEpochs) epochs")
      if let files = task.source?.files, !files.isEmpty {
        print("  reads \(task.rawValue)/{\(files.joined(separator: ","))}, compressed or not")
      }
      if task == .table { print("  reads the file data.path, to predict its column data.target") }
    }
    print("\nData sets are looked for in \(DataDirectory.path()); 'adamqlr data' fetches them.")
  }
}

struct OptimizersCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "optimizers", abstract: "Lists the optimizers and every setting.")

  func run() {
    print("Presets (--optimizer NAME), each with its point in the grid")
    print("direction × learning rate × momentum × damping:")
    let base = Settings(.adamQLR)
    for preset in Preset.allCases {
      let settings = Settings(preset)
      print("\n  \(preset.rawValue)\n      \(preset.summary)")
      Output.wrapped(settings.method.gridPoint, separator: " × ")
      Output.wrapped(
        SettingsKey.all.filter {
          $0.name != "optimizer" && !$0.isPartOfGridPoint && $0.value(settings) != $0.value(base)
        }.map { "\($0.name)=\($0.value(settings).text)" })
    }
    print("\nSettings (--set key=value, or YAML), with adamqlr's defaults:")
    for key in SettingsKey.all {
      print("  \(key.name)=\(key.value(base).text)")
      Output.wrapped("\(key.help) \(key.expectation).".split(separator: " ").map(String.init))
    }
  }
}
