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

  @Option(
    help: ArgumentHelp("Only this sweep of 'sensitivity'; may be repeated.", valueName: "name"))
  var sweep: [String] = []

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
      for experiment in experiments { Output.text(experiment.yaml) }
      return
    }
    var isAnyMade = false
    for experiment in experiments { isAnyMade = try make(experiment) || isAnyMade }
    if !isAnyMade {
      throw ValidationError("no task of it could be run; see above what is missing")
    }
  }

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

  /// - Returns: Whether the data of any task are there.
  private func make(_ experiment: PaperExperiment) throws -> Bool {
    var tuning = try experiment.tuning(scale, keepingTasks: !options.task.isEmpty)
    if !sweep.isEmpty {
      let names = Set(tuning.sweeps.map(\.name))
      for name in sweep where !names.contains(name) {
        throw ValidationError(
          "--sweep: \(experiment.rawValue) has no '\(name)'; it has "
            + names.sorted().joined(separator: ", "))
      }
      tuning.sweeps.removeAll { !sweep.contains($0.name) }
    }
    let asked = tuning.tasks.filter { options.task.isEmpty || options.task.contains($0.name) }
    for task in asked {
      guard let problem = absence(of: task, tuning) else { continue }
      Output.warning("\(experiment.rawValue): \(task.name) is passed over: \(problem)")
      tuning.tasks.removeAll { $0.name == task.name }
    }
    guard !tuning.tasks.isEmpty else { return false }
    Output.line("\(experiment.rawValue), scale \(scale.rawValue): \(experiment.summary)")
    var command = "adamqlr paper \(experiment.rawValue) --scale \(scale.rawValue)"
    for name in sweep { command += " --sweep \(name)" }
    try options.run(
      tuning, in: "\(options.output ?? "paper")/\(experiment.rawValue)", command: command)
    return true
  }

  /// What a task lacks, in words; `nil` where its data are there.
  private func absence(of task: Tuning.Task, _ tuning: Tuning) -> String? {
    guard !options.reportOnly, let source = task.task.source, !source.files.isEmpty else {
      return nil
    }
    let directory = DataDirectory.path(options.dataDir)
    do {
      _ = try tuning.problemSettings(task, dataDirectory: options.dataDir).makeProblem()
      return nil
    } catch {
      return "\(error); 'adamqlr data fetch \(task.task.rawValue) --data-dir \(directory)' gets it"
    }
  }
}

extension PaperExperiment.Scale: ExpressibleByArgument {}
