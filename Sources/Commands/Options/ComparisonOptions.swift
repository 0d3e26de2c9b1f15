import ArgumentParser
import Foundation
import Studies
import Tasks
import Training

/// The options of commands that train several optimizers with several seeds.
struct ComparisonOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The number of seeds, from 0. Default: 5.", valueName: "n"))
  var seeds: Int?

  @OptionGroup var problem: ProblemOptions
  @OptionGroup var length: LengthOptions

  @Option(
    help: ArgumentHelp(
      "The directory of all runs.", discussion: "Default: a new one under runs.",
      valueName: "dir"))
  var output: String?

  @Option(
    help: ArgumentHelp(
      "Go on with the runs in this directory.",
      discussion: "All is taken from there; --seeds can add seeds.", valueName: "dir"))
  var resume: String?

  @Option(
    help: ArgumentHelp(
      "The number of runs at a time.", discussion: "Default: the number of cores.", valueName: "n"))
  var jobs: Int?

  @OptionGroup var engine: EngineOptions

  func validate() throws {
    for (name, value) in [("--seeds", seeds), ("--jobs", jobs)] {
      if let value, value < 1 {
        throw ValidationError("\(name) is \(value), but must be a whole number from 1")
      }
    }
    if resume != nil, output != nil || problem.isAnyGiven || length.isAnyGiven {
      throw ValidationError(
        "--resume takes all settings from the directory; only --seeds, --jobs and --engine can be "
          + "given with it")
    }
  }

  /// Makes all runs that are not over yet, and shows them.
  ///
  /// - Parameters:
  ///   - descriptions: What is compared, unless there is something to resume.
  ///   - place: Where they come from, for error messages.
  /// - Returns: The comparison.
  @discardableResult
  func run(_ descriptions: [ContenderDescription], from place: String) throws -> Comparison {
    Interruption.watch()
    let comparison = try makeComparison(descriptions, place)
    let jobs = try jobCount(comparison.contenders)
    let threads = comparison.contenders.map { $0.settings.threads ?? 1 }.max() ?? 1
    let runner = try ComparisonRunner(comparison, engine.make(count: jobs, threads: threads))
    let reporter = ComparisonReporter(comparison, jobs: jobs)
    let isComplete = try runner.run { event in
      reporter.report(event)
      return Interruption.signal == 0 ? .goOn : .stop
    }
    try reporter.finish()
    if Interruption.signal != 0 { throw ExitCode(128 + Interruption.signal) }
    if !isComplete { throw ExitCode.failure }
    return comparison
  }

  private func makeComparison(
    _ descriptions: [ContenderDescription], _ place: String
  ) throws -> Comparison {
    if let resume {
      let comparison = try Comparison(existing: resume)
      return try seeds.map(comparison.extended(toSeeds:)) ?? comparison
    }
    let contenders = try descriptions.map { try contender($0, place) }
    for contender in contenders {
      if let problem = contender.settings.taskProblem(like: contenders[0].settings) {
        throw SettingsError("\(place): \(contender.label) \(problem)")
      }
    }
    return try Comparison(
      contenders, seedCount: seeds ?? 5, threads: try jobCount(contenders) == 1 ? nil : 1,
      in: output)
  }

  /// One at a time where time decides how long a run is; `nil`: as many as there is room for.
  private func jobCount(_ contenders: [Contender]) throws -> Int? {
    guard contenders.contains(where: { $0.settings.seconds != nil }) else {
      return jobs ?? engine.defaultCount(threads: 1)
    }
    if let jobs, jobs > 1 {
      throw ValidationError(
        "--jobs is \(jobs), but runs whose length is in seconds go one at a time: beside each other "
          + "they would make fewer steps")
    }
    return 1
  }

  private func contender(
    _ description: ContenderDescription, _ place: String
  ) throws -> Contender {
    var sources = SettingsSources()
    try problem.addFiles(to: &sources)
    if let file = description.file { try sources.add(file: file) }
    try problem.addFlags(to: &sources)
    try length.add(to: &sources)
    let place = "\(place) \(description.label)"
    try sources.add("optimizer", description.preset?.name, from: place)
    for assignment in description.assignments { try sources.add(assignment, from: place) }
    // The comparison may go on from another directory.
    return Contender(
      label: description.label, settings: try sources.resolve().withAbsolutePaths)
  }
}

extension Settings {
  /// Why these do not compare with others.
  fileprivate func taskProblem(like other: Settings) -> String? {
    task == other.task ? nil : "trains on \(task.rawValue), the first on \(other.task.rawValue)"
  }
}
