import Files
import ArgumentParser
import Foundation
import Reports
import Studies
import Training

struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report", abstract: "Shows runs and comparisons as a page, tables and plots.",
    discussion: """
      Directories are those of runs or of comparisons, or of several such, and may be of runs that \
      are under way, were interrupted or diverged.

        adamqlr report runs/compare-digits-20260101-120000
        adamqlr report runs --output runs.html
        adamqlr report runs/a runs/b --format latex --output table.tex --plots pdf

      The page is one file that needs no network. Plots are drawn by gnuplot; without it there are \
      the tables.
      """)

  @Argument(help: ArgumentHelp("Directories.", valueName: "dir"))
  var paths: [String]

  @Option(
    help: ArgumentHelp(
      "The report's file.",
      discussion: "Default: report.html in the directory, or here if there are several; other "
        + "formats go to standard output.", valueName: "file"))
  var output: String?

  @Option(
    help: ArgumentHelp(
      "html, a page; md, latex or csv, the tables.", discussion: "Default: html.",
      valueName: "format"))
  var format: Report.Format?

  @Option(
    help: ArgumentHelp(
      "Also write every plot as a file: svg, pdf or png.",
      discussion: "They go into the folder 'plots' beside the report.", valueName: "format"))
  var plots: PlotFormat?

  func run() throws {
    let writer = ReportWriter(
      report: Report(try RunCollection(paths)), output: output, format: format ?? .html,
      plots: plots, folder: paths.count == 1 ? paths[0] : ".")
    try writer.write()
  }
}

extension Report.Format: ExpressibleByArgument {}
extension PlotFormat: ExpressibleByArgument {}

/// Writes a report and says where it is.
struct ReportWriter {
  var report: Report
  var output: String?
  var format: Report.Format
  var plots: PlotFormat?
  /// Where a page lies unless told otherwise.
  var folder: String

  func write() throws {
    report.collection.damage.forEach { Output.warning("left out: \($0)") }
    let needsPlots = format == .html || plots != nil
    var gnuplot = Gnuplot()
    if needsPlots, gnuplot == nil { Output.warning(Gnuplot.advice) }
    let path = output ?? (format == .html ? "\(folder)/report.html" : nil)
    // Before plots are drawn, which takes a while.
    let file = try path.map { path throws(FileError) in try OutputFile(path) }
    try file?.refuse(where: RunDirectory.owns)
    let plotFolder =
      path.map { URL(fileURLWithPath: $0).deletingLastPathComponent().relativePath } ?? folder
    var written: [String] = []
    if let plots, let program = gnuplot {
      do {
        let count = try report.writePlots(plots, to: plotFolder + "/plots", program)
        written.append("\(count) plots are in \(plotFolder)/plots")
      } catch let error as ReportError {
        // A program that does not do what it should is as good as none.
        Output.warning("\(error)")
        gnuplot = nil
      }
    }
    let text: String
    do {
      text = try self.text(gnuplot)
    } catch let error as ReportError {
      Output.warning("\(error)")
      text = try self.text(nil)
    }
    if let file {
      try file.write(Data(text.utf8))
      written.append("the report is in \(file.path)")
      written.forEach(Output.line)
    } else {
      Output.text(text)
      written.forEach(Output.warning)
    }
  }

  private func text(_ gnuplot: Gnuplot?) throws -> String {
    try report.text(
      format, gnuplot: gnuplot, plotFolder: plots == .svg && gnuplot != nil ? "plots" : nil)
  }
}
