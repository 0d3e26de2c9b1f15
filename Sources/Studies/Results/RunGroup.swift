import Files
import Foundation
import Tasks
import Training

/// The runs of one optimizer on one task, which differ in their seeds.
public struct RunGroup: Sendable {
  /// The optimizer's name.
  public var label: String
  /// The runs, of which there is at least one, by seed.
  public var runs: [RunRecord]

  /// The settings of the first run, which the others share but for their seeds.
  public var settings: Settings { runs[0].settings }
}

/// The runs of one task.
public struct TaskResults: Sendable {
  /// What was learned.
  public var task: LearningTask
  /// The optimizers.
  public var groups: [RunGroup]
}

/// Runs gathered from directories, by task and optimizer.
public struct RunCollection: Sendable {
  /// The runs by task, in the order in which they were found.
  public private(set) var tasks: [TaskResults] = []
  /// What could not be read, a line each.
  public private(set) var damage: [String] = []

  /// The depth to which directories are searched for runs.
  private static let depth = 4

  /// Gathers the runs that lie in directories, at any depth up to four.
  ///
  /// Runs of a comparison are labeled as it labels them, others by their preset. Where runs of one
  /// label and task differ in their settings, what differs is added to the label.
  ///
  /// - Parameter paths: Directories of runs or comparisons, or directories of such.
  /// - Throws: ``FileError`` where there is no such directory, or no run in it.
  public init(_ paths: [String]) throws(FileError) {
    var found: [(label: String?, directory: RunDirectory)] = []
    for path in paths {
      var isDirectory: ObjCBool = false
      guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory),
        isDirectory.boolValue
      else { throw FileError(path, "there is no such directory", .unreadable) }
      let count = found.count
      search(path, Self.depth, &found)
      if found.count == count, damage.isEmpty {
        throw FileError(path, "there are no runs in this directory", .unreadable)
      }
    }
    var records: [(label: String, record: RunRecord)] = []
    var seen: Set<String> = []
    for (label, directory) in found where seen.insert(directory.path).inserted {
      do {
        let record = try RunRecord(directory)
        records.append((label ?? record.settings.optimizer.name, record))
      } catch {
        damage.append(error.description)
      }
    }
    for (_, record) in records where !tasks.contains(where: { $0.task == record.settings.task }) {
      let task = record.settings.task
      tasks.append(
        TaskResults(
          task: task, groups: Self.groups(records.filter { $0.record.settings.task == task })))
    }
  }

  private mutating func search(
    _ path: String, _ depth: Int, _ found: inout [(label: String?, directory: RunDirectory)]
  ) {
    if let directory = try? RunDirectory(existing: path) {
      found.append((nil, directory))
      return
    }
    if Comparison.exists(at: path) {
      do throws(FileError) {
        for run in try Comparison(existing: path).runs {
          guard let directory = try? RunDirectory(existing: run.path) else { continue }
          found.append((run.label, directory))
        }
        return
      } catch {
        damage.append(error.description)
      }
    }
    guard depth > 0 else { return }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    for name in names.sorted() where !name.hasPrefix(".") {
      var isDirectory: ObjCBool = false
      let inner = path.hasSuffix("/") ? path + name : "\(path)/\(name)"
      if FileManager.default.fileExists(atPath: inner, isDirectory: &isDirectory),
        isDirectory.boolValue
      {
        search(inner, depth - 1, &found)
      }
    }
  }

  private static func groups(_ records: [(label: String, record: RunRecord)]) -> [RunGroup] {
    var groups: [RunGroup] = []
    var keys: [Settings] = []
    for (label, record) in records {
      let key = record.settings.comparable
      if let index = groups.indices.first(where: { groups[$0].label == label && keys[$0] == key }) {
        groups[index].runs.append(record)
      } else {
        groups.append(RunGroup(label: label, runs: [record]))
        keys.append(key)
      }
    }
    let labels = groups.map(\.label)
    for index in groups.indices {
      groups[index].runs.sort { $0.settings.seed < $1.settings.seed }
      let same = labels.indices.filter { labels[$0] == labels[index] }
      guard same.count > 1 else { continue }
      let differing = Settings.all.filter { key in
        Set(same.map { key.value(keys[$0]) }).count > 1
      }
      let values = differing.map { "\($0.name)=\($0.text(of: keys[index]))" }
      groups[index].label += " " + values.joined(separator: " ")
    }
    return groups
  }
}

extension Settings {
  /// The settings less those in which runs of one optimizer may differ.
  fileprivate var comparable: Settings {
    var settings = self
    let plain = Settings(optimizer)
    settings.seed = plain.seed
    settings.dataDirectory = plain.dataDirectory
    settings.threads = plain.threads
    settings.evaluationInterval = plain.evaluationInterval
    settings.logInterval = plain.logInterval
    settings.checkpointInterval = plain.checkpointInterval
    settings.keptCheckpoints = plain.keptCheckpoints
    settings.weights = plain.weights
    return settings
  }
}
