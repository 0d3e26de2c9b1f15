import ArgumentParser
import Studies

/// The options that say how the runs of a study are made.
struct RunOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The number of runs at a time.", discussion: "Default: as many as there is room for.",
      valueName: "n"))
  var jobs: Int?

  @Option(help: ArgumentHelp("The threads of a run. Default: 1.", valueName: "n"))
  var threads = 1

  @OptionGroup var engine: EngineOptions
  @OptionGroup var data: DataDirectoryOption

  func validate() throws {
    for (name, value) in [("--threads", threads), ("--jobs", jobs ?? 1)] where value < 1 {
      throw ValidationError("\(name) is \(value), but must be a whole number from 1")
    }
  }

  /// The number of runs at a time; `nil`: as many as there is room for.
  var count: Int? { jobs ?? engine.defaultCount(threads: threads) }

  /// What makes the runs.
  func makeEngine() -> Engine { engine.make(count: count, threads: threads) }
}
