import Foundation
import Testing

@Suite("adamqlr report")
struct ReportCommandTests {
  /// Whether plots can be drawn here; they need not be.
  private static let hasGnuplot: Bool = {
    let folders = ProcessInfo.processInfo.environment["PATH"]?.split(separator: ":") ?? []
    return folders.contains { FileManager.default.isExecutableFile(atPath: "\($0)/gnuplot") }
  }()

  private func comparison(_ task: String, _ options: String...) throws -> String {
    let path = Tool.newPath("comparison")
    let result = try Tool.run(
      ["compare", "--task", task, "--seeds", "2", "--output", path] + options)
    #expect(result.status == 0, "\(result.errors)")
    return path
  }

  @Test("Without gnuplot a line says how to get it, and the tables are written")
  func tables() throws {
    let path = try comparison("rosenbrock", "--steps", "20", "--optimizers", "adamqlr,adam")
    let result = try Tool.run(["report", path], path: "/nowhere")
    #expect(result.status == 0)
    #expect(result.lines == ["the report is in \(path)/report.html"])
    #expect(result.errors.split(separator: "\n").count == 1)
    #expect(result.errors.contains("apt-get install gnuplot-nox"))
    let page = try String(contentsOfFile: path + "/report.html", encoding: .utf8)
    #expect(page.contains("training loss") && !page.contains("<figure"))
    for format in ["md", "latex", "csv"] {
      let result = try Tool.run("report", path, "--format", format)
      #expect(result.status == 0 && result.errors.isEmpty, "\(result.errors)")
      #expect(result.output.contains("adamqlr") && result.output.contains("rosenbrock"))
    }
  }

  @Test(
    "Where PATH has no gnuplot, the one in the user's cache draws",
    .enabled(if: hasGnuplot, "gnuplot is not installed"))
  func cachedProgram() throws {
    let path = try comparison("rosenbrock", "--steps", "5", "--optimizers", "adam")
    let cache = Tool.newPath("cache")
    let tools = cache + "/adamqlr-swift/tools"
    try FileManager.default.createDirectory(atPath: tools, withIntermediateDirectories: true)
    let folders = ProcessInfo.processInfo.environment["PATH"]?.split(separator: ":") ?? []
    let program = try #require(
      folders.map { "\($0)/gnuplot" }.first(where: FileManager.default.isExecutableFile))
    symlink(program, tools + "/gnuplot")
    let result = try Tool.run(["report", path], path: "/nowhere", cache: cache)
    #expect(result.status == 0 && result.errors.isEmpty, "\(result.errors)")
    #expect(
      try String(contentsOfFile: path + "/report.html", encoding: .utf8).contains("<figure"))
  }

  @Test("A gnuplot that fails costs the plots alone")
  func brokenProgram() throws {
    let path = try comparison("rosenbrock", "--steps", "5", "--optimizers", "adam")
    let folder = Tool.newPath("bin")
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let program = folder + "/gnuplot"
    try Data("#!/bin/sh\necho no terminal >&2\nexit 1\n".utf8).write(
      to: URL(fileURLWithPath: program))
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: program)
    let result = try Tool.run(["report", path], path: folder)
    #expect(result.status == 0)
    #expect(result.errors.contains("no terminal"), "\(result.errors)")
    #expect(FileManager.default.fileExists(atPath: path + "/report.html"))
  }

  @Test(
    "Every plot is drawn, in the page and as files",
    .enabled(if: hasGnuplot, "gnuplot is not installed"))
  func plots() throws {
    let label = #"odd 'x' `id` "q" @a {b}_c^d %e & <f> \n"#
    let path = try comparison(
      "digits", "--epochs", "2", "--batch-size", "2000", "--optimizers",
      "adamqlr-paper,\(label)=adam,bad=sgd+learning-rate.value=1e+6", "--set",
      "network.hidden=[4]")
    let rosenbrock = try comparison(
      "rosenbrock", "--steps", "300", "--optimizers", "adamqlr-paper,sgd")
    let output = Tool.newPath("report")
    let page = output + "/all.html"
    try FileManager.default.createDirectory(atPath: output, withIntermediateDirectories: true)
    for format in ["svg", "pdf", "png"] {
      let result = try Tool.run("report", path, rosenbrock, "--output", page, "--plots", format)
      #expect(result.status == 0)
      #expect(result.errors.isEmpty, "\(result.errors)")
      let names = try FileManager.default.contentsOfDirectory(atPath: output + "/plots")
        .filter { $0.hasSuffix("." + format) }
      // Losses by time and epoch, accuracies, and what the heuristics chose; the same with the
      // trajectories, without examples.
      #expect(names.count == 17, "\(names)")
      for name in names {
        let attributes = try FileManager.default.attributesOfItem(atPath: "\(output)/plots/\(name)")
        let size = try #require(attributes[.size] as? Int)
        #expect(size > 2000 && size < 500_000, "\(name)")
      }
    }
    let text = try String(contentsOfFile: page, encoding: .utf8)
    #expect(text.components(separatedBy: "<figure").count - 1 == 17)
    #expect(text.contains("odd &#39;x&#39; `id` &quot;q&quot; @a {b}_c^d %e &amp; &lt;f&gt; \\n"))
    // The colors of the first two optimizers are in every plot of losses.
    let svg = try String(
      contentsOfFile: output + "/plots/digits-test-loss-epochs.svg", encoding: .utf8)
    #expect(svg.contains("rgb(  0, 114, 178)") && svg.contains("rgb(213,  94,   0)"))
    #expect(svg.contains(#"odd 'x' `id` "q" @a {b}_c^d %e &amp; &lt;f> \n"#))
  }

  @Test("A run that is under way is shown as such")
  func running() throws {
    let path = Tool.newPath("running")
    let output = Pipe()
    let process = try Tool.start(
      ["train", "--epochs", "2000", "--json", "--output", path], limit: 60, output: output,
      errors: Pipe())
    _ = output.fileHandleForReading.availableData
    let during = try Tool.run("report", path, "--format", "md")
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
    let after = try Tool.run("report", path, "--format", "md")
    #expect(during.output.contains("adamqlr, seed 0: still running"), "\(during)")
    #expect(after.output.contains("adamqlr, seed 0: interrupted"), "\(after)")
  }

  @Test("Directories without runs are said to be so")
  func mistakes() throws {
    for (arguments, part) in [
      (["report", "/nowhere"], "no such directory"), (["report", "/proc/self/fd"], "no runs"),
      (["report"], "dir"),
      (["report", "/nowhere", "--format", "doc"], "format"),
    ] {
      let result = try Tool.run(arguments)
      #expect(result.status != 0)
      #expect(result.errors.contains(part), "\(result.errors)")
    }
  }

  @Test("The demonstration ends with a report")
  func demo() throws {
    let result = try Tool.run("demo", "--epochs", "1")
    #expect(result.status == 0, "\(result.errors)")
    let line = try #require(result.lines.last)
    #expect(line.hasPrefix("the report is in runs/demo-"))
    let path = Tool.scratch.path + "/" + line.dropFirst("the report is in ".count)
    let page = try String(contentsOfFile: path, encoding: .utf8)
    #expect(page.contains("adam batch-size=128") && page.contains("adamqlr"))
  }
}
