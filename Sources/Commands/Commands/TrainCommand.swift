import ArgumentParser
import Foundation
import Tasks
import AdamQLRTorch
import Training

struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train", abstract: "Trains a network.",
    discussion: """
      Settings come from the defaults, then YAML files in order, then flags. The preset that \
      --optimizer names is the base of all of them; 'adamqlr optimizers' lists every setting.

        adamqlr train
        adamqlr train --task uci-energy --epochs 200
        adamqlr train --optimizer adam --set learning-rate.value=1e-2 --batch-size 128
        adamqlr train -c base.yaml -c mine.yaml --json
        adamqlr train --task table --set data.path=houses.csv --set data.target=price
        adamqlr train --task text --set text.path=plays.txt

      Everything about a run is kept in a directory of its own: settings, a log for TensorBoard, \
      and checkpoints. Ctrl-C ends the run after the current step, with the summary so far; it goes \
      on exactly where it was, also after a crash:

        adamqlr train --resume runs/digits-adamqlr-20260101-120000

      Several processes divide each batch among them, on one machine or more (Documentation/ranks.md):

        torchrun --no-python --nproc-per-node 2 adamqlr train --task uci-protein
      """)

  @OptionGroup var options: SettingsOptions

  @OptionGroup var length: LengthOptions

  @Option(
    help: ArgumentHelp(
      "Weights to start from: safetensors of torchvision, timm or transformers, or of a run.",
      discussion: "Default: they are drawn.", valueName: "file"))
  var initialWeights: String?

  @Option(help: ArgumentHelp("Epochs from one evaluation to the next. Default: 1.", valueName: "n"))
  var evalEvery: Int?

  @Option(
    help: ArgumentHelp("Steps from one row of the log to the next. Default: 1.", valueName: "n"))
  var logEvery: Int?

  @Option(
    help: ArgumentHelp(
      "Steps from one checkpoint to the next. Default: one a minute.", valueName: "n"))
  var checkpointEvery: Int?

  @Option(help: ArgumentHelp("The number of checkpoints to keep. Default: 3.", valueName: "n"))
  var keep: Int?

  @Option(
    help: ArgumentHelp(
      "The run's directory.", discussion: "Default: runs/TASK-OPTIMIZER-TIME.", valueName: "dir"))
  var output: String?

  @Option(
    help: ArgumentHelp(
      "Go on with the run in this directory.",
      discussion:
        "Its settings are taken from there; only its length, its device and the places of data can "
        + "be changed.",
      valueName: "dir"))
  var resume: String?

  @Flag(help: "One JSON object a line on standard output instead, the summary last.")
  var json = false

  func validate() throws {
    if resume != nil {
      if output != nil { throw ValidationError("give --output or --resume, not both") }
      var others = options
      others.problem.device = nil
      others.problem.data.dataDir = nil
      others.problem.assignments.removeAll(where: isPlace)
      if others.isAnyGiven || initialWeights != nil
        || [evalEvery, logEvery, checkpointEvery, keep].contains(where: { $0 != nil })
      {
        throw ValidationError(
          "--resume takes all settings from the run's directory; only --epochs, --steps, --seconds, "
            + "--device, --data-dir, and paths of data by --set can be given with it")
      }
    }
  }

  func run() throws {
    let ranks = try Ranks()
    try ranks.ending {
      guard ranks.isFirst else { return try follow(ranks) }
      try lead(ranks)
    }
  }

  /// What the only process does, or the first of several ranks.
  private func lead(_ ranks: Ranks) throws {
    let run = try Output.showingProgress(of: "images") { try makeRun(ranks.group) }
    let reporter: any TrainingReporter =
      json ? JSONReporter(run) : TextReporter(run)
    for note in run.notes { Output.warning("note: \(note)") }
    Interruption.watch()
    reporter.start()
    let summary = try run.run { event in
      reporter.report(event)
      return Interruption.signal == 0 ? .goOn : .stop
    }
    reporter.finish(summary)
    if let divergence = summary.divergence {
      Output.warning("\(divergence.text); the log is in \(run.directory.path)")
    }
    try end(summary)
  }

  /// What the other ranks do.
  private func follow(_ ranks: Ranks) throws {
    guard let group = ranks.group else { return }
    var run = try makeFollowingRun(group)
    Interruption.watch()
    try end(run.run { Interruption.signal == 0 })
  }

  private func end(_ summary: TrainingSummary) throws {
    if summary.divergence != nil { throw ExitCode.failure }
    // It may be another rank that was asked to stop.
    let signal = Interruption.signal != 0 ? Interruption.signal : summary.isComplete ? 0 : SIGINT
    if signal != 0 { throw ExitCode(128 + signal) }
  }

  private func makeRun(_ group: ProcessGroup?) throws -> TrainingRun {
    guard let resume else {
      return try TrainingRun(try settings(), in: output, group: group)
    }
    let directory = try RunDirectory(existing: resume)
    let run = try TrainingRun(
      resuming: directory, try settings(of: directory), group: group)
    for damage in run.damage { Output.warning("\(damage); going on from the one before") }
    return run
  }

  private func makeFollowingRun(_ group: ProcessGroup) throws -> FollowingRun {
    guard let resume else { return try FollowingRun(try settings(), in: group) }
    let directory = try RunDirectory(existing: resume)
    return try FollowingRun(resuming: directory, try settings(of: directory), in: group)
  }

  /// The settings of a new run.
  private func settings() throws -> Settings {
    var sources = try options.sources()
    try length.add(to: &sources)
    try sources.add("initial-weights", initialWeights, from: "--initial-weights")
    try sources.add("eval-every", evalEvery, from: "--eval-every")
    try sources.add("log-every", logEvery, from: "--log-every")
    try sources.add("checkpoint-every", checkpointEvery, from: "--checkpoint-every")
    try sources.add("keep", keep, from: "--keep")
    return try sources.resolve()
  }

  /// The settings of a run that goes on.
  private func settings(of directory: RunDirectory) throws -> Settings {
    var sources = SettingsSources()
    // A run of an earlier version is refused by what its checkpoint says.
    try sources.add(file: directory.settingsPath, ignoresRemoved: true)
    try length.add(to: &sources)
    try sources.add("device", options.problem.device, from: "--device")
    try sources.add("data-dir", options.problem.data.dataDir, from: "--data-dir")
    for assignment in options.problem.assignments { try sources.add(assignment, from: "--set") }
    return try sources.resolve(ignoresIdle: true).withAbsolutePaths
  }

  /// Whether an assignment says where data lie.
  private func isPlace(_ assignment: String) -> Bool {
    Settings.placeNames.contains(String(assignment.prefix { $0 != "=" }))
  }
}
