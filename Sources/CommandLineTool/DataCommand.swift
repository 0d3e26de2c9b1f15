import Files
import ArgumentParser
import Commands
import Fetching
import Foundation
import Tasks

struct DataCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data", abstract: "Looks at tables; lists, fetches and checks data sets.",
    discussion: """
      'fetch' puts a data set where 'train' looks for it: in --data-dir, else in $ADAMQLR_DATA, \
      else in the user's cache directory (~/.cache/adamqlr-swift/data). The digits that a first \
      run learns are drawn by the program.

        adamqlr data list
        adamqlr data fetch fashion-mnist
        adamqlr data check fashion-mnist
        adamqlr train --task fashion-mnist
      """,
    subcommands: [
      DataInspectCommand.self, DataListCommand.self, DataFetchCommand.self, DataCheckCommand.self,
    ])
}

/// Where the data sets are.
struct DataOptions: ParsableArguments {
  @Option(
    name: .customLong("data-dir"),
    help: ArgumentHelp(
      "The directory of the data sets.",
      discussion: "Default: $ADAMQLR_DATA, else adamqlr-swift/data in the user's cache directory.",
      valueName: "dir"))
  var directory: String?

  var path: String { DataDirectory.path(directory) }
}

/// The data sets that a command is about.
struct DataNames: ParsableArguments {
  @Argument(
    help: ArgumentHelp(
      "Data sets: \(DataSource.publishedOnes.map(\.rawValue).joined(separator: ", ")).",
      valueName: "name"))
  var names: [String]

  func sources() throws -> [DataSource] {
    try names.map { name in
      let choices = DataSource.publishedOnes.map(\.rawValue).joined(separator: ", ")
      guard let source = DataSource(rawValue: name) else {
        throw ValidationError("no data set '\(name)'; there are \(choices)")
      }
      guard !source.published.isEmpty else {
        throw ValidationError("'\(name)' has no files, the program draws it; others are \(choices)")
      }
      return source
    }
  }
}

struct DataListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "Lists the data sets, and which of them are there.",
    discussion: "Whether files are there is all that counts here; 'check' reads them.")

  @OptionGroup var options: DataOptions

  func run() {
    var table = TextTable("", "download", "files")
    let sources = DataSource.publishedOnes
    let presences = sources.map { DataPresence(of: $0, in: options.path) }
    for (source, presence) in zip(sources, presences) {
      let there = presence.files.count { $0.path != nil }
      table.add(
        source.rawValue, source.published.reduce(0) { $0 + $1.size }.megabytes,
        "\(there) of \(presence.files.count)")
    }
    Output.line(table.lines[0])
    for (line, presence) in zip(table.lines.dropFirst(), presences) {
      let place = presence.state == .absent ? "" : " in \(presence.folder)"
      Output.line("\(line)  \(presence.state.rawValue)\(place)")
    }
    Output.line("")
    for source in sources {
      if let task = LearningTask(rawValue: source.rawValue) {
        Output.line("\(source.rawValue): \(task.summary)")
      }
    }
    Output.line("\nData sets are in \(options.path).")
  }
}

struct DataFetchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fetch", abstract: "Downloads data sets from their publishers.",
    discussion: """
      Size and SHA-256 of each file are checked. After Ctrl-C, or a break of the connection, the \
      same command goes on where it was. A mirror has the files in folders as the data directory \
      has: MIRROR/fashion-mnist/train-images-idx3-ubyte.gz.
      """)

  @OptionGroup var names: DataNames
  @OptionGroup var options: DataOptions

  @Option(
    help: ArgumentHelp(
      "Where to download from instead.", discussion: "Default: $ADAMQLR_DATA_MIRROR.",
      valueName: "url"))
  var mirror: String?

  func run() throws {
    Interruption.watch()
    let variable = ProcessInfo.processInfo.environment[DataFetcher.mirrorVariable] ?? ""
    let fetcher = DataFetcher(mirror: mirror ?? (variable.isEmpty ? nil : variable))
    for source in try names.sources() {
      let reporter = FetchReporter()
      do {
        try fetcher.fetch(
          source, into: options.path, isStopped: { Interruption.signal != 0 },
          report: reporter.report)
      } catch {
        reporter.finish()
        if case .stopped = error {
          Output.warning(error.description)
          throw ExitCode(128 + Interruption.signal)
        }
        Output.warning("Error: \(explanation(of: error, source, fetcher))")
        throw ExitCode.failure
      }
      let presence = DataPresence(of: source, in: options.path)
      Output.line("\(source.rawValue) is complete, in \(presence.folder)")
    }
  }

  /// What went wrong, and what to do where the files cannot be had from here.
  private func explanation(
    of error: FetchError, _ source: DataSource, _ fetcher: DataFetcher
  ) -> String {
    guard error.isOfTransfer else { return error.description }
    let presence = DataPresence(of: source, in: options.path)
    let missing = presence.files.filter { $0.path == nil }.map(\.published)
    let wanted = source.published.filter { !Set($0.contents).isDisjoint(with: missing) }
    let files = wanted.map { "\($0.name) (\(fetcher.address(of: $0, in: source)))" }
    let isArchive = wanted.contains { !$0.members.isEmpty }
    return "\(error); to get them by other means, put "
      + "\(files.joined(separator: ", ")) into \(options.path)/\(source.rawValue)"
      + (isArchive ? ", and fetch again to unpack it" : "")
  }
}

struct DataCheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check", abstract: "Checks size, SHA-256 and contents of data sets.",
    discussion: "A line a file, and one for the data set as it is read; fails if any is wrong.")

  @OptionGroup var names: DataNames
  @OptionGroup var options: DataOptions

  func run() throws {
    var isGood = true
    for source in try names.sources() {
      for file in DataPresence(of: source, in: options.path).files {
        isGood = report(file.published, at: file.path, of: source) && isGood
      }
      do {
        Output.line("ok     \(source.rawValue) reads as \(try counts(source))")
      } catch {
        Output.line("WRONG  \(error)")
        isGood = false
      }
    }
    if !isGood { throw ExitCode.failure }
  }

  /// How many examples a data set has, in words.
  private func counts(_ source: DataSource) throws(DataError) -> String {
    if source == .pennTreebank {
      let data = try PennTreebank.load(from: options.path, context: 1)
      let counts = [data.training, data.validation, data.test].map { ($0?.count ?? 0) + 1 }
      return "\(counts[0].grouped) training, \(counts[1].grouped) validation, "
        + "\(counts[2].grouped) test tokens of \(data.encoding.vocabulary.count.grouped)"
    }
    func words(_ training: Int, _ validation: Int?, _ test: Int) -> String {
      "\(training.grouped) training" + (validation.map { ", \($0.grouped) validation" } ?? "")
        + ", \(test.grouped) test examples"
    }
    if source.hasColor {
      let images = try source.loadImages(from: options.path)
      return words(images.training.count, images.validation?.count, images.test?.count ?? 0)
    }
    let data: DataSet<Float> = try source.load(from: options.path)
    return words(data.training.count, data.validation?.count, data.test.count)
  }

  private func report(_ file: PublishedFile, at path: String?, of source: DataSource) -> Bool {
    guard let path else {
      Output.line("WRONG  \(options.path)/\(source.rawValue)/\(file.name): no such file")
      return false
    }
    do {
      try file.check(fileAt: path)
    } catch {
      Output.line("WRONG  \(error)")
      return false
    }
    Output.line("ok     \(path): \(file.summaryOfCheck)")
    return true
  }
}

extension PublishedFile {
  /// What is known of a file that has been checked.
  var summaryOfCheck: String {
    "\(contentSize.grouped) bytes of contents" + (sha256 == nil ? "" : ", SHA-256 as published")
  }
}

extension DataSource {
  /// Those that can be fetched.
  fileprivate static var publishedOnes: [DataSource] { allCases.filter { !$0.published.isEmpty } }
}
