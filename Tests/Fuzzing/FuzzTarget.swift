import AdamQLRTorch
import Files
import Foundation
import Studies
import Tasks
import Training
import Verification

/// A reader of files that come from elsewhere: given any bytes, it returns or throws, in seconds and in
/// memory that its input's size accounts for.
public struct FuzzTarget: Sendable {
  /// The name.
  public let name: String
  /// Inputs besides those of the corpus.
  public let seeds: @Sendable () throws -> [[UInt8]]
  /// Reads one.
  ///
  /// - Parameters:
  ///   - bytes: The input.
  ///   - folder: A folder for files, its own for the process.
  private let read: @Sendable (_ bytes: [UInt8], _ folder: String) throws -> Void

  init(
    _ name: String, seeds: @escaping @Sendable () throws -> [[UInt8]] = { [] },
    _ read: @escaping @Sendable (_ bytes: [UInt8], _ folder: String) throws -> Void
  ) {
    self.name = name
    self.seeds = seeds
    self.read = read
  }

  /// Reads an input; an error that is thrown is as good as a result.
  public func callAsFunction(_ bytes: [UInt8], in folder: String) {
    do { try read(bytes, folder) } catch { _ = "\(error)" }
  }

  /// All readers.
  public static let all: [FuzzTarget] = texts + tables + binaries + runs
}

/// Writes the input to a file of a folder, and returns the file's path.
func file(_ name: String, _ bytes: some Sequence<UInt8>, in folder: String) throws -> String {
  let path = "\(folder)/\(name)"
  try Data(bytes).write(to: URL(fileURLWithPath: path))
  return path
}

/// Two inputs in one: the first has as many bytes as the first two say.
func halves(_ bytes: [UInt8]) -> (ArraySlice<UInt8>, ArraySlice<UInt8>) {
  guard bytes.count >= 2 else { return (bytes[...], []) }
  let size = min(Int(bytes[0]) << 8 | Int(bytes[1]), bytes.count - 2)
  return (bytes[2..<(2 + size)], bytes[(2 + size)...])
}

extension FuzzTarget {
  /// Settings, studies, traces, and vocabularies.
  private static let texts: [FuzzTarget] = [
    FuzzTarget("settings") { bytes, folder in
      var sources = SettingsSources()
      try sources.add(file: try file("settings.yaml", bytes, in: folder))
      _ = try sources.resolve().yaml
    },
    FuzzTarget("study") { bytes, folder in
      _ = try Study(file: try file("study.yaml", bytes, in: folder))
    },
    FuzzTarget("search") { bytes, folder in
      let path = try file("search.yaml", bytes, in: folder)
      for scale in [nil, "smoke"] { _ = try Tuning(file: path, scale: scale) }
    },
    FuzzTarget("trace") { bytes, folder in
      _ = try TraceReplay(ReferenceTrace(file: try file("trace.json", bytes, in: folder)))
    },
    FuzzTarget("text") { bytes, folder in
      var source = TextSource(path: try file("text.txt", bytes, in: folder))
      for vocabulary in [Vocabulary.Kind.bytes, .words] {
        source.vocabulary = vocabulary
        _ = try? source.load()
      }
    },
    FuzzTarget("merges") { bytes, folder in
      let (vocabulary, merges) = halves(bytes)
      _ = try file("vocab.json", vocabulary, in: folder)
      _ = try file("merges.txt", merges, in: folder)
      let pairs = try BytePairEncoding(folder: folder)
      _ = Vocabulary(pairs)
    },
  ]

  /// Tables of all kinds.
  private static let tables: [FuzzTarget] = [
    FuzzTarget("table") { bytes, folder in
      var source = TableSource(path: try file("table.csv", bytes, in: folder), target: "1")
      _ = try? source.inspect()
      source.missing = .impute
      source.missingTarget = .drop
      let _: TableData<Float>? = try? source.load()
    },
    FuzzTarget("numbers") { bytes, folder in
      _ = try NumberTable(file: try file("numbers.txt", bytes, in: folder))
    },
    FuzzTarget("results") { bytes, folder in
      _ = try StudyResults(try file("results.csv", bytes, in: folder))
    },
    FuzzTarget("trials") { bytes, folder in
      _ = try SearchHistory(try file("trials.csv", bytes, in: folder))
    },
  ]

  /// Images, archives, tensors, logs.
  private static let binaries: [FuzzTarget] = [
    FuzzTarget("idx") { bytes, folder in
      let (images, labels) = halves(bytes)
      _ = try LabeledImages(
        imageFile: try file("images", images, in: folder),
        labelFile: try file("labels", labels, in: folder))
    },
    FuzzTarget("packs") { bytes, folder in
      let (description, pixels) = halves(bytes)
      _ = try file("images.pack", pixels, in: folder)
      var source = ImageSource(path: folder)
      source.size = 8
      _ = try source.divide(
        try PackedImages(
          try file("images.json", description, in: folder), size: 8, named: folder + "/images",
          of: folder))
    },
    FuzzTarget("cifar") { bytes, folder in
      _ = try LabeledImages(cifarFiles: [try file("cifar", bytes, in: folder)])
    },
    FuzzTarget("mat") { bytes, folder in
      let path = try file("images.mat", bytes, in: folder)
      _ = try LabeledImages(svhnFile: path, Matio(toRead: path))
    },
    FuzzTarget("gzip") { bytes, folder in
      _ = try? Gzip.decompress(bytes, file: "input")
      let stream = try ByteStream(try file("input.gz", bytes, in: folder))
      var piece = [UInt8](repeating: 0, count: 1 << 16)
      var size = 0
      while size < 1 << 28 {
        let count = try piece.withUnsafeMutableBytes { buffer throws(DataError) in
          try stream.read(into: buffer)
        }
        if count == 0 { break }
        size += count
      }
    },
    FuzzTarget("tar") { bytes, folder in
      let archive = try TarArchive(try file("input.tar", bytes, in: folder))
      while let entry = try archive.next() {
        _ = entry.name
        var size = 0
        try archive.readContents { (piece: ArraySlice<UInt8>) throws(DataError) in
          size += piece.count
        }
      }
    },
    FuzzTarget("safetensors") { bytes, _ in _ = try Safetensors(Data(bytes)) },
    FuzzTarget("events") { bytes, _ in
      let log = EventFile(contents: bytes)
      _ = (log.wholeSize, log.damage, log[.trainingLoss].steps.count)
    },
  ]
}
