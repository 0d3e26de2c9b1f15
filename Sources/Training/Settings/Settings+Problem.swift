import AdamQLR
import Files
import Foundation
import Tasks
import AdamQLRTorch

extension Settings {
  /// What is learned, with its data.
  ///
  /// - Parameters:
  ///   - encoding: How a table was encoded by a run that learned from it; `nil`: as fits.
  ///   - imageEncoding: How images of one's own were, likewise.
  /// - Throws: ``SettingsError`` where a table or text is the task, but not named; `DataError` where
  ///   data cannot be read; `ModelError` where the model is not one for them.
  public func makeProblem(
    encodedBy encoding: TableEncoding? = nil, imageEncoding: ImageEncoding? = nil
  ) throws -> Problem {
    let type = precision.type
    if let text = absentSource ?? misplacedSource { throw SettingsError(text) }
    switch task {
    case .table: return try Problem(expandedTable, encodedBy: encoding, model: model, type)
    case .images: return try Problem(expandedImages, encodedBy: imageEncoding, model: model, type)
    case .text, .pennTreebank:
      return try Problem(task, expandedText, model: model, dataDirectory: directory)
    case .rosenbrock: return Problem(rosenbrockFrom: rosenbrockStart, type)
    default:
      return try Problem(
        task, model: model, dataDirectory: directory, seed: UInt64(seed), type)
    }
  }

  /// What a model is to make of what, as far as it is known without data; `nil` where it is not.
  public var problemShape: ProblemShape? {
    switch task {
    case .pennTreebank:
      return ProblemShape(tokens: PennTreebank.vocabularySize, context: text.context)
    case .text where text.vocabulary == .bytes:
      return ProblemShape(.bytes, context: text.context)
    case .text where text.vocabulary == .bpe: return nil
    case .text:
      return text.maximumWords.map { ProblemShape(tokens: $0, context: text.context) }
    default: return task.shape
    }
  }

  /// The table with the home directory for a tilde, which the shell leaves alone in
  /// data.path=~/file.csv.
  var expandedTable: TableSource {
    var source = table
    source.path = expanded(source.path)
    source.testPath = source.testPath.map(expanded)
    return source
  }

  /// The text, likewise.
  var expandedText: TextSource {
    var source = text
    source.path = expanded(source.path)
    source.testPath = source.testPath.map(expanded)
    source.tokenizer = source.tokenizer.map(expanded)
    return source
  }

  /// The images, likewise.
  var expandedImages: ImageSource {
    var source = images
    source.path = expanded(source.path)
    return source
  }

  private func expanded(_ path: String) -> String { (path as NSString).expandingTildeInPath }

  /// What is wrong with the model's settings, given the task.
  var modelProblem: String? { model.problem(for: task)?.description }

  /// What the task lacks of the settings of the groups `data` and `text`, in words.
  var absentSource: String? {
    absence(
      in: .table, ["data.path": table.path, "data.target": table.target],
      "--set data.path=FILE.csv --set data.target=COLUMN")
      ?? absence(in: .text, ["text.path": text.path], "--set text.path=FILE.txt")
      ?? absence(in: .images, ["images.path": images.path], "--set images.path=FOLDER")
  }

  /// A setting of the groups `data` and `text` that is another task's, in words.
  var misplacedSource: String? {
    change(in: "data", for: .table) ?? change(in: "rosenbrock", for: .rosenbrock) ?? change(
      in: "images", for: .images)
      ?? change(in: "text", for: .text, except: task == .pennTreebank ? "text.context" : nil)
  }

  /// What a task's source lacks, in words.
  private func absence(
    in task: LearningTask, _ values: [String: String], _ remedy: String
  ) -> String? {
    let absent = values.filter(\.value.isEmpty).keys.sorted()
    guard self.task == task, !absent.isEmpty else { return nil }
    return "the task '\(task.rawValue)' needs \(absent.joined(separator: " and ")): \(remedy)"
  }

  /// A setting of a group that is changed, although it is another task's.
  private func change(
    in group: String, for owner: LearningTask, except name: String? = nil
  ) -> String? {
    if task == owner { return nil }
    let plain = Settings()
    // Files of earlier versions have every setting, with the defaults of then.
    let earlierDefaults: [String: SettingValue] = ["data.decimal": .text("point")]
    let changed = Settings.all.first {
      guard $0.name.hasPrefix(group + "."), $0.name != name else { return false }
      let value = $0.value(self)
      return value != $0.value(plain) && value != earlierDefaults[$0.name]
    }
    return changed.map {
      "\($0.name) is for the task '\(owner.rawValue)' (--task \(owner.rawValue)), but the task is "
        + "'\(task.rawValue)'"
    }
  }
}
