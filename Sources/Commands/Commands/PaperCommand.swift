import ArgumentParser
import Files
import Foundation
import Studies
import Tasks
import Training

struct PaperCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "paper", abstract: "Repeats the experiments of the paper, one command each.",
    discussion: """
      Without a name, it lists the experiments. An experiment searches each optimizer's settings on \
      each task, runs the best again with other seeds, and writes a page a task:

        adamqlr paper
        adamqlr paper performance --task uci-energy --data-dir data
        adamqlr paper sensitivity --sweep batch-size --task digits
        adamqlr paper all --scale smoke

      'full' is the paper's protocol, with its samples, repetitions and lengths, 'laptop' a part that \
      two cores do in hours, and 'smoke' shows in minutes that it works; a page says what was shrunk. \
      A task whose data are not there is passed over, with the command that gets them. Ctrl-C stops an \
      experiment, and the same command goes on.

      Each is a file in YAML as 'tune' reads it, to copy and change:

        adamqlr paper ablation-damping --print > mine.yaml
        adamqlr tune mine.yaml
      """)

  @Argument(
    help: ArgumentHelp("The experiment, or 'all'; without: a list.", valueName: "name"))
  var name: String?

  @Option(
    help: ArgumentHelp("full, laptop or smoke.", discussion: "Default: laptop.", valueName: "scale")
  )
  var scale = PaperExperiment.Scale.laptop

  @Flag(help: "Print the experiment's file, and do nothing.")
  var print = false

  @OptionGroup var options: TuningOptions

  func run() throws {
    guard let name else { return list() }
    let experiments =
      name == "all" ? PaperExperiment.allCases : PaperExperiment(rawValue: name).map { [$0] } ?? []
    guard !experiments.isEmpty else {
      let names = PaperExperiment.allCases.map(\.rawValue).joined(separator: ", ")
      throw ValidationError("there is no experiment '\(name)'; there are \(names), all")
    }
    if print {
      guard experiments.count == 1 else {
        throw ValidationError("--print prints the file of one experiment")
      }
      Output.text(experiments[0].yaml)
      return
    }
    let studies = try experiments.map {
      ($0, try $0.tuning(scale, keepingTasks: !options.task.isEmpty))
    }
    try options.check(studies.map(\.1))
    var (isAnyMade, isComplete) = (false, true)
    for (experiment, tuning) in studies {
      switch try make(experiment, tuning) {
      case .complete: isAnyMade = true
      case .incomplete: (isAnyMade, isComplete) = (true, false)
      case .nothing: break
      }
    }
    if !isAnyMade {
      throw FileError(
        options.output ?? defaultOutput, "nothing was made or shown; see above what is missing",
        .unreadable)
    }
    if !isComplete { throw ExitCode.failure }
  }

  /// Scales have folders of their own: they share no results.
  private var defaultOutput: String { "paper/\(scale.rawValue)" }

  private func list() {
    Output.line("Experiments (adamqlr paper NAME), and their tasks at scale full:\n")
    for experiment in PaperExperiment.allCases {
      Output.line("  \(experiment.rawValue)")
      Output.line("      \(experiment.summary)")
      if let tuning = try? experiment.tuning(.full) {
        Output.wrapped(tuning.tasks.map(\.name), separator: ", ")
      }
    }
  }

  private func make(
    _ experiment: PaperExperiment, _ study: Tuning
  ) throws -> TuningOptions.Outcome {
    var tuning = study
    tuning.tasks.removeAll { !options.isAsked($0) }
    for task in tuning.tasks {
      guard let error = options.absence(of: task, tuning) else { continue }
      let directory = DataDirectory.path(options.dataDirectory)
      let advice =
        task.data == nil
        ? "; 'adamqlr data fetch \(task.task.rawValue) --data-dir \(directory)' gets it" : ""
      Output.warning("\(experiment.rawValue): \(task.name) is passed over: \(error)\(advice)")
      tuning.tasks.removeAll { $0.name == task.name }
    }
    guard !tuning.tasks.isEmpty else { return .nothing }
    Output.line("\(experiment.rawValue), scale \(scale.rawValue): \(experiment.summary)")
    return try options.run(
      tuning, in: "\(options.output ?? defaultOutput)/\(experiment.rawValue)",
      command: "adamqlr paper \(experiment.rawValue) --scale \(scale.rawValue)")
  }
}

extension PaperExperiment.Scale: ExpressibleByArgument {}
