import Files
import Foundation
import Tasks
import Training

/// A comparison of optimizers on a task, in a directory of its own:
///
///     comparison.json          the labels in order, and the number of seeds
///     LABEL/optimizer.yaml     an optimizer's settings, which `train -c` takes
///     LABEL/seed-0/            a run: see `RunDirectory`
public struct Comparison: Sendable {
  /// One of its runs.
  public struct Run: Hashable, Sendable {
    /// The optimizer's label.
    public let label: String
    /// The seed.
    public let seed: Int
    /// The path of the run's directory.
    public let path: String
  }

  private struct Manifest: Codable {
    var version = Release.version
    var labels: [String]
    var seeds: Int
  }

  /// The directory.
  public let path: String
  /// The optimizers.
  public let contenders: [Contender]
  /// The number of seeds, which are those from 0.
  public let seedCount: Int

  /// The runs, in the order in which they are made: all optimizers have had a seed before the next.
  public var runs: [Run] {
    (0..<seedCount).flatMap { seed in
      contenders.map { contender in
        Run(
          label: contender.label, seed: seed,
          path: "\(Self.folder(contender.label, path))/seed-\(seed)")
      }
    }
  }

  /// Whether there is a comparison in a directory.
  public static func exists(at path: String) -> Bool {
    FileManager.default.fileExists(atPath: manifestPath(path))
  }

  /// The comparison in a directory.
  ///
  /// - Throws: ``FileError`` where there is none or it is damaged.
  public init(existing path: String) throws(FileError) {
    guard Self.exists(at: path) else {
      throw FileError(
        path, "there is no comparison in this directory: it has no comparison.json", .unreadable)
    }
    let data = try readFile(at: Self.manifestPath(path))
    guard let manifest = try? JSONDecoder().decode(Manifest.self, from: data),
      manifest.seeds > 0, !manifest.labels.isEmpty
    else { throw FileError(Self.manifestPath(path), "the file is damaged") }
    self.path = path
    seedCount = manifest.seeds
    var contenders: [Contender] = []
    for label in manifest.labels {
      let file = "\(Self.folder(label, path))/optimizer.yaml"
      do {
        contenders.append(Contender(label: label, settings: try Settings(file: file)))
      } catch {
        throw FileError(file, "the settings cannot be read: \(error)")
      }
    }
    self.contenders = contenders
  }

  /// Makes the directory of a comparison, or goes on with the same one that is there.
  ///
  /// - Parameters:
  ///   - contenders: The optimizers, all on one task.
  ///   - seedCount: The number of seeds.
  ///   - threads: The threads of each process whose settings do not say.
  ///   - path: The directory; `nil`: `runs/compare-TASK-TIME`.
  /// - Throws: ``FileError`` where another comparison is there or the directory cannot be written.
  public init(
    _ contenders: [Contender], seedCount: Int, threads: Int?, in path: String?
  ) throws {
    let path = try path ?? makeRunsDirectory("compare-\(contenders[0].settings.task.rawValue)")
    if Self.exists(at: path) {
      self = try Comparison(existing: path)
      if let difference = difference(from: contenders, seedCount) {
        throw FileError(
          path,
          "there is another comparison in this directory, with \(difference); --resume \(path) "
            + "goes on with it, and another --output keeps both")
      }
      return
    }
    if (try? RunDirectory(existing: path)) != nil {
      throw FileError(path, "there is a run in this directory; give another --output", .uncreatable)
    }
    self.path = path
    self.seedCount = seedCount
    self.contenders = contenders.map { contender in
      var contender = contender
      contender.settings.threads = contender.settings.threads ?? threads
      contender.settings.seed = 0
      return contender
    }
    try makeDirectory(at: path)
    for contender in self.contenders {
      let folder = Self.folder(contender.label, path)
      try makeDirectory(at: folder)
      try replaceFile(
        at: "\(folder)/optimizer.yaml", with: Data(try contender.settings.yaml.utf8))
    }
    try writeManifest()
  }

  /// The same comparison with more seeds.
  ///
  /// - Throws: ``FileError`` where the directory cannot be written, or has more seeds already.
  public func extended(toSeeds count: Int) throws -> Comparison {
    guard count >= seedCount else {
      throw FileError(path, "there are \(seedCount) seeds, so not \(count)")
    }
    let longer = Comparison(path: path, contenders: contenders, seedCount: count)
    if count > seedCount { try longer.writeManifest() }
    return longer
  }

  private init(path: String, contenders: [Contender], seedCount: Int) {
    self.path = path
    self.contenders = contenders
    self.seedCount = seedCount
  }

  private func writeManifest() throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    let manifest = Manifest(labels: contenders.map(\.label), seeds: seedCount)
    try replaceFile(at: Self.manifestPath(path), with: try encoder.encode(manifest))
  }

  /// What this comparison has that one told otherwise has not, in words.
  private func difference(from others: [Contender], _ otherSeedCount: Int) -> String? {
    let (labels, otherLabels) = (contenders.map(\.label), others.map(\.label))
    if labels != otherLabels {
      return "the optimizers \(labels.joined(separator: ", "))"
    }
    for (contender, other) in zip(contenders, others) {
      var settings = other.settings
      settings.threads = settings.threads ?? contender.settings.threads
      settings.seed = 0
      let key = Settings.all.first { $0.value(contender.settings) != $0.value(settings) }
      if let key {
        return "\(key.name)=\(key.text(of: contender.settings)) of \(contender.label), not "
          + key.text(of: settings)
      }
    }
    return seedCount == otherSeedCount ? nil : "\(seedCount) seeds"
  }

  private static func folder(_ label: String, _ path: String) -> String { "\(path)/\(label)" }

  private static func manifestPath(_ path: String) -> String { path + "/comparison.json" }
}
