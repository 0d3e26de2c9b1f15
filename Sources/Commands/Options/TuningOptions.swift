import ArgumentParser
import Files
import Foundation
import Reports
import Studies
import Tasks
import Training

/// The options of commands that tune optimizers.
struct TuningOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The directory of results and pages; a task has a folder in it.", valueName: "dir"))
  var output: String?

  @Option(
    help: ArgumentHelp(
      "The number of runs at a time.", discussion: "Default: as many as the cores have room for.",
      valueName: "n"))
  var jobs: Int?

  @Option(help: ArgumentHelp("The threads of a run. Default: 1.", valueName: "n"))
  var threads = 1

  @OptionGroup var engine: EngineOptions

  @Option(help: ArgumentHelp("Only this task; may be repeated.", valueName: "name"))
  var task: [String] = []

  @Option(help: ArgumentHelp("Only this optimizer; may be repeated.", valueName: "label"))
  var optimizer: [String] = []

  @Option(
    help: ArgumentHelp(
      "The directory of the data sets, as 'adamqlr data' has it.",
      discussion: "Default: $ADAMQLR_DATA, else adamqlr-swift/data in the user's cache directory.",
      valueName: "dir"))
  var dataDir: String?

  @Option(
    help: ArgumentHelp(
      "A form of the page: md, html or latex (its tables); may be repeated.",
      discussion: "Default: md and html.", valueName: "format"))
  var format: [TuningPage.Format] = []

  @Option(
    help: ArgumentHelp(
      "Also write every plot as a file: svg, pdf or png; may be repeated.", valueName: "format"))
  var plots: [PlotFormat] = []

  @Flag(help: "Write the pages from the results that there are, without runs.")
  var reportOnly = false

  func validate() throws {
    for (name, value) in [("--threads", threads), ("--jobs", jobs ?? 1)] where value < 1 {
      throw ValidationError("\(name) is \(value), but must be a whole number from 1")
    }
  }

  /// Makes what is left of a study, and its pages.
  ///
  /// - Parameters:
  ///   - tuning: The study.
  ///   - output: The directory of results and pages.
  ///   - command: The command that does so, without the options that are the same for all.
  func run(_ tuning: Tuning, in output: String, command: String) throws {
    try check(task, "--task", tuning.tasks.map(\.name))
    try check(optimizer, "--optimizer", tuning.optimizers.map(\.label))
    Interruption.watch()
    var isComplete = true
    for task in tuning.tasks where self.task.isEmpty || self.task.contains(task.name) {
      let plan = try TuningPlan(
        tuning, task, optimizers: optimizer.isEmpty ? nil : Set(optimizer), dataDirectory: dataDir,
        threads: threads)
      let folder = "\(output)/\(task.name)"
      if !reportOnly, Interruption.signal == 0 {
        isComplete = try make(plan, in: folder) && isComplete
      }
      try writePage(plan, in: folder, command: command)
    }
    if Interruption.signal != 0 {
      Output.line("the same command goes on")
      throw ExitCode(128 + Interruption.signal)
    }
    if !isComplete { throw ExitCode.failure }
  }

  private func check(_ names: [String], _ option: String, _ choices: [String]) throws {
    for name in names where !choices.contains(name) {
      throw ValidationError(
        "\(option): there is no '\(name)'; there are \(choices.joined(separator: ", "))")
    }
  }

  /// Makes the trials, and then the repetitions.
  private func make(_ plan: TuningPlan, in folder: String) throws -> Bool {
    let jobs = jobs ?? engine.defaultCount(threads: threads)
    let engine = engine.make(count: jobs, threads: threads)
    let searches = try SearchRunner(plan, in: folder, engine)
    let reporter = TuningReporter(plan, plan.reports(searches.history))
    var isComplete = try searches.run { event in
      reporter.report(event)
      return Interruption.signal == 0 ? .goOn : .stop
    }
    let reports = plan.reports(searches.history)
    reporter.finish(reports)
    guard Interruption.signal == 0 else { return false }
    let repetitions = try plan.repetitions(reports)
    guard !repetitions.runs.isEmpty else { return isComplete }
    let runner = try StudyRunner(repetitions, in: folder, engine)
    let studyReporter = StudyReporter(repetitions, jobs: jobs)
    isComplete =
      try runner.run { event in
        studyReporter.report(event)
        return Interruption.signal == 0 ? .goOn : .stop
      } && isComplete
    studyReporter.finish()
    return isComplete
  }

  private func writePage(_ plan: TuningPlan, in folder: String, command: String) throws {
    let results = try TuningResults(
      plan, SearchHistory(folder + "/trials.csv"), StudyResults(folder + "/results.csv"))
    guard !results.isEmpty else {
      if reportOnly {
        throw FileError(folder, "there are no results of the present settings", .unreadable)
      }
      return
    }
    var command = "\(command) --task \(plan.task.name)"
    for label in optimizer { command += " --optimizer \(label)" }
    let page = TuningPage(results, command: command + " --data-dir data")
    let formats = format.isEmpty ? [.markdown, .html] : format
    let gnuplot = Gnuplot()
    if gnuplot == nil { Output.warning(Gnuplot.advice) }
    let files: [String]
    do {
      files = try page.write(formats, plots: plots, to: folder, gnuplot)
    } catch let error as ReportError {
      // A program that does not do what it should is as good as none.
      Output.warning("\(error)")
      files = try page.write(formats, to: folder, nil)
    }
    files.forEach { Output.line("written: \($0)") }
  }
}

extension TuningPage.Format: ExpressibleByArgument {}
