import ArgumentParser
import Studies
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
          adam,paper=adamqlr-paper+acceptance.kind=only-decreases,mine.yaml

      Settings come from the defaults, then files, then flags, then those behind plus signs. Runs \
      are made in processes of their own with one thread, as many at a time as there are cores; where \
      the length is in seconds, one at a time with all threads.

      Ctrl-C stops all of them after their steps. The same command with --output, or --resume, goes \
      on: runs that are over are kept, the others go on where they were. 'adamqlr report' draws \
      what came out.
      """)

  @Option(
    help: ArgumentHelp(
      "What is compared, separated by commas: [name=]preset|file[+key=value…].",
      discussion: "Presets: \(Preset.all.map(\.name).joined(separator: ", ")).",
      valueName: "list"))
  var optimizers: String?

  @OptionGroup var options: ComparisonOptions

  func validate() throws {
    if options.resume == nil, optimizers == nil {
      throw ValidationError(
        "--optimizers is missing: what is to be compared, such as adamqlr,adam,sgd")
    }
    if options.resume != nil, optimizers != nil {
      throw ValidationError("--resume takes the optimizers from the directory")
    }
  }

  func run() throws {
    try options.run(
      try optimizers.map(ContenderDescription.list) ?? [], from: "--optimizers")
  }
}
