import AdamQLRNetworks
import Foundation
import Tasks
import Training

/// A study of tuned optimizers: of each one, settings are searched on a task; the best are run again
/// with seeds of their own; and around them single settings are varied.
///
/// A YAML file describes it; see ``init(file:scale:keepsTasks:base:)``.
public struct Tuning: Sendable {
  /// The loss that a search is by.
  public enum Metric: String, CaseIterable, Sendable {
    /// That on all training examples.
    case trainingLoss = "training-loss"
    /// That on the validation examples, or on those that train where there are none.
    case validationLoss = "validation-loss"
  }

  /// A task that optimizers are tuned on.
  public struct Task: Sendable {
    /// Its name in tables and files. Default: the task's own.
    public var name: String
    /// What is learned.
    public var task: LearningTask
    /// The file or folder that it reads, seen from the directory of all data sets; `nil`: as the task
    /// itself finds it.
    public var data: String?
    /// The greatest size of a batch of what does not say another; `nil`: the usual one.
    public var batchSize: Int?
    /// The time after which a trial of the search ends, too, in seconds; `nil`: it is as long as other
    /// runs.
    public var searchSeconds: Double?
    /// Where, in seconds, plots over time are compressed; `nil`: nowhere.
    public var axisBreak: Double?
    /// What a reader of its page must know; `nil`: nothing.
    public var note: String?
    /// The number of samples.
    public var sampleCount: Int
    /// The number of repetitions.
    public var repetitionCount: Int
    /// Which trials end early; `nil`: none.
    public var halving: SuccessiveHalving?
    /// The labels of the optimizers that are run on it; `nil`: all.
    public var optimizers: Set<String>?
    /// Distributions in place of those that optimizers have.
    var distributions: [SearchSpace.Parameter]
    /// What is searched beside what optimizers have.
    var additions: [SearchSpace.Parameter]
    /// The settings over the defaults, each with its place in the file.
    var assignments: [Study.Assignment]
    /// Likewise, of the search only.
    var searchAssignments: [Study.Assignment]
  }

  /// An optimizer.
  public struct Optimizer: Sendable {
    /// Its label and what is not searched.
    public var description: ContenderDescription
    /// Its name for readers. Default: the label.
    public var title: String
    /// What is searched; `nil`: nothing.
    public var space: SearchSpace?
    /// Its label.
    public var label: String { description.label }
  }

  /// A setting that is varied around what a search found, or several together.
  public struct Sweep: Sendable {
    /// Its name.
    public var name: String
    /// The label of the optimizer.
    public var optimizer: String
    /// The names of the settings, the first of which stands for all.
    public var settings: [String]
    /// The settings' values, those of one variation in a row.
    public var values: [[String]]

    /// What a variation's results are called.
    public func label(_ values: [String]) -> String { "\(optimizer):\(settings[0])=\(values[0])" }
  }

  /// The path of the file.
  public let path: String
  /// What the study is about.
  public var title: String
  /// The scale at which it is run; `nil`: as the file stands.
  public var scale: String?
  /// What the scale changes, a line each.
  public var scaleNotes: [String] = []
  /// What a reader of its pages must know, a paragraph each.
  public var notes: [String]
  /// The seed of the search.
  public var seed: UInt64
  /// The loss that the search is by.
  public var metric: Metric
  /// About how many points along a repetition are kept.
  public var curvePoints: Int
  /// The tasks.
  public var tasks: [Task]
  /// The optimizers.
  public var optimizers: [Optimizer]
  /// What is varied.
  public var sweeps: [Sweep]

  /// The optimizers that are run on a task.
  public func optimizers(of task: Task) -> [Optimizer] {
    optimizers.filter { task.optimizers?.contains($0.label) ?? true }
  }

  /// The sweeps of optimizers that are run on a task.
  public func sweeps(of task: Task) -> [Sweep] {
    let labels = optimizers(of: task).map(\.label)
    return sweeps.filter { labels.contains($0.optimizer) }
  }

  /// What is searched of an optimizer on a task; `nil`: nothing.
  public func space(of optimizer: Optimizer, on task: Task) -> SearchSpace? {
    guard var space = optimizer.space else { return nil }
    for parameter in task.distributions {
      guard let index = space.parameters.firstIndex(where: { $0.name == parameter.name }) else {
        continue
      }
      space.parameters[index] = parameter
    }
    space.parameters += task.additions
    return space
  }

  /// A sample of what is searched.
  public func sample(_ index: Int, of optimizer: Optimizer, on task: Task) -> [SearchSpace.Value] {
    space(of: optimizer, on: task)?.sample(
      index, seed: seed, stream: "\(task.name)/\(optimizer.label)") ?? []
  }

  /// The settings of one run.
  ///
  /// - Parameters:
  ///   - optimizer: The optimizer.
  ///   - task: The task.
  ///   - values: What was searched or varied.
  ///   - seed: The seed.
  ///   - isTrial: Whether it is a trial of the search.
  ///   - dataDirectory: The directory of all data sets; `nil`: the usual one.
  /// - Throws: `SettingsError` where settings are unknown or do not go together.
  func settings(
    _ optimizer: Optimizer, on task: Task, _ values: [SearchSpace.Value], seed: Int,
    isTrial: Bool, dataDirectory: String?
  ) throws(SettingsError) -> Settings {
    var sources = SettingsSources()
    if let batchSize = task.batchSize {
      try sources.add("batch-size", .integer(batchSize), from: path)
    }
    for assignment in task.assignments + (isTrial ? task.searchAssignments : []) {
      try sources.add(assignment.text, from: assignment.place)
    }
    try sources.add(optimizer.description, ofFile: path)
    for value in values {
      try sources.add(value.assignment, from: "\(path): \(optimizer.label)")
    }
    try sources.add(task.task, data: task.data, dataDirectory, from: path)
    try sources.add("seed", .integer(seed), from: path)
    if isTrial, let seconds = task.searchSeconds {
      try sources.add("seconds", .number(seconds), from: path)
    }
    var settings = try sources.resolve().withAbsolutePaths
    if isTrial {
      // Only rungs and the end are looked at.
      settings.evaluationInterval = 1_000_000
      settings.logInterval = .max
    }
    settings.keptCheckpoints = 1
    return settings
  }

  /// The seed of a trial: drawn, so that no repetition has it.
  func seed(ofTrial index: Int, of optimizer: Optimizer, on task: Task) -> Int {
    var generator = SeededGenerator(
      seed: seed, stream: "search/\(task.name)/\(optimizer.label)/\(index)/seed")
    return Int.random(in: 1_000_000..<1_000_000_000, using: &generator)
  }
}

extension Tuning {
  /// Settings with which the data of a task are read.
  ///
  /// - Throws: `SettingsError`.
  public func problemSettings(
    _ task: Task, dataDirectory: String?
  ) throws(SettingsError) -> Settings {
    let optimizer = optimizers(of: task)[0]
    return try settings(
      optimizer, on: task, sample(0, of: optimizer, on: task), seed: 0, isTrial: false,
      dataDirectory: dataDirectory)
  }
}
