import Files
import Foundation
import Tasks

extension PublishedFile {
  /// The same file at another address.
  func published(at url: String) -> PublishedFile {
    members.isEmpty
      ? PublishedFile(name: name, url: url, size: size, contentSize: contentSize, sha256: sha256)
      : PublishedFile(
        archive: name, url: url, size: size, sha256: sha256,
        members: members.map { ($0.name, $0.contentSize, $0.sha256) })
  }

  /// Takes files out of the archive, and checks them. Each gets its name when it is whole.
  ///
  /// - Parameters:
  ///   - wanted: Those of the members that are wanted.
  ///   - path: The archive.
  ///   - folder: Where they go.
  ///   - isStopped: Asked often; when it is true, ``FetchError/stopped(file:)`` is thrown.
  ///   - report: Told of each file that is there.
  /// - Throws: ``FetchError/wrong(url:reason:)`` where the archive is damaged or has other files.
  func unpack(
    _ wanted: [PublishedFile], from path: String, into folder: String, isStopped: () -> Bool,
    report: (PublishedFile) -> Void
  ) throws(FetchError) {
    var missing = wanted
    do {
      let archive = try TarArchive(path)
      while !missing.isEmpty, let entry = try archive.next() {
        if isStopped() { throw FetchError.stopped(file: name) }
        try entry.requireInside(of: path)
        guard let place = missing.firstIndex(where: { $0.name == entry.name }) else { continue }
        guard entry.isFile else {
          throw DataError.malformed(
            file: path, found: "'\(entry.path)', which is a link or the like", expected: "a file")
        }
        try missing[place].write(
          entry, of: archive, to: joined(folder, entry.name), isStopped: isStopped)
        report(missing.remove(at: place))
      }
    } catch let error as DataError {
      throw .wrong(url: url, reason: error)
    } catch let error as FetchError {
      throw error
    } catch {
      throw .unwritable(path: folder, reason: error.localizedDescription)
    }
    guard missing.isEmpty else {
      let names = missing.map(\.name).joined(separator: ", ")
      throw .wrong(
        url: url,
        reason: .malformed(file: path, found: "no \(names) in it", expected: "all of its files"))
    }
  }

  /// Writes an archive's entry under another name, and gives it its own if it is right.
  private func write(
    _ entry: TarArchive.Entry, of archive: TarArchive, to path: String, isStopped: () -> Bool
  ) throws {
    guard entry.size == contentSize else {
      throw DataError.malformed(
        file: entry.path, found: "\(entry.size) bytes", expected: "\(contentSize)")
    }
    var partial = try PartialFile(of: path, from: "\(url)#\(entry.path)")
    defer { partial.close() }
    try partial.clear()
    do {
      var function = SHA256()
      var failure: FetchError?
      try archive.readContents { piece in
        if failure == nil, isStopped() { failure = .stopped(file: name) }
        if failure != nil { return }
        function.update(piece)
        do throws(FetchError) { try partial.append(Data(piece)) } catch { failure = error }
      }
      if let failure { throw failure }
      let found = function.hexadecimal()
      if let sha256, found != sha256 {
        throw DataError.malformed(
          file: entry.path, found: "SHA-256 \(found)", expected: sha256)
      }
      try partial.finish(as: path)
    } catch {
      try? partial.clear()
      throw error
    }
  }
}

extension TarArchive.Entry {
  /// Makes sure that the path does not lead out of the archive: whoever made such a one wants something
  /// else than to be read.
  fileprivate func requireInside(of archive: String) throws(DataError) {
    guard !path.hasPrefix("/"), !path.split(separator: "/").contains("..") else {
      throw .malformed(
        file: archive, found: "the path '\(path)'", expected: "paths inside of the archive")
    }
  }
}
