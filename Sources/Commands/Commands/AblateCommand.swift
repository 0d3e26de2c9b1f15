import ArgumentParser
import Studies
import Training

struct AblateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ablate", abstract: "Measures what each heuristic of a method is worth.",
    discussion: """
      Trains the base as it is, with each of its heuristics switched off, and with each switched on \
      that only the other base has, one at a time, with several seeds:

        adamqlr ablate
        adamqlr ablate --task uci-energy --data-dir data --base kfac --seeds 10

      The second table says how many times the base's loss a variant's is, seed by seed: above 1, \
      the switch does harm. As 'compare', it goes on after an interruption, and 'adamqlr report' \
      draws what came out.
      """)

  @Option(
    help: ArgumentHelp(
      "adamqlr or kfac: whose heuristics are switched.", discussion: "Default: adamqlr.",
      valueName: "base"))
  var base: Ablation.Base?

  @OptionGroup var options: ComparisonOptions

  func validate() throws {
    if options.resume != nil, base != nil {
      throw ValidationError("--resume takes the base from the directory")
    }
  }

  func run() throws {
    let study = Ablation(base ?? .adamQLR)
    let comparison = try options.run(study.contenders, from: "--base")
    guard let results = try RunCollection([comparison.path]).tasks.first else { return }
    Output.line("\nlosses as multiples of \(results.groups[0].label)'s, by seed:")
    EffectTable(results.groups).textLines.forEach(Output.line)
  }
}

extension Ablation.Base: ExpressibleByArgument {}

extension EffectTable {
  /// The table as text.
  var textLines: [String] {
    var table = TextTable("", "training loss", "validation loss", "test loss")
    func text(_ estimate: Estimate?) -> String {
      estimate.map { "×\($0.median.short) [\($0.low.short), \($0.high.short)]" } ?? "–"
    }
    for row in rows {
      table.add(row.label, text(row.training), text(row.validation), text(row.test))
    }
    return table.lines
  }
}
