import ArgumentParser
import Foundation
import Studies
import Tasks
import Training

struct CompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare", abstract: "Trains with several optimizers and seeds, and compares.",
    discussion: """
      An optimizer is a preset or a YAML file, perhaps with settings of its own behind plus signs \
      and a name in front:

        adamqlr compare --optimizers adamqlr,adam,sgd
        adamqlr compare --task uci-energy --data-dir data --seeds 10 --optimizers \\
          adamqlr,adam,adam-1e-2=adam+learning-rate.value=1e-2
        adamqlr compare --batch-size 100 --optimizers \\
          adam,memory=adamqlr+learning-rate.memory=0.99+rejects-increase=true,mine.yaml

      Settings come from the defaults, then files, then flags, then those behind plus signs. Each \
      run is a process of its own with one thread, as many at a time as there are cores; where the \
      length is in seconds, one at a time with all threads.

      Ctrl-C stops all of them after their steps. The same command with --output, or --resume, goes \
      on: runs that are over are kept, the others go on where they were. 'adamqlr report' draws \
      what came out.
      """)

  @Option(
    help: ArgumentHelp(
      "What is compared, separated by commas: [name=]preset|file[+key=value…].",
      discussion: "Presets: \(Preset.allCases.map(\.rawValue).joined(separator: ", ")).",
      valueName: "list"))
  var optimizers: String?

  @Option(help: ArgumentHelp("The number of seeds, from 0. Default: 5.", valueName: "n"))
  var seeds: Int?

  @OptionGroup var options: ProblemOptions
  @OptionGroup var length: LengthOptions

  @Option(
    help: ArgumentHelp(
      "The comparison's directory.", discussion: "Default: runs/compare-TASK-TIME.",
      valueName: "dir"))
  var output: String?

  @Option(
    help: ArgumentHelp(
      "Go on with the comparison in this directory.",
      discussion: "All is taken from there; --seeds can add seeds.", valueName: "dir"))
  var resume: String?

  @Option(
    help: ArgumentHelp(
      "The number of runs at a time.", discussion: "Default: the number of cores.", valueName: "n"))
  var jobs: Int?

  func validate() throws {
    for (name, value) in [("--seeds", seeds), ("--jobs", jobs)] {
      if let value, value < 1 {
        throw ValidationError("\(name) is \(value), but must be a whole number from 1")
      }
    }
    if resume == nil {
      guard optimizers != nil else {
        throw ValidationError(
          "--optimizers is missing: what is to be compared, such as adamqlr,adam,sgd")
      }
    } else if optimizers != nil || output != nil || options.isAnyGiven || length.isAnyGiven {
      throw ValidationError(
        "--resume takes all settings from the comparison's directory; only --seeds and --jobs can "
          + "be given with it")
    }
  }

  func run() throws {
    Interruption.watch()
    let comparison = try makeComparison()
    let runner = try ComparisonRunner(
      comparison, executable: "/proc/self/exe", jobs: try jobCount(comparison.contenders))
    let reporter = ComparisonReporter(comparison)
    let isComplete = try runner.run { event in
      reporter.report(event)
      return Interruption.signal == 0 ? .goOn : .stop
    }
    try reporter.finish()
    if Interruption.signal != 0 { throw ExitCode(128 + Interruption.signal) }
    if !isComplete { throw ExitCode.failure }
  }

  private func makeComparison() throws -> Comparison {
    if let resume {
      let comparison = try Comparison(existing: resume)
      return try seeds.map(comparison.extended(toSeeds:)) ?? comparison
    }
    let contenders = try ContenderDescription.list(optimizers ?? "").map(contender)
    for contender in contenders {
      if let problem = contender.settings.taskProblem(like: contenders[0].settings) {
        throw SettingsError("--optimizers: \(contender.label) \(problem)")
      }
    }
    return try Comparison(
      contenders, seedCount: seeds ?? 5, threads: try jobCount(contenders) > 1 ? 1 : nil,
      in: output)
  }

  /// One at a time where time decides how long a run is.
  private func jobCount(_ contenders: [Contender]) throws -> Int {
    guard contenders.contains(where: { $0.settings.seconds != nil }) else {
      return jobs ?? ProcessInfo.processInfo.activeProcessorCount
    }
    if let jobs, jobs > 1 {
      throw ValidationError(
        "--jobs is \(jobs), but runs whose length is in seconds go one at a time: beside each other "
          + "they would make fewer steps")
    }
    return 1
  }

  private func contender(_ description: ContenderDescription) throws -> Contender {
    var sources = SettingsSources()
    try options.addFiles(to: &sources)
    if let file = description.file { try sources.add(file: file) }
    try options.addFlags(to: &sources)
    try length.add(to: &sources)
    let place = "--optimizers \(description.label)"
    try sources.add("optimizer", description.preset?.rawValue, from: place)
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

/// Shows a comparison: a live line on a terminal, a line a run, and a table at the end.
private final class ComparisonReporter {
  private let comparison: Comparison
  private let clock = ContinuousClock()
  private var lastShown: ContinuousClock.Instant
  private var progress: ComparisonProgress?

  init(_ comparison: Comparison) {
    self.comparison = comparison
    lastShown = clock.now
    let count = comparison.contenders.count
    Output.line(
      "\(comparison.contenders[0].settings.task.rawValue): \(count) "
        + "\(count == 1 ? "optimizer" : "optimizers") × \(comparison.seedCount) "
        + "\(comparison.seedCount == 1 ? "seed" : "seeds") in \(comparison.path)")
  }

  func report(_ event: ComparisonRunner.Event) {
    switch event {
    case .finished(let run, let record):
      clear()
      Output.line("\(run.label), seed \(run.seed): \(Self.outcome(record))")
    case .failed(let run, let complaint):
      clear()
      Output.warning("\(run.label), seed \(run.seed) failed: \(complaint)")
    case .progress(let progress):
      if self.progress == nil, progress.done > 0 {
        Output.line("\(progress.done) of \(progress.total) runs are over already")
      }
      self.progress = progress
      guard (clock.now - lastShown).seconds > (Output.isTerminal ? 0.2 : 60) else { return }
      lastShown = clock.now
      Output.isTerminal ? Output.rewrite(Self.line(progress)) : Output.line(Self.line(progress))
    }
  }

  func finish() throws {
    clear()
    let collection = try? RunCollection([comparison.path])
    collection?.damage.forEach(Output.warning)
    for results in collection?.tasks ?? [] {
      let table = ResultTable(results.groups)
      Output.line("\n\(results.task.rawValue), medians with 95 % confidence intervals:")
      table.textLines.forEach(Output.line)
    }
    if let progress, progress.done < progress.total {
      Output.line(
        "\n\(progress.done) of \(progress.total) runs are over; --resume \(comparison.path) goes on"
      )
    } else {
      Output.line("\n'adamqlr report \(comparison.path)' draws them")
    }
  }

  private func clear() {
    if Output.isTerminal { Output.rewrite("") }
  }

  private static func outcome(_ record: RunRecord) -> String {
    guard record.state == .finished else {
      return record.status?.summary?.divergence?.text ?? "diverged"
    }
    var parts: [String] = []
    for figure in [Figure.trainingLoss, .testLoss, .testAccuracy] {
      guard let value = record.value(figure) else { continue }
      parts.append("\(figure.rawValue) \(figure.isShare ? value.percent : value.short)")
    }
    if let seconds = record.value(.seconds) { parts.append("\(seconds.short) s") }
    return parts.joined(separator: ", ")
  }

  private static func line(_ progress: ComparisonProgress) -> String {
    var parts = [
      "\(progress.done) of \(progress.total) runs", "\(progress.active) under way",
    ]
    if progress.failed > 0 { parts.append("\(progress.failed) failed") }
    if let remaining = progress.remaining { parts.append("about \(remaining.duration) left") }
    return parts.joined(separator: ", ")
  }
}

extension Double {
  /// A time in seconds, roughly.
  fileprivate var duration: String {
    if self < 90 { return "\(Int(rounded(.up))) s" }
    if self < 5400 { return "\(Int((self / 60).rounded())) min" }
    return String(format: "%.1f h", self / 3600)
  }
}

extension ResultTable {
  /// The table as text, an optimizer's intervals under its medians.
  var textLines: [String] {
    // The validation accuracy is next to the test accuracy, and would make the table too wide.
    let figures = figures.filter { $0 != .validationAccuracy }
    let formats = figures.map(ResultFormat.init)
    var table = TextTable(headings: ["", "runs"] + formats.map(\.heading))
    for row in rows {
      let estimates = figures.map { row.estimates[$0] }
      let cells = zip(formats, estimates).map { format, estimate in
        (
          estimate.map { format.text($0.median) } ?? "–",
          estimate.map { format.interval($0) } ?? ""
        )
      }
      table.add([row.label, row.runs] + cells.map(\.0))
      if cells.contains(where: { !$0.1.isEmpty }) { table.add(["", ""] + cells.map(\.1)) }
    }
    return table.lines
  }
}
