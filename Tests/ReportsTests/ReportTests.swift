import Foundation
import FoundationXML
import Reports
import Studies
import Testing

@Suite("Reports")
struct ReportTests {
  /// Three seeds of one optimizer, and one of another that diverged.
  private func comparison() throws -> FixedRuns {
    let runs = try FixedRuns()
    try runs.write(
      #"{"version": "1", "labels": ["a_1 & <b>|$", "sgd"], "seeds": 3}"#,
      to: "study/comparison.json")
    let name = "study/a_1 & <b>|$"
    try runs.write("task: uci-energy\noptimizer: adam\n", to: "\(name)/optimizer.yaml")
    try runs.write("task: uci-energy\noptimizer: sgd\n", to: "study/sgd/optimizer.yaml")
    for (seed, losses) in [(0.125, 0.5), (0.25, 0.5), (0.0000625, 1.5)].enumerated() {
      try runs.add(
        "\(name)/seed-\(seed)", settings: "optimizer: adam\nseed: \(seed)", losses: losses)
    }
    try runs.add(
      "study/sgd/seed-0", settings: "optimizer: sgd", state: "diverged", losses: (1e30, 1e30),
      steps: 11)
    return runs
  }

  private func report(_ runs: FixedRuns) throws -> Report {
    Report(try RunCollection([runs.path]))
  }

  @Test("Markdown")
  func markdown() throws {
    let lines = try report(try comparison()).text(.markdown).split(separator: "\n")
    let expected = #"""
      # Training runs: uci-energy
      ## uci-energy
      4 runs with 3 seeds, 588 training examples, 501 parameters, batches of at most 3200, 200 epochs, adamqlr 1, libtorch 2.
      | optimizer | runs | training loss | validation loss | test loss | generalization gap | steps | seconds |
      | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
      | a\_1 &amp; &lt;b&gt;\|$ | 3 | 0.125 [6.25e-05, 0.25] | 0.25 | 0.5 [0.5, 1.5] | 0.375 [0.25, 1.5] | 1000 | 0.5 |
      | sgd | 1 (1 diverged) | ∞ | ∞ | ∞ | – | 11 | 0.5 |
      Medians over seeds, with 95 % confidence intervals of the median by the bootstrap. A run that diverged counts with infinite losses.
      - sgd, seed 0: diverged
      Settings that differ:
      """#
    #expect(lines.prefix(10).joined(separator: "\n") == expected)
    #expect(lines.contains("| learning-rate.value | 0.001 | 0.1 |"))
  }

  @Test("The lowest validation loss and what was there, and a run that was stopped early")
  func lowest() throws {
    let runs = try FixedRuns()
    let losses = [(0.5, 0.75), (0.125, 0.625), (0.25, 0.5)]
    let curve = losses.enumerated().map { index, losses in
      #"""
      {"epoch": \#(index + 1), "step": \#(10 * (index + 1)), "seconds": 1, "trainingLoss": 1,
       "validation": {"loss": \#(losses.0)}, "test": {"loss": \#(losses.1)}}
      """#
    }
    try runs.add(
      "runs/adam", settings: "optimizer: adam", losses: (0.25, 0.5),
      more: ",\"curve\": [\(curve.joined(separator: ","))],"
        + "\"earlyStop\": {\"step\": 30, \"evaluations\": 1}")
    let lines = try report(runs).text(.markdown).split(separator: "\n")
    #expect(
      lines.contains {
        $0.hasPrefix("| optimizer |")
          && $0.contains("lowest validation loss | test loss at lowest | steps to lowest | steps |")
      })
    #expect(lines.contains { $0.contains("| 0.125 | 0.625 | 20 | 1000 |") })
    #expect(
      lines.contains(
        "- adam, seed 0: stopped early after step 30: the last evaluation had no lower validation loss"
      ))
  }

  @Test("LaTeX")
  func latex() throws {
    let text = try report(try comparison()).text(.latex)
    #expect(
      text == #"""
        \begin{table}
          \caption{uci-energy: medians over seeds and 95\,\% confidence intervals of the median}
          \centering
          \begin{tabular}{llrrrrrr}
            \toprule
            optimizer & runs & training loss & validation loss & test loss & generalization gap & steps & seconds \\
            \midrule
            a\_1 \& \textless{}b\textgreater{}\textbar{}\$ & 3 & 0.125 & 0.25 & 0.5 & 0.375 & 1000 & 0.5 \\
             &  & {\small[$6.25\times10^{-5}$, 0.25]} &  & {\small[0.5, 1.5]} & {\small[0.25, 1.5]} &  &  \\
            sgd & 1 (1 diverged) & $\infty$ & $\infty$ & $\infty$ & -- & 11 & 0.5 \\
            \bottomrule
          \end{tabular}
        \end{table}

        """#)
  }

  @Test("Comma-separated values, with a row a run and a row an optimizer")
  func csv() throws {
    let runs = try comparison()
    let rows = try report(runs).text(.csv).split(separator: "\n").map {
      $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }
    #expect(rows.count == 7)
    #expect(rows.allSatisfy { $0.count == rows[0].count })
    func column(_ name: String) throws -> [String] {
      let index = try #require(rows[0].firstIndex(of: name))
      return rows.dropFirst().map { $0[index] }
    }
    #expect(try column("kind") == ["run", "run", "run", "run", "median", "median"])
    #expect(try column("seed") == ["0", "1", "2", "0", "", ""])
    #expect(try column("state").prefix(4) == ["finished", "finished", "finished", "diverged"])
    #expect(
      try column("training_loss") == ["0.125", "0.25", "6.25e-05", "inf", "0.125", "inf"])
    #expect(try column("training_loss_low") == ["", "", "", "", "6.25e-05", "inf"])
    #expect(try column("diverged") == ["", "", "", "", "0", "1"])
    #expect(try column("directory")[3] == "\(runs.path)/study/sgd/seed-0")
  }

  @Test("Labels that hold a separator are quoted in CSV")
  func quoting() throws {
    let runs = try FixedRuns()
    try runs.write(#"{"version": "1", "labels": ["a,\"b"], "seeds": 1}"#, to: "comparison.json")
    try runs.write("task: uci-energy\n", to: "a,\"b/optimizer.yaml")
    try runs.add("a,\"b/seed-0", settings: "seed: 0", losses: (1, 2))
    #expect(try report(runs).text(.csv).contains("\nuci-energy,\"a,\"\"b\",run,0,finished,"))
  }

  @Test(
    "The page is well-formed and loads nothing, with or without plots", arguments: [false, true])
  func page(_ drawsPlots: Bool) throws {
    let gnuplot = drawsPlots ? Gnuplot() : nil
    if drawsPlots, gnuplot == nil {
      print("not tested: the plots of a page, since gnuplot is not installed")
      return
    }
    let text = try report(try comparison()).text(.html, gnuplot: gnuplot)
    let page = PageReader()
    let parser = XMLParser(data: Data(text.utf8))
    parser.delegate = page
    #expect(parser.parse(), "\(parser.parserError.map { "\($0)" } ?? "")")
    #expect(page.counts["script"] == nil && page.counts["img"] == nil && page.counts["link"] == nil)
    #expect(page.links.allSatisfy { $0.hasPrefix("#") })
    #expect(!text.contains("http://") && !text.contains("https://"))
    #expect(page.text.contains("a_1 & <b>|$"))
    #expect(page.text.contains("sgd, seed 0: diverged"))
    #expect(page.text.contains("gnuplot-nox") == !drawsPlots)
  }

  @Test("Runs outside comparisons are told apart by what differs in their settings")
  func labels() throws {
    let runs = try FixedRuns()
    for (index, settings) in [
      "optimizer: adam", "optimizer: adam\nlearning-rate.value: 0.01",
      "optimizer: adam\nbatch-size: 10", "optimizer: sgd", "optimizer: sgd\nthreads: 3",
    ].enumerated() {
      try runs.add("run-\(index)", settings: "\(settings)\nseed: \(index)", losses: (1, 2))
    }
    let groups = try #require(try RunCollection([runs.path]).tasks.first).groups
    #expect(
      groups.map(\.label) == [
        "adam batch-size=3200 learning-rate.value=0.001",
        "adam batch-size=3200 learning-rate.value=0.01",
        "adam batch-size=10 learning-rate.value=0.001", "sgd",
      ])
    #expect(groups.map(\.runs.count) == [1, 1, 1, 2])
  }

  @Test("Damaged and unfinished runs are said to be so, and the others shown")
  func damage() throws {
    let runs = try FixedRuns()
    try runs.add("good", settings: "seed: 0", losses: (1, 2))
    try runs.add("killed", settings: "seed: 1", state: "running")
    try runs.add("stopped", settings: "seed: 2", state: "stopped", losses: (3, 4))
    try runs.add("bad-status", settings: "seed: 3", losses: (1, 2))
    try runs.write("{", to: "bad-status/run.json")
    try runs.add("bad-log", settings: "seed: 4", losses: (1, 2))
    try runs.write("not an event file at all", to: "bad-log/events.out.tfevents.adamqlr")
    try runs.add("no-log", settings: "seed: 5", losses: (1, 2))
    try FileManager.default.removeItem(atPath: runs.path + "/no-log/events.out.tfevents.adamqlr")
    try runs.add("bad-settings", settings: "sed: 6", losses: (1, 2))
    let report = try report(runs)
    let text = try report.text(.markdown)
    for part in [
      "adamqlr, seed 1: interrupted, before its end",
      "adamqlr, seed 2: stopped after step 1000, before its end",
      "bad-status/run.json: the file is damaged",
      #"bad-log/events.out.tfevents.adamqlr: the record at byte 0 is damaged"#,
      "no-log/events.out.tfevents.adamqlr", "bad-settings/settings.yaml", "sed",
      "| adamqlr | 6 (3 unfinished) |",
    ] {
      #expect(text.contains(part), "\(part) in \(text)")
    }
    let page = try report.text(.html)
    #expect(page.contains("bad-status/run.json: the file is damaged"))
  }
}

/// What is in a page.
private final class PageReader: NSObject, XMLParserDelegate {
  var counts: [String: Int] = [:]
  var links: [String] = []
  var text = ""

  func parser(
    _ parser: XMLParser, didStartElement name: String, namespaceURI: String?,
    qualifiedName: String?, attributes: [String: String] = [:]
  ) {
    counts[name, default: 0] += 1
    for (key, value) in attributes where ["src", "href", "xlink:href"].contains(key) {
      links.append(value)
    }
  }

  func parser(_ parser: XMLParser, foundCharacters characters: String) { text += characters }
}
