import Files
import Tasks

/// What there is of a data set in a directory.
public struct DataPresence: Hashable, Sendable {
  /// Whether all its files are there.
  public enum State: String, Sendable {
    /// All files are there.
    case complete
    /// Some are, or a part of one.
    case partial
    /// None is.
    case absent
  }

  /// One of its files; of a data set that is published as an archive, one of the archive's.
  public struct File: Hashable, Sendable {
    /// The file as it is published.
    public let published: PublishedFile
    /// Where it is, compressed or not; `nil`: it is absent.
    public let path: String?
  }

  /// The folder in which its files are, or belong.
  public let folder: String
  /// Its files.
  public let files: [File]
  /// Whether all files are there. Their contents are not looked at.
  public let state: State

  /// Looks for a data set in the directory of all data sets, where ``DataSource/load(as:from:seed:)``
  /// does.
  public init(of source: DataSource, in directory: String) {
    let folders = source.folder(in: directory)
    let files = zip(source.publishedContents, source.files).map { published, name in
      File(published: published, path: folders.pathIfAny(of: name))
    }
    let proper = joined(directory, source.rawValue)
    self.files = files
    let count = files.count { $0.path != nil }
    folder = count > 0 ? folders.path : proper
    if count == files.count {
      state = .complete
    } else {
      let hasPart = source.published.contains { published in
        let path = joined(proper, published.name)
        return [path, PartialFile.path(of: path)].contains { PathKind(of: $0) == .file }
      }
      state = count > 0 || hasPart ? .partial : .absent
    }
  }
}
