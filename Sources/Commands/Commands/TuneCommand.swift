import ArgumentParser
import Files
import Foundation
import Reports
import Studies
import Training

struct TuneCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tune",
    abstract: "Searches optimizers' settings, and runs the best again with other seeds.",
    discussion: """
      A YAML file says what is searched:

        title: Which optimizer for my table?
        samples: 50
        rungs: {steps: 100, factor: 4}
        repetitions: 10
        tasks:
          - {task: table, data: prices.csv, epochs: 40, settings: {data.target: price}}
        optimizers:
          - adamqlr
          - optimizer: adam
            search:
              batch-size: [50, 100, 200]
              learning-rate.value: {log-uniform: [1e-5, 1]}

      Settings are drawn from lists, or uniform, log-uniform or one-minus-log-uniform between two \
      bounds. Most trials end early, by asynchronous successive halving: at each rung, of which the \
      first is given and each next is 'factor' times as far, a trial goes on only if its loss is in \
      the best 1/factor of those that came there before it. With rungs in steps or epochs the result \
      is the same however many runs are made at a time; with rungs in seconds it is not.

        adamqlr tune search.yaml --data-dir data
        adamqlr tune search.yaml --report-only

      Each task gets a folder with trials.csv, what every trial reported; results.csv, a row a \
      repetition, with its curve; README.md and page.html, the page; and plots. Ctrl-C stops it, and the same command \
      goes on where it was.
      """)

  @Argument(help: ArgumentHelp("The YAML file.", valueName: "file"))
  var file: String

  @Option(help: ArgumentHelp("One of the scales that the file has.", valueName: "name"))
  var scale: String?

  @Option(help: ArgumentHelp("The seed of the search instead of the file's.", valueName: "n"))
  var seed: Int?

  @OptionGroup var options: TuningOptions

  func run() throws {
    var tuning = try Tuning(
      file: file, scale: scale, keepsTasks: !options.task.isEmpty,
      base: PaperExperiment.yaml(ofFile:))
    let folder = URL(fileURLWithPath: file).deletingLastPathComponent().relativePath
    var command = "adamqlr tune \(portablePath(file))"
    if let scale { command += " --scale \(scale)" }
    if let seed {
      guard seed >= 0 else { throw ValidationError("--seed is \(seed), but must be from 0") }
      tuning.seed = UInt64(seed)
      command += " --seed \(seed)"
    }
    try options.check([tuning])
    for task in tuning.tasks where options.isAsked(task) {
      // What is wrong with the data is wrong in all runs.
      if let error = options.absence(of: task, tuning) { throw error }
    }
    switch try options.run(tuning, in: options.output ?? folder, command: command) {
    case .complete: break
    case .incomplete, .nothing: throw ExitCode.failure
    }
  }
}
