import Foundation
import Testing

#if canImport(FoundationXML)
  import FoundationXML
#endif

@Suite("adamqlr tune and paper")
struct TuneCommandTests {
  private func folder() throws -> String {
    let path = try Tool.newPointsFolder("tune")
    let file = """
      title: Tiny
      samples: 10
      rungs: {steps: 50, factor: 2}
      repetitions: 2
      tasks:
        - {name: points, task: table, data: points.csv, steps: 600, batch-size: 50,
           settings: {data.target: y, network.hidden: [8]}}
      optimizers:
        - adamqlr
        - optimizer: adam
          title: Adam
          search: {learning-rate.value: {log-uniform: [1e-5, 1]}, batch-size: [20, 200]}
        - optimizer: sgd
          search: {learning-rate.value: {log-uniform: [1e-3, 1e+4]}}
      sweeps:
        - {name: rate, optimizers: [adam], settings: learning-rate.value, values: [1e-4, 1e-2]}
      """
    try Data(file.utf8).write(to: URL(fileURLWithPath: path + "/search.yaml"))
    return path
  }

  private func arguments(_ folder: String, jobs: Int) -> [String] {
    [
      "tune", folder + "/search.yaml", "--data-dir", folder, "--output", folder, "--jobs",
      "\(jobs)",
    ]
  }

  /// The rows of trials and of repetitions without times.
  private func rows(_ folder: String) throws -> [[String]] {
    func cells(_ name: String, without columns: Set<String>) throws -> [[String]] {
      let text = try String(contentsOfFile: "\(folder)/points/\(name)", encoding: .utf8)
      let rows = text.split(separator: "\n").map {
        $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
      }
      return rows.map { row in
        zip(rows[0], row).filter { !columns.contains($0.0) }.map(\.1)
      }
    }
    return try cells("trials.csv", without: ["seconds"])
      + cells("results.csv", without: ["seconds", "wall-seconds", "curve-seconds"])
  }

  @Test(
    "Killed at any time and however many at once, a search by steps has the same history")
  func interruption() throws {
    let (whole, broken) = (try folder(), try folder())
    let first = try Tool.run(arguments(whole, jobs: 1))
    #expect(first.status == 0, "\(first.errors)")
    let rows = try rows(whole)
    // Some trials end early, and some go on; of each a row a rung.
    #expect(rows.contains { $0.prefix(1) == ["adam"] && $0[3] == "end" })
    #expect(rows.count { $0.prefix(2) == ["adam", "7"] } >= 1)
    #expect(!FileManager.default.fileExists(atPath: whole + "/points/search"))
    let page = try String(contentsOfFile: whole + "/points/README.md", encoding: .utf8)
    #expect(page.contains("| Adam | 2 |") && page.contains("## Selected settings"))
    let html = try Data(contentsOf: URL(fileURLWithPath: whole + "/points/page.html"))
    #expect(XMLParser(data: html).parse())

    for number in 0..<5 {
      let process = try Tool.start(
        arguments(broken, jobs: 2) + ["--format", "latex"], output: Pipe(), errors: Pipe())
      usleep(useconds_t(120_000 + 90_000 * (number % 4)))
      kill(process.processIdentifier, number % 2 == 0 ? SIGKILL : SIGINT)
      process.waitUntilExit()
    }
    let last = try Tool.run(arguments(broken, jobs: 3) + ["--format", "latex"])
    #expect(last.status == 0, "\(last.errors)")
    #expect(try self.rows(broken) == rows)
  }

  @Test("An experiment of the paper is made, and shown as page, tables and plots")
  func experiment() throws {
    let list = try Tool.run(["paper"])
    #expect(list.status == 0 && list.output.contains("ablation-curvature"))
    let printed = try Tool.run(["paper", "ablation-damping", "--print"])
    #expect(printed.output.contains("extends: performance.yaml"))
    #expect(try Tool.run(["paper", "everything"]).status == 64)

    let output = Tool.newPath("paper")
    let arguments = [
      "paper", "rosenbrock", "--scale", "smoke", "--output", output, "--optimizer", "kfac",
      "--optimizer", "adamqlr-hessian-untuned", "--format", "md", "--format", "latex",
    ]
    let made = try Tool.run(arguments)
    #expect(made.status == 0, "\(made.errors)")
    let folder = output + "/rosenbrock/rosenbrock"
    let page = try String(contentsOfFile: folder + "/README.md", encoding: .utf8)
    #expect(page.contains("10 samples instead of 200"))
    #expect(page.contains("| AdamQLR (untuned, Hessian) | 1 |"))
    #expect(page.contains("$ adamqlr paper rosenbrock --scale smoke --task rosenbrock"))
    // Others read the page, on other machines.
    #expect(page.contains("--output \((output as NSString).lastPathComponent) "))
    #expect(!page.contains(output))
    let tables = try String(contentsOfFile: folder + "/tables.tex", encoding: .utf8)
    #expect(tables.contains("\\toprule"))
    if page.contains("plots/trajectories.svg") {
      #expect(FileManager.default.fileExists(atPath: folder + "/plots/trajectories.svg"))
    }
    #expect(try Tool.run(["paper", "svhn"]).status == 64)
    let absent = try Tool.run(
      ["paper", "performance", "--task", "svhn", "--data-dir", output + "/none"])
    #expect(absent.status == 66 && absent.errors.contains("data fetch svhn"))
    for arguments in [["--task", "none"], ["--sweep", "rate"], ["--optimizer", "none"]] {
      #expect(try Tool.run(["paper", "rosenbrock"] + arguments).status == 64)
    }
    // The other scale's results stay, and are no part of its page.
    let other = try Tool.run(arguments.map { $0 == "smoke" ? "laptop" : $0 } + ["--report-only"])
    #expect(other.status == 0, "\(other.errors)")
    let history = try String(contentsOfFile: folder + "/trials.csv", encoding: .utf8)
    #expect(history.split(separator: "\n").count == 1 + 10)
  }
}
