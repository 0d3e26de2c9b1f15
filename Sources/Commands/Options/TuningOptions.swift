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

  @OptionGroup var runs: RunOptions

  @Option(help: ArgumentHelp("Only this task; may be repeated.", valueName: "name"))
  var task: [String] = []

  @Option(help: ArgumentHelp("Run only this optimizer; may be repeated.", valueName: "label"))
  var optimizer: [String] = []

  @Option(help: ArgumentHelp("Of the sweeps run only this; may be repeated.", valueName: "name"))
  var sweep: [String] = []

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

  /// The directory of the data sets; `nil`: the usual one.
  var dataDirectory: String? { runs.data.dataDir }

  /// Why the data of a task cannot be read; `nil` where they can, and where none are needed.
  func absence(of task: Tuning.Task, _ tuning: Tuning) -> (any Error)? {
    if reportOnly { return nil }
    do {
      _ = try tuning.problemSettings(task, dataDirectory: dataDirectory).makeProblem()
      return nil
    } catch {
      return error
    }
  }

  /// Whether a task is one of those that were asked for.
  func isAsked(_ task: Tuning.Task) -> Bool { self.task.isEmpty || self.task.contains(task.name) }

  /// What became of a study.
  enum Outcome {
    /// All runs that were asked for are there.
    case complete
    /// Some failed.
    case incomplete
    /// There was nothing to do or to show.
    case nothing
  }

  /// Makes what is left of a study, and its pages.
  ///
  /// - Parameters:
  ///   - tuning: The study.
  ///   - output: The directory of results and pages.
  ///   - command: The command that does so, without the options that are the same for all.
  /// - Throws: An exit code where it was interrupted.
  func run(_ tuning: Tuning, in output: String, command: String) throws -> Outcome {
    Interruption.watch()
    var outcome = Outcome.nothing
    for task in tuning.tasks where isAsked(task) {
      let folder = "\(output)/\(task.name)"
      var isComplete = true
      if !reportOnly, Interruption.signal == 0 {
        let plan = try TuningPlan(
          tuning, task, optimizers: optimizer.isEmpty ? nil : Set(optimizer),
          sweeps: sweep.isEmpty ? nil : Set(sweep), dataDirectory: dataDirectory,
          threads: runs.threads)
        if plan.optimizers.isEmpty { continue }
        isComplete = try make(plan, in: folder)
      }
      // The page has all, whatever was run now.
      let whole = try TuningPlan(
        tuning, task, dataDirectory: dataDirectory, threads: runs.threads)
      guard try writePage(whole, in: folder, command: command) else { continue }
      if outcome != .incomplete { outcome = isComplete ? .complete : .incomplete }
    }
    if Interruption.signal != 0 {
      Output.line("the same command goes on")
      throw ExitCode(128 + Interruption.signal)
    }
    return outcome
  }

  /// Refuses names that no study has.
  func check(_ studies: [Tuning]) throws {
    for (names, option, choices) in [
      (task, "--task", studies.flatMap(\.tasks).map(\.name)),
      (optimizer, "--optimizer", studies.flatMap(\.optimizers).map(\.label)),
      (sweep, "--sweep", studies.flatMap(\.sweeps).map(\.name)),
    ] {
      for name in names where !choices.contains(name) {
        throw ValidationError(
          "\(option): there is no '\(name)'; "
            + (choices.isEmpty
              ? "there are none" : "there are \(Set(choices).sorted().joined(separator: ", "))"))
      }
    }
  }

  /// Makes the trials, and then the repetitions.
  private func make(_ plan: TuningPlan, in folder: String) throws -> Bool {
    let engine = runs.makeEngine()
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
    let studyReporter = StudyReporter(repetitions, jobs: runs.count)
    isComplete =
      try runner.run { event in
        studyReporter.report(event)
        return Interruption.signal == 0 ? .goOn : .stop
      } && isComplete
    studyReporter.finish()
    return isComplete
  }

  /// - Returns: Whether there is anything to show.
  private func writePage(_ plan: TuningPlan, in folder: String, command: String) throws -> Bool {
    let results = try TuningResults(
      plan, SearchHistory(folder + "/trials.csv"), StudyResults(folder + "/results.csv"))
    guard !results.isEmpty else {
      if reportOnly {
        Output.warning("\(folder): there are no results of these settings; was it another --scale?")
      }
      return false
    }
    var command = "\(command) --task \(plan.task.name)"
    if let output { command += " --output \(portablePath(output))" }
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
    return true
  }
}

extension TuningPage.Format: ExpressibleByArgument {}
