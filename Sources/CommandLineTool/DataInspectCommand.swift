import ArgumentParser
import Commands
import Tasks
import Training

struct DataInspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect", abstract: "Says what is understood of a table, without training.",
    discussion: """
      Shows what 'train --task table' would make of a file: whether it has a header, what is \
      predicted, what each column is taken for, how many rows train, what is left out and what looks \
      wrong. The settings are those of 'train', and what is refused comes with the setting that helps.

        adamqlr data inspect houses.csv
        adamqlr data inspect houses.csv --target price
        adamqlr data inspect houses.csv --target price --set data.missing=impute \\
          --set 'data.dates=[sold]'
      """)

  @Argument(help: ArgumentHelp("The table.", valueName: "file"))
  var file: String

  @Option(help: ArgumentHelp("The column to predict, its name or its number from 1."))
  var target: String?

  @Option(
    name: [.customShort("c"), .customLong("config")],
    help: ArgumentHelp("A YAML file of settings; later ones go over earlier.", valueName: "file"))
  var files: [String] = []

  @Option(
    name: .customLong("set"),
    help: ArgumentHelp(
      "One setting, such as data.header=false.", discussion: "See 'adamqlr optimizers'.",
      valueName: "key=value"))
  var assignments: [String] = []

  @Flag(help: "Print one JSON object.")
  var json = false

  func run() throws {
    var sources = SettingsSources()
    for file in files { try sources.add(file: file) }
    for assignment in assignments { try sources.add(assignment, from: "--set") }
    try sources.add("task", .text("table"), from: "the command")
    try sources.add("data.path", .text(file), from: "the command")
    if let target { try sources.add("data.target", .text(target), from: "--target") }
    let source = try sources.resolve(needsData: false).table
    let summary = try source.inspect(withTarget: !source.target.isEmpty)
    if json { return JSONLine(summary).print() }
    summary.lines.forEach(Output.line)
    for note in summary.notes { Output.line("  note: \(note)") }
    for problem in summary.problems { Output.line("  refused: \(problem)") }
    if source.target.isEmpty {
      Output.line("  --target COLUMN says what is to be predicted")
    }
  }
}
