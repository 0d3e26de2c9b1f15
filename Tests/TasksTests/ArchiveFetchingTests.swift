import Files
import Fetching
import Foundation
import LocalServer
import Tasks
import Testing

@Suite("Fetching archives", .serialized)
struct ArchiveFetchingTests {
  private let folder: TemporaryFolder
  private let contents: [String: [UInt8]] = [
    "one.txt": (0..<70_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 4) }, "two.txt": [7, 7],
  ]

  init() throws {
    folder = try TemporaryFolder()
    setenv("no_proxy", "127.0.0.1", 1)
  }

  /// An archive with more in it than is wanted.
  private var archive: [UInt8] {
    let entries =
      tarEntry("all/", [], kind: "5") + tarEntry("all/other.txt", [1, 2, 3])
      + contents.sorted { $0.key > $1.key }.flatMap { tarEntry("all/data/\($0.key)", $0.value) }
    return gzipped(entries + tarEnd)
  }

  private func file(
    _ server: LocalServer, size: Int? = nil, knowsSums: Bool = true, names: [String]? = nil
  ) -> PublishedFile {
    let names = names ?? contents.keys.sorted()
    return PublishedFile(
      archive: "all.tgz", url: server.address + "/all.tgz", size: size ?? archive.count,
      sha256: nil,
      members: names.map { name in
        let bytes = contents[name] ?? [0, 0]
        return (name, bytes.count, knowsSums ? SHA256.hexadecimal(of: bytes) : nil)
      })
  }

  private func server(_ bytes: [UInt8]) throws -> LocalServer {
    try LocalServer { request, _, client in client.sendFile(bytes, to: request) }
  }

  private var found: [String] {
    (try? FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()) ?? []
  }

  private func fetch(
    _ file: PublishedFile, isStopped: () -> Bool = { false },
    report: (DataFetcher.Event) -> Void = { _ in }
  ) throws(FetchError) {
    try DataFetcher(pauses: []).fetch(
      [file], intoFolder: folder.path, isStopped: isStopped, report: report)
  }

  private func failure(of body: () throws(FetchError) -> Void) -> FetchError? {
    do {
      try body()
      Issue.record("no error")
      return nil
    } catch {
      return error
    }
  }

  private func expectContents() throws {
    #expect(found == contents.keys.sorted())
    for (name, bytes) in contents {
      let path = folder.path + "/" + name
      #expect(FileManager.default.contents(atPath: path).map(Array.init) == bytes)
    }
  }

  @Test("What is wanted is taken out, the archive removed, and nothing fetched again")
  func whole() throws {
    let server = try server(archive)
    var events: [String] = []
    for _ in 0..<2 {
      try fetch(
        file(server),
        report: { event in
          switch event {
          case .started(let file, _): events.append("started \(file.name)")
          case .unpacking(let file): events.append("unpacking \(file.name)")
          case .finished(let file): events.append("finished \(file.name)")
          case .present(let file): events.append("present \(file.name)")
          case .progress, .retrying: break
          }
        })
      try expectContents()
    }
    #expect(
      events == [
        "started all.tgz", "unpacking all.tgz", "finished two.txt", "finished one.txt",
        "present one.txt", "present two.txt",
      ])
    #expect(server.requests.count == 1)
  }

  @Test("Only what is missing is taken out of an archive that is there, which stays")
  func present() throws {
    let server = try server([])
    try folder.write(archive, to: "all.tgz")
    try folder.write(contents["two.txt"] ?? [], to: "two.txt")
    try fetch(file(server, knowsSums: false))
    #expect(found == ["all.tgz"] + contents.keys.sorted())
    try FileManager.default.removeItem(atPath: folder.path + "/all.tgz")
    try expectContents()
    #expect(server.requests.isEmpty)
  }

  @Test("A file of another size or sum, or none, is an error that leaves no part of it")
  func wrong() throws {
    let server = try server(archive)
    for (names, part) in [(["three.txt"], "three.txt"), (["one.txt", "other.txt"], "3 bytes")] {
      let error = failure { () throws(FetchError) in try fetch(file(server, names: names)) }
      #expect(error?.description.contains(part) == true, "\(String(describing: error))")
      #expect(!found.contains { $0.hasPrefix("all.tgz") || $0.contains("partial") }, "\(found)")
    }
    var bytes = archive
    // In the contents of the file that comes last, which gzip stores as they are.
    bytes[bytes.count - 1800] ^= 1
    let damaged = try self.server(bytes)
    let error = failure { () throws(FetchError) in try fetch(file(damaged, names: ["one.txt"])) }
    #expect(error?.description.contains("one.txt") == true, "\(String(describing: error))")
    if case .wrong = error {} else { Issue.record("\(String(describing: error))") }
    #expect(!found.contains { $0.hasPrefix("all.tgz") || $0.contains("partial") }, "\(found)")
  }

  @Test(
    "Paths that lead out, links and devices are refused, and nothing is written",
    arguments: [
      ("../one.txt", "0", "'../one.txt'"), ("a/../../one.txt", "0", "'a/../../one.txt'"),
      ("/one.txt", "0", "'/one.txt'"), ("../../other.txt", "0", "'../../other.txt'"),
      ("one.txt", "1", "a link"), ("one.txt", "2", "a link"), ("one.txt", "3", "a link"),
      ("one.txt", "4", "a link"), ("one.txt", "6", "a link"),
    ] as [(String, Character, String)])
  func hostile(_ path: String, _ kind: Character, _ part: String) throws {
    let bytes = kind == "0" ? contents["one.txt"] ?? [] : []
    let archive = gzipped(
      tarEntry(path, bytes, kind: kind) + tarEntry("one.txt", contents["one.txt"] ?? []) + tarEnd)
    let server = try server(archive)
    let error = failure { () throws(FetchError) in
      try fetch(file(server, size: archive.count, names: ["one.txt"]))
    }
    #expect(error?.description.contains(part) == true, "\(String(describing: error))")
    #expect(!found.contains("one.txt"), "\(found)")
    #expect(!FileManager.default.fileExists(atPath: folder.path + "/../one.txt"))
  }

  @Test("An archive of another size is not unpacked; one that lies there is named and left alone")
  func otherSize() throws {
    let server = try server(archive)
    let error = failure { () throws(FetchError) in try fetch(file(server, size: 99)) }
    #expect(error?.description.contains("99") == true)
    #expect(found.isEmpty)
    try folder.write([1], to: "all.tgz")
    let occupied = failure { () throws(FetchError) in try fetch(file(server)) }
    if case .occupied = occupied {} else { Issue.record("\(String(describing: occupied))") }
    #expect(found == ["all.tgz"])
  }

  @Test("Stopped while it unpacks, it keeps the archive, and goes on without fetching")
  func stopped() throws {
    let server = try server(archive)
    var isUnpacking = false
    let error = failure { () throws(FetchError) in
      try fetch(
        file(server), isStopped: { isUnpacking },
        report: { if case .unpacking = $0 { isUnpacking = true } })
    }
    #expect(error == .stopped(file: "all.tgz"))
    #expect(found == ["all.tgz"])
    try fetch(file(server))
    #expect(server.requests.count == 1)
    #expect(Set(contents.keys).isSubset(of: found))
  }
}
