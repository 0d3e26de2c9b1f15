import Foundation
import Tasks
import Training

/// A study of optimizers over a grid: tasks × batch sizes × optimizers × seeds, and claims about what
/// comes out.
///
/// A YAML file describes it; see ``init(file:)``.
public struct Study: Sendable {
  /// A size of batches.
  public enum BatchSize: Hashable, Sendable {
    /// The greatest number of examples in a batch.
    case examples(Int)
    /// All examples that train.
    case full
  }

  /// One task of the grid.
  public struct Task: Sendable {
    /// Its name in tables and files. Default: the task's own.
    public var name: String
    /// What is learned.
    public var task: LearningTask
    /// The file or folder that it reads, seen from the directory of all data sets; `nil`: as the task
    /// itself finds it.
    public var data: String?
    /// The part of the study that it is in, of which there are figures by itself; `nil`: none.
    public var part: String?
    /// The sizes of batches, those that exceed the data among them.
    public var batchSizes: [BatchSize]
    /// The number of seeds, which are those from 0.
    public var seedCount: Int
    /// The labels of the optimizers that are run on it; `nil`: all.
    public var optimizers: Set<String>?
    /// The settings over the defaults, each with its place in the file.
    var assignments: [Assignment]
  }

  /// A setting, written `KEY=VALUE`, and where it was read.
  struct Assignment: Hashable, Sendable {
    var text: String
    var place: String
  }

  /// Optimizers of which, in each cell of the grid, the one with the lowest median loss stands for
  /// all: what one gets by tuning.
  public struct Group: Hashable, Sendable {
    /// Its name.
    public var label: String
    /// The labels of its optimizers.
    public var members: [String]
  }

  /// The path of the file.
  public let path: String
  /// What the study is about.
  public var title: String
  /// The tasks, in the order in which they are run.
  public var tasks: [Task]
  /// The optimizers.
  public var optimizers: [ContenderDescription]
  /// The tuned groups.
  public var groups: [Group]
  /// The optimizer that claims are about.
  public var candidate: String
  /// The optimizer or group whose losses others are multiples of.
  public var reference: String
  /// What is said of the candidate.
  public var claims: [Claim]

  /// The names of its parts, in the order of the tasks.
  public var parts: [String] {
    let names = tasks.compactMap(\.part)
    return names.enumerated().filter { !names[..<$0.offset].contains($0.element) }.map(\.element)
  }

  /// The labels that tables have, in order: the candidate first, then groups, then optimizers that
  /// are named in a claim or are in no group.
  public var shownLabels: [String] {
    let grouped = Set(groups.flatMap(\.members))
    let named = Set(claims.compactMap(\.other))
    let others = optimizers.map(\.label).filter {
      $0 != candidate && (!grouped.contains($0) || named.contains($0))
    }
    return [candidate] + groups.map(\.label) + others
  }

  /// The settings of one run.
  ///
  /// - Parameters:
  ///   - task: The task.
  ///   - optimizer: The optimizer.
  ///   - batchSize: The greatest size of a batch.
  ///   - seed: The seed.
  ///   - dataDirectory: The directory of all data sets; `nil`: the usual one.
  /// - Throws: `SettingsError` where settings are unknown or do not go together.
  public func settings(
    _ task: Task, _ optimizer: ContenderDescription, batchSize: Int, seed: Int,
    dataDirectory: String?
  ) throws(SettingsError) -> Settings {
    var sources = SettingsSources()
    for assignment in task.assignments {
      try sources.add(assignment.text, from: assignment.place)
    }
    try sources.add(optimizer, ofFile: path)
    try sources.add(task.task, data: task.data, dataDirectory, from: path)
    try sources.add("batch-size", .integer(batchSize), from: path)
    try sources.add("seed", .integer(seed), from: path)
    return try sources.resolve().withAbsolutePaths
  }
}

extension SettingsSources {
  /// Adds an optimizer's settings.
  ///
  /// - Parameter path: The study's file, beside which that of the optimizer lies.
  mutating func add(
    _ optimizer: ContenderDescription, ofFile path: String
  ) throws(SettingsError) {
    if let file = optimizer.file {
      try add(file: URL(fileURLWithPath: path).deletingLastPathComponent().path + "/" + file)
    }
    let place = "\(path): \(optimizer.label)"
    if let preset = optimizer.preset {
      try add("optimizer", .text(preset.name), from: place)
    }
    for assignment in optimizer.assignments { try add(assignment, from: place) }
  }

  /// Adds a task and where its data are.
  ///
  /// - Parameters:
  ///   - task: The task.
  ///   - data: The file or folder that it reads, seen from the directory of all data sets; `nil`: as the
  ///     task itself finds it.
  ///   - dataDirectory: The directory of all data sets; `nil`: the usual one.
  ///   - path: The study's file.
  mutating func add(
    _ task: LearningTask, data: String?, _ dataDirectory: String?, from path: String
  ) throws(SettingsError) {
    try add("task", .text(task.rawValue), from: path)
    let directory = DataDirectory.path(dataDirectory)
    let data = data.map { "\(directory)/\($0)" }
    switch task {
    case .table: if let data { try add("data.path", .text(data), from: path) }
    case .text: if let data { try add("text.path", .text(data), from: path) }
    case .images: if let data { try add("images.path", .text(data), from: path) }
    default: try add("data-dir", .text(data ?? directory), from: path)
    }
  }
}

extension Study.BatchSize: Comparable {
  /// The size as the file has it: a number, or "full".
  public var text: String {
    switch self {
    case .examples(let count): String(count)
    case .full: "full"
    }
  }

  /// Reads a size.
  public init?(_ text: String) {
    if text == "full" {
      self = .full
    } else if let count = Int(text), count > 0 {
      self = .examples(count)
    } else {
      return nil
    }
  }

  /// The number of examples in a batch, of `count` in all.
  public func size(of count: Int) -> Int {
    switch self {
    case .examples(let size): size
    case .full: count
    }
  }

  public static func < (a: Study.BatchSize, b: Study.BatchSize) -> Bool {
    a.size(of: .max) < b.size(of: .max)
  }
}
