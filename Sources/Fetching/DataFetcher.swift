import Files
import Foundation
import Tasks

/// Fetches published files: with what came before a break, several tries, and a check of what came.
public struct DataFetcher: Sendable {
  /// What happens, as it happens.
  public enum Event: Sendable {
    /// A file is there already, and is the published one.
    case present(PublishedFile)
    /// A file is begun, or gone on with from a byte.
    case started(PublishedFile, from: Int)
    /// So many bytes of a file are there. `total` is as the server tells, else as published.
    case progress(PublishedFile, received: Int, total: Int)
    /// A try failed, and another is made after a time.
    case retrying(PublishedFile, FetchError, after: Duration)
    /// An archive is there, and files are taken out of it.
    case unpacking(PublishedFile)
    /// A file is there, checked.
    case finished(PublishedFile)
  }

  /// The environment variable that names a mirror.
  public static let mirrorVariable = "ADAMQLR_DATA_MIRROR"

  /// The address of a server that has the files in folders as the data directory has; `nil`: each
  /// file's publisher.
  public var mirror: String?
  /// How long nothing may come before a try counts as failed. Default 30 seconds.
  public var stallTimeout: Duration
  /// The times between tries; one more try than these may fail in a row without a byte gained.
  /// Default 1, 2, 4 seconds.
  public var pauses: [Duration]

  /// Makes a fetcher.
  public init(
    mirror: String? = nil, stallTimeout: Duration = .seconds(30),
    pauses: [Duration] = [.seconds(1), .seconds(2), .seconds(4)]
  ) {
    self.mirror = mirror
    self.stallTimeout = stallTimeout
    self.pauses = pauses
  }

  /// Where a file of a data set is fetched from.
  public func address(of file: PublishedFile, in source: DataSource) -> String {
    guard let mirror else { return file.url }
    return joined(mirror, source.rawValue + "/" + file.name)
  }

  /// Whether a redirect is followed: to the same or a safer protocol, of http and https.
  public static func follows(from source: URL?, to target: URL?) -> Bool {
    switch target?.scheme?.lowercased() {
    case "https": true
    case "http": source?.scheme?.lowercased() == "http"
    default: false
    }
  }

  /// Fetches the files of a data set that are not in the directory of all data sets, into the folder
  /// of its name.
  ///
  /// - Parameters:
  ///   - isStopped: Asked a few times a second; when it is true, what came so far is kept, and
  ///     ``FetchError/stopped(file:)`` thrown.
  ///   - report: Told what happens.
  /// - Throws: ``FetchError``.
  public func fetch(
    _ source: DataSource, into directory: String, isStopped: () -> Bool = { false },
    report: (Event) -> Void = { _ in }
  ) throws(FetchError) {
    let presence = DataPresence(of: source, in: directory)
    if presence.state == .complete {
      for file in presence.files {
        guard let path = file.path else { continue }
        do { try file.published.check(fileAt: path) } catch { throw .occupied(error) }
        report(.present(file.published))
      }
      return
    }
    let folder = joined(directory, source.rawValue)
    let files = source.published.map { $0.published(at: address(of: $0, in: source)) }
    try fetch(files, intoFolder: folder, isStopped: isStopped, report: report)
  }

  /// Fetches files from their addresses into a folder, which is made where it is not there. Those
  /// that are there already, compressed or not, are checked. Archives are unpacked; one that was
  /// fetched is removed then, and one that was there already is kept.
  ///
  /// - Throws: ``FetchError``; files fetched before are kept.
  public func fetch(
    _ files: [PublishedFile], intoFolder folder: String, isStopped: () -> Bool = { false },
    report: (Event) -> Void = { _ in }
  ) throws(FetchError) {
    let lock = try FolderLock(folder)
    defer { lock.release() }
    for file in files {
      var missing: [PublishedFile] = []
      for content in file.contents where try !isPresent(content, in: folder, report) {
        missing.append(content)
      }
      let path = joined(folder, file.name)
      if missing.isEmpty { continue }
      if file.members.isEmpty {
        try fetch(file, to: path, isStopped: isStopped, report: report)
        report(.finished(file))
        continue
      }
      let wasThere = try isPresent(file, in: folder, report)
      if !wasThere { try fetch(file, to: path, isStopped: isStopped, report: report) }
      report(.unpacking(file))
      do {
        try file.unpack(missing, from: path, into: folder, isStopped: isStopped) {
          report(.finished($0))
        }
      } catch {
        if case .wrong = error, !wasThere { unlink(path) }
        throw error
      }
      if !wasThere { unlink(path) }
    }
  }

  /// Whether a file is in a folder, compressed or not. If so, it is checked.
  private func isPresent(
    _ file: PublishedFile, in folder: String, _ report: (Event) -> Void
  ) throws(FetchError) -> Bool {
    let path = joined(folder, file.name)
    let plain = path.hasSuffix(".gz") ? String(path.dropLast(3)) : path
    guard let present = [path, plain].first(where: { PathKind(of: $0) != .nothing }) else {
      return false
    }
    do { try file.check(fileAt: present) } catch { throw .occupied(error) }
    report(.present(file))
    return true
  }

  private func fetch(
    _ file: PublishedFile, to path: String, isStopped: () -> Bool, report: (Event) -> Void
  ) throws(FetchError) {
    var partial = try PartialFile(of: path, from: file.url)
    defer { partial.close() }
    var (failures, best, hasStartedOver) = (0, partial.size, false)
    while true {
      do {
        try attempt(file, to: path, &partial, isStopped: isStopped, report: report)
        return
      } catch {
        switch error.remedy {
        case .startOver where !hasStartedOver:
          hasStartedOver = true
          try partial.clear()
        case .none, .startOver:
          if case .wrong = error.error { try partial.clear() }
          throw error.error
        case .another:
          if partial.size > best { (failures, best) = (0, partial.size) }
          guard failures < pauses.count else { throw error.error }
          report(.retrying(file, error.error, after: pauses[failures]))
          try wait(pauses[failures], for: file, isStopped: isStopped)
          failures += 1
        }
      }
    }
  }

  /// Makes one request, unless everything is there, and gives the file its name if it is right.
  private func attempt(
    _ file: PublishedFile, to path: String, _ partial: inout PartialFile, isStopped: () -> Bool,
    report: (Event) -> Void
  ) throws(Transfer.Failure) {
    let start = partial.size
    if start != file.size || (try? file.check(partial)) == nil {
      report(.started(file, from: start))
      let transfer = Transfer(file, from: file.url, into: partial)
      try transfer.run(
        updating: &partial, stallTimeout: stallTimeout, isStopped: isStopped
      ) { received, total in
        report(.progress(file, received: received, total: total ?? file.size))
      }
      do {
        try file.check(partial)
      } catch {
        // The rest of one file may have been put behind the beginning of another.
        throw Transfer.Failure(
          error: .wrong(url: file.url, reason: error), remedy: start > 0 ? .startOver : .none)
      }
    }
    do {
      try partial.finish(as: path)
    } catch {
      throw Transfer.Failure(error: error, remedy: .none)
    }
  }

  private func wait(
    _ pause: Duration, for file: PublishedFile, isStopped: () -> Bool
  ) throws(FetchError) {
    let end = ContinuousClock.now + pause
    while ContinuousClock.now < end {
      if isStopped() { throw .stopped(file: file.name) }
      Thread.sleep(forTimeInterval: min((end - .now).inSeconds, 0.1))
    }
  }
}

extension PublishedFile {
  fileprivate func check(_ partial: PartialFile) throws(DataError) {
    guard members.isEmpty else { return try check(fileAt: partial.path) }
    try check(try readBytes(ofFile: partial.path), named: name)
  }
}

/// Keeps other processes from fetching into a folder. The system takes it back from a process that
/// dies.
private struct FolderLock {
  private let folder: String
  private let descriptor: Int32

  /// Makes the folder where it is not there, and locks it.
  init(_ folder: String) throws(FetchError) {
    self.folder = folder
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    } catch {
      let reason = (error as? CocoaError)?.underlying ?? error
      throw .unwritable(path: folder, reason: reason.localizedDescription)
    }
    descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw .unwritable(path: folder, reason: String(cString: strerror(errno)))
    }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      close(descriptor)
      throw .busy(folder: folder)
    }
  }

  /// Unlocks the folder, and removes it where nothing came: an empty one would hide others in which
  /// the data set is looked for too.
  func release() {
    rmdir(folder)
    close(descriptor)
  }
}
