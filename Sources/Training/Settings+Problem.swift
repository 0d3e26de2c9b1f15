import Foundation
import Tasks
import Torch

extension Settings {
  /// What is learned, with its data.
  ///
  /// - Throws: ``SettingsError`` where a table is the task, but not named; `DataError` where data
  ///   cannot be read; `ModelError` where the model is not one for them.
  public func makeProblem() throws -> Problem {
    let type = precision.type
    guard task == .table else {
      return try Problem(
        task, model: model, dataDirectory: directory, seed: UInt64(seed), type)
    }
    if let text = tableProblem { throw SettingsError(text) }
    return try Problem(expandedTable, model: model, type)
  }

  /// The table with the home directory for a tilde, which the shell leaves alone in
  /// data.path=~/file.csv.
  var expandedTable: TableSource {
    func expanded(_ path: String) -> String { (path as NSString).expandingTildeInPath }
    var source = table
    source.path = expanded(source.path)
    source.testPath = source.testPath.map(expanded)
    return source
  }

  /// What is wrong with the model's settings, given the task.
  var modelProblem: String? { model.problem(for: task)?.description }

  /// What is wrong with the settings of the group `data`, given the task.
  var tableProblem: String? {
    if task == .table {
      guard table.path.isEmpty || table.target.isEmpty else { return nil }
      let absent = [
        table.path.isEmpty ? "data.path" : nil, table.target.isEmpty ? "data.target" : nil,
      ]
      return "the task 'table' needs \(absent.compactMap(\.self).joined(separator: " and ")): "
        + "--set data.path=FILE.csv --set data.target=COLUMN"
    }
    let plain = Settings()
    let changed = SettingsKey.all.filter {
      $0.group == "data" && $0.value(self) != $0.value(plain)
    }
    return changed.first.map {
      "\($0.name) is for the task 'table' (--task table), but the task is '\(task.rawValue)'"
    }
  }
}
