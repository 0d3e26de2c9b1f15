import Files
import ArgumentParser
import Foundation
import Reports
import Studies
import Tasks
import Training

struct StudyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "study", abstract: "Runs a grid of tasks, batch sizes, optimizers and seeds.",
    discussion: """
      A YAML file describes the grid, and what is claimed of it:

        title: Untuned at every batch size
        seeds: 5
        batch-sizes: [16, 100, full]
        tasks:
          - {task: uci-energy, epochs: 200}
          - {task: digits, epochs: 15, settings: {network.hidden: [50]}}
        optimizers:
          - adamqlr
          - adam-1e-3=adam
          - adam-1e-2=adam+learning-rate.value=1e-2
        tuned: {tuned-adam: [adam-1e-3, adam-1e-2]}
        claims:
          - {diverges: never}
          - {within: 1.05, of: tuned-adam, in: 80 %}
          - {below: adam-1e-3, in: 70 %}

      Optimizers are as 'compare' has them. Of a tuned group, the member with the lowest median loss \
      stands for all in each cell, a task with a batch size. A claim may also be {test-loss-below: \
      0.012, task: uci-energy, batch-size: full}.

        adamqlr study studies/development/study.yaml --data-dir data
        adamqlr study studies/development/study.yaml --only task=digits,batch-size=16,batch-size=full
        adamqlr study studies/development/study.yaml --report-only
        adamqlr study studies/development/study.yaml --only part=tables,seed=odd \
          --try lower=adamqlr+direction.beta2=0.95

      The directory gets results.csv, a row a run; README.md, the page, which takes in introduction.md \
      and discussion.md from there; and plots. Given again, the command makes only the runs that have \
      no row with their present settings. Ctrl-C stops it, and half a run goes on where it was.

      With --try, an optimizer that the file does not name is run on the grid, or on a part of it, and \
      set beside the results that there are. Its own results are kept in the folder tries, and there is \
      no page.
      """)

  @Argument(help: ArgumentHelp("The study's YAML file.", valueName: "file"))
  var file: String?

  @Option(
    help: ArgumentHelp(
      "The directory of results and page.", discussion: "Default: that of the file.",
      valueName: "dir"))
  var output: String?

  @OptionGroup var runs: RunOptions

  @Option(
    help: ArgumentHelp(
      "The part of the grid to run: task=…, part=…, batch-size=…, optimizer=…, seed=…, by commas.",
      discussion: "Of one kind, any may be: seed=0,seed=1. Seeds are also odd or even. With "
        + "--report-only, the part that the page is about.",
      valueName: "part"))
  var only: String?

  @Option(
    name: .customLong("try"),
    help: ArgumentHelp(
      "An optimizer to try beside the study's; may be repeated.",
      discussion: "As the file has them: [LABEL=]BASE[+KEY=VALUE…].", valueName: "optimizer"))
  var tries: [String] = []

  @Flag(help: "Write the page from the results that there are, without runs or data.")
  var reportOnly = false

  /// Makes the process one of those that make the runs.
  @Flag(help: .private) var worker = false

  func validate() throws {
    if worker { return }
    if file == nil { throw ValidationError("the study's YAML file is missing") }
    if reportOnly, runs.jobs != nil {
      throw ValidationError("--report-only makes no runs, so give no --jobs with it")
    }
  }

  func run() throws {
    if worker {
      Interruption.watch()
      try JobWorker.serve { Interruption.signal == 0 }
      return
    }
    guard let file else { return }
    var study = try Study(file: file)
    for text in tries { try study.add(try ContenderDescription(text, from: "--try")) }
    let folder = URL(fileURLWithPath: file).deletingLastPathComponent().relativePath
    let output = output ?? folder
    let part = try part(of: study)
    if reportOnly {
      let results = try StudyResults(output + "/results.csv")
      if tries.isEmpty {
        try writePage(study, file, results, part, to: output, nil)
      } else {
        try printTries(study, results, try StudyResults(output + "/tries/results.csv"), part)
      }
      return
    }
    Interruption.watch()
    var runPart = part
    if !tries.isEmpty, part.optimizers == nil {
      runPart.optimizers = Set(study.optimizers.suffix(tries.count).map(\.label))
    }
    let plan = try StudyPlan(
      study, part: runPart, dataDirectory: runs.data.dataDir, threads: runs.threads)
    if plan.runs.isEmpty {
      throw ValidationError("--only leaves no runs")
    }
    plan.notes.forEach { Output.line($0) }
    let runner = try StudyRunner(
      plan, in: tries.isEmpty ? output : output + "/tries",
      runs.makeEngine())
    let reporter = StudyReporter(plan, jobs: runs.count)
    let isComplete = try runner.run { event in
      reporter.report(event)
      return Interruption.signal == 0 ? .goOn : .stop
    }
    reporter.finish()
    if !tries.isEmpty {
      try printTries(study, try StudyResults(output + "/results.csv"), runner.results, part)
    } else if !runner.results.rows.isEmpty {
      try writePage(
        study, file, runner.results, .init(), to: output, only == nil ? plan.runs.count : nil)
      if only != nil {
        printSummary(try StudyAnalysis(study, runner.results, part: part).summary)
      }
    }
    if Interruption.signal != 0 {
      Output.line("the same command goes on")
      throw ExitCode(128 + Interruption.signal)
    }
    if !isComplete { throw ExitCode.failure }
  }

  /// Prints what came out of the optimizers that were tried, in a part of the grid.
  private func printTries(
    _ study: Study, _ results: StudyResults, _ tried: StudyResults, _ part: StudyPlan.Part
  ) throws {
    let summary = try StudyAnalysis(study, results, tried: tried, part: part).summary
    for optimizer in study.optimizers.suffix(tries.count) { printSummary(summary, optimizer.label) }
  }

  /// Prints the candidate's figures, over all cells of a part of the grid, over those of its parts, and
  /// over those of its tasks.
  private func printSummary(_ summary: StudySummary, _ label: String? = nil) {
    let label = label ?? summary.study.candidate
    let rows = StudySummaryTable(summary)
    guard let all = rows.row(label) else {
      Output.line("\(label): no cells in which \(summary.study.reference) has results too")
      return
    }
    var table = TextTable(
      headings: ["\(label) / \(summary.study.reference)"] + StudySummaryTable.headings)
    table.add(["all"] + all)
    for part in summary.parts {
      if let row = rows.row(label, part: part) { table.add([part] + row) }
    }
    for task in summary.tasks {
      if let row = rows.row(label, task: task) { table.add(["  " + task] + row) }
    }
    table.lines.forEach(Output.line)
  }

  private func writePage(
    _ study: Study, _ file: String, _ results: StudyResults, _ part: StudyPlan.Part,
    to output: String, _ count: Int?
  ) throws {
    let analysis = try StudyAnalysis(study, results, part: part)
    guard !analysis.results.isEmpty else {
      throw FileError(results.path, "there are no results of the study's present settings")
    }
    var parts = ["adamqlr study \(portablePath(file))"]
    if self.output != nil { parts.append("--output \(portablePath(output))") }
    if reportOnly, let only { parts.append("--report-only --only \(only)") }
    let page = StudyPage(
      analysis, expectedCount: count, command: (parts + ["--data-dir data"]).joined(separator: " "))
    let gnuplot = Gnuplot()
    if gnuplot == nil { Output.warning(Gnuplot.advice) }
    do {
      try page.write(to: output, gnuplot)
    } catch let error as ReportError {
      // A program that does not do what it should is as good as none.
      Output.warning("\(error)")
      try page.write(to: output, nil)
    }
    for finding in analysis.findings {
      let verdict = finding.isMet.map { $0 ? "holds" : "does not hold" } ?? "not measured yet"
      let share = finding.share.map { ", in \(($0).percent) of \(finding.count)" } ?? ""
      Output.line("\(finding.claim.text): \(verdict)\(finding.value == nil ? share : "")")
    }
    Output.line("the page is \(output)/README.md")
  }

  private func part(of study: Study) throws -> StudyPlan.Part {
    var part = StudyPlan.Part()
    guard let only else { return part }
    for item in only.split(separator: ",").map({ $0.trimmingCharacters(in: .whitespaces) }) {
      let pieces = item.split(separator: "=", maxSplits: 1).map(String.init)
      guard pieces.count == 2 else {
        throw ValidationError(
          "--only '\(item)': expected task=…, part=…, batch-size=…, optimizer=… or seed=…")
      }
      func chosen(_ choices: [String]) throws -> String {
        guard choices.contains(pieces[1]) else {
          throw ValidationError(
            "--only: the study has no \(pieces[0]) '\(pieces[1])'; there are "
              + choices.joined(separator: ", "))
        }
        return pieces[1]
      }
      switch pieces[0] {
      case "task":
        part.tasks = (part.tasks ?? []).union([try chosen(study.tasks.map(\.name))])
      case "part":
        let name = try chosen(study.parts)
        let tasks = study.tasks.filter { $0.part == name }.map(\.name)
        part.tasks = (part.tasks ?? []).union(tasks)
      case "optimizer":
        part.optimizers = (part.optimizers ?? []).union([
          try chosen(study.optimizers.map(\.label) + study.groups.map(\.label))
        ])
      case "batch-size":
        let sizes = Set(study.tasks.flatMap(\.batchSizes)).sorted()
        let text = try chosen(sizes.map(\.text))
        part.batchSizes = (part.batchSizes ?? []).union(sizes.filter { $0.text == text })
      case "seed":
        let count = study.tasks.map(\.seedCount).max() ?? 0
        let text = try chosen((0..<count).map(String.init) + ["odd", "even"])
        let seeds = (0..<count).filter { seed in
          Int(text).map { $0 == seed } ?? (seed.isMultiple(of: 2) == (text == "even"))
        }
        part.seeds = (part.seeds ?? []).union(seeds)
      default:
        throw ValidationError(
          "--only: '\(pieces[0])' is none of task, part, batch-size, optimizer, seed")
      }
    }
    // A group stands for its members.
    for group in study.groups where part.optimizers?.contains(group.label) == true {
      part.optimizers?.formUnion(group.members)
    }
    return part
  }
}
