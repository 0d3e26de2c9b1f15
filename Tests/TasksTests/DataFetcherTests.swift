import Files
import Fetching
import Foundation
import LocalServer
import Synchronization
import Tasks
import Testing

@Suite("Fetching data", .serialized)
struct DataFetcherTests {
  private static let contents = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 7) }
  private var contents: [UInt8] { Self.contents }
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    // A proxy has no business between a machine and itself.
    setenv("no_proxy", "127.0.0.1", 1)
  }

  private func file(_ server: LocalServer?, name: String = "data.txt") -> PublishedFile {
    let address = server?.address ?? "http://127.0.0.1:1"
    return PublishedFile(
      name: name, url: "\(address)/\(name)", size: contents.count, contentSize: contents.count,
      sha256: SHA256.hexadecimal(of: contents))
  }

  private var fetcher = DataFetcher(
    stallTimeout: .seconds(10), pauses: [.milliseconds(1), .milliseconds(1)])

  private func fetch(
    _ files: PublishedFile..., isStopped: () -> Bool = { false },
    report: (DataFetcher.Event) -> Void = { _ in }
  ) throws(FetchError) {
    try fetcher.fetch(files, intoFolder: folder.path, isStopped: isStopped, report: report)
  }

  private func expectFile(
    _ name: String = "data.txt", location: SourceLocation = #_sourceLocation
  ) throws {
    let bytes = try Data(contentsOf: URL(fileURLWithPath: folder.path + "/" + name))
    #expect([UInt8](bytes) == contents, sourceLocation: location)
    expectNothingElse(name, location: location)
  }

  private func expectNothingElse(
    _ names: String..., location: SourceLocation = #_sourceLocation
  ) {
    // A folder into which nothing came is removed.
    let found = try? FileManager.default.contentsOfDirectory(atPath: folder.path)
    #expect(found?.sorted() ?? [] == names.sorted(), sourceLocation: location)
  }

  private func expectError(
    _ parts: String..., location: SourceLocation = #_sourceLocation,
    from body: () throws(FetchError) -> Void
  ) {
    do {
      try body()
      Issue.record("no error", sourceLocation: location)
    } catch {
      for part in parts {
        #expect(error.description.contains(part), sourceLocation: location)
      }
      #expect(!error.description.contains("\n"), sourceLocation: location)
    }
  }

  @Test("Several files come, into a folder that was not there, and are not fetched again")
  func whole() throws {
    let bytes = contents
    let server = try LocalServer { request, _, client in client.sendFile(bytes, to: request) }
    let target = folder.path + "/a/b"
    let files = [file(server, name: "one"), file(server, name: "two")]
    for _ in 0..<2 { try fetcher.fetch(files, intoFolder: target) }
    #expect(server.requests.map(\.path) == ["/one", "/two"])
    for name in ["one", "two"] {
      #expect(FileManager.default.contents(atPath: "\(target)/\(name)").map(Array.init) == contents)
    }
  }

  @Test("After breaks, the rest is asked for; tries that gain bytes do not count")
  func breaks() throws {
    let bytes = contents
    let server = try LocalServer { request, _, client in
      client.sendFile(bytes, to: request, count: 60_000)
    }
    var retries = 0
    try fetch(file(server), report: { if case .retrying = $0 { retries += 1 } })
    try expectFile()
    let starts = server.requests.map(\.firstByte)
    #expect(starts.count == 5 && starts == starts.sorted() && starts[1] > 0)
    #expect(retries == 4)
    #expect(server.requests[1].fields["if-range"] == "\"1\"")
  }

  @Test("A server that always breaks off at the same byte is given up")
  func broken() throws {
    let bytes = contents
    let server = try LocalServer { request, _, client in
      client.sendHead("200 OK", ["Content-Length": "\(bytes.count)"])
      client.send(bytes.prefix(1000))
    }
    expectError(server.address) { () throws(FetchError) in try fetch(file(server)) }
    #expect(server.requests.count == 3)
    expectNothingElse("data.txt.partial", "data.txt.partial.from")
  }

  @Test("A file that changed at the server is fetched anew")
  func changed() throws {
    let (bytes, old) = (contents, contents.reversed() as [UInt8])
    let server = try LocalServer { request, number, client in
      if number == 0 {
        client.sendFile(old, to: request, tag: "\"old\"", count: 50_000)
      } else {
        client.sendFile(bytes, to: request, tag: "\"new\"")
      }
    }
    try fetch(file(server))
    try expectFile()
    #expect(server.requests.count == 2)
  }

  @Test("Only what identifies a file for certain is a condition for its rest")
  func validators() throws {
    let bytes = contents
    let date = "Wed, 21 Oct 2015 07:28:00 GMT"
    for (fields, condition) in [
      (["ETag": "W/\"1\"", "Last-Modified": date], date), (["ETag": "W/\"1\""], nil), ([:], nil),
    ] {
      let server = try LocalServer { request, number, client in
        guard number == 0 else { return client.sendFile(bytes, to: request, tag: date) }
        client.sendHead(
          "200 OK", fields.merging(["Content-Length": "\(bytes.count)"]) { old, _ in old })
        client.send(bytes.prefix(1000))
      }
      try fetch(file(server))
      try expectFile()
      #expect(server.requests.map(\.firstByte) == [0, 1000])
      #expect(server.requests[1].fields["if-range"] == condition)
      try FileManager.default.removeItem(atPath: folder.path + "/data.txt")
    }
  }

  @Test("Parts of two files put together are noticed, and the file fetched anew")
  func mixed() throws {
    let (bytes, old) = (contents, contents.reversed() as [UInt8])
    let server = try LocalServer { request, number, client in
      if number == 0 {
        client.sendFile(old, to: request, count: 50_000)
      } else {
        client.sendFile(bytes, to: request)
      }
    }
    try fetch(file(server))
    try expectFile()
    #expect(server.requests.map(\.firstByte).map { $0 > 0 } == [false, true, false])
  }

  @Test("Where a server ignores ranges, the file is fetched from its beginning")
  func ignoredRange() throws {
    let bytes = contents
    let server = try LocalServer { _, number, client in
      client.sendHead("200 OK", ["Content-Length": "\(bytes.count)"])
      client.send(bytes.prefix(number == 0 ? 50_000 : bytes.count))
    }
    try fetch(file(server))
    try expectFile()
    #expect(server.requests.count == 2)
  }

  @Test("Wrong bytes are named, and nothing is kept")
  func wrong() throws {
    var bytes = contents
    bytes[123_456] ^= 1
    let wrong = bytes
    let server = try LocalServer { request, _, client in client.sendFile(wrong, to: request) }
    let sums = [wrong, contents].map(SHA256.hexadecimal)
    expectError(server.address + "/data.txt", sums[0], sums[1]) { () throws(FetchError) in
      try fetch(file(server))
    }
    expectNothingElse()
    #expect(server.requests.count == 1)
  }

  @Test("A page in place of a compressed file is named", arguments: [true, false])
  func page(hasLength: Bool) throws {
    let page = Array("<html>Log in to the network</html>".utf8)
    let server = try LocalServer { _, _, client in
      client.sendHead("200 OK", hasLength ? ["Content-Length": "\(page.count)"] : [:])
      client.send(page)
    }
    expectError("data.gz", "gzip") { () throws(FetchError) in
      try fetch(file(server, name: "data.gz"))
    }
    expectNothingElse()
  }

  @Test("A server that does not end does not fill the disk")
  func endless() throws {
    let server = try LocalServer { _, _, client in
      client.sendHead("200 OK")
      let block = [UInt8](repeating: 0, count: 1 << 16)
      while client.send(block) { Thread.sleep(forTimeInterval: 0.001) }
    }
    expectError("more than") { () throws(FetchError) in try fetch(file(server)) }
    expectNothingElse()
  }

  @Test("Compressed files are checked by their contents")
  func compressed() throws {
    let bytes = gzipped(contents)
    let server = try LocalServer { request, _, client in client.sendFile(bytes, to: request) }
    try fetch(file(server, name: "data.gz"))
    #expect(FileManager.default.contents(atPath: folder.path + "/data.gz").map(Array.init) == bytes)
    expectNothingElse("data.gz")
  }

  @Test("A file that is there decompressed is good enough; another one is named, and left alone")
  func occupied() throws {
    let server = try LocalServer { _, _, client in client.sendHead("404 Not Found") }
    try folder.write(contents, to: "data")
    try fetch(file(server, name: "data.gz"))
    try folder.write([1, 2, 3], to: "mine")
    expectError("/mine", "3 bytes", "300000", "remove") { () throws(FetchError) in
      try fetch(file(server, name: "mine"))
    }
    #expect(server.requests.isEmpty)
    expectNothingElse("data", "mine")
  }

  @Test("Redirects are followed, but not in circles")
  func redirects() throws {
    let bytes = contents
    let server = try LocalServer { request, _, client in
      switch request.path {
      case "/circle":
        client.sendHead("302 Found", ["Location": "/circle", "Content-Length": "0"])
      case "/data.txt":
        client.sendHead("301 Moved Permanently", ["Location": "/new", "Content-Length": "0"])
      default: client.sendFile(bytes, to: request, count: 200_000)
      }
    }
    try fetch(file(server))
    try expectFile()
    #expect(server.requests.map(\.path) == ["/data.txt", "/new", "/data.txt", "/new"])
    #expect(server.requests[3].firstByte > 0)
    expectError("/circle", "redirects") { () throws(FetchError) in
      try fetch(file(server, name: "circle"))
    }
    #expect(server.requests.count < 20)
  }

  @Test("Redirects to other protocols are not followed", arguments: ["ftp", "file"])
  func otherProtocols(_ scheme: String) throws {
    let server = try LocalServer { _, _, client in
      client.sendHead(
        "302 Found", ["Location": "\(scheme)://127.0.0.1/etc/hostname", "Content-Length": "0"])
    }
    expectError("\(scheme)://127.0.0.1", "not followed") { () throws(FetchError) in
      try fetch(file(server))
    }
    expectNothingElse()
    #expect(server.requests.count == 1)
  }

  @Test("A redirect never leaves https")
  func saferProtocol() throws {
    let (safe, unsafe) = (URL(string: "https://a.org/x"), URL(string: "http://a.org/x"))
    #expect(DataFetcher.follows(from: safe, to: safe))
    #expect(DataFetcher.follows(from: unsafe, to: safe))
    #expect(DataFetcher.follows(from: unsafe, to: unsafe))
    #expect(!DataFetcher.follows(from: safe, to: unsafe))
    #expect(!DataFetcher.follows(from: safe, to: nil))
  }

  @Test(
    "A server whose certificate nobody vouches for is refused",
    .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/openssl")))
  func certificate() throws {
    try FileManager.default.createDirectory(
      atPath: folder.path, withIntermediateDirectories: true)
    let (key, certificate) = (folder.path + "/key.pem", folder.path + "/certificate.pem")
    func openssl(_ arguments: [String]) throws -> Process {
      let process = Process()
      process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
      process.arguments = arguments
      process.currentDirectoryURL = URL(fileURLWithPath: folder.path)
      process.standardInput = Pipe()
      process.standardOutput = FileHandle.nullDevice
      process.standardError = FileHandle.nullDevice
      try process.run()
      return process
    }
    try openssl([
      "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1",
      "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate,
    ]).waitUntilExit()
    let port = try freePort()
    let server = try openssl([
      "s_server", "-accept", "127.0.0.1:\(port)", "-key", key, "-cert", certificate, "-WWW",
    ])
    defer { server.terminate() }
    Thread.sleep(forTimeInterval: 1)
    #expect(server.isRunning)
    let name = "data.txt"
    try Data(contents).write(to: URL(fileURLWithPath: folder.path + "/" + name))
    let file = PublishedFile(
      name: "fetched.txt", url: "https://127.0.0.1:\(port)/\(name)", size: contents.count,
      contentSize: contents.count, sha256: nil)
    expectError("127.0.0.1:\(port)", "ertificate") { () throws(FetchError) in
      try fetcher.fetch([file], intoFolder: folder.path + "/target")
    }
    #expect(!FileManager.default.fileExists(atPath: folder.path + "/target/fetched.txt"))
  }

  @Test("A server that stalls is given up in time, and asked for the rest")
  mutating func stalls() throws {
    fetcher.stallTimeout = .milliseconds(400)
    let bytes = contents
    let server = try LocalServer { request, number, client in
      client.sendFile(bytes, to: request, count: number == 0 ? 50_000 : nil)
      if number == 0 { Thread.sleep(forTimeInterval: 20) }
    }
    let start = ContinuousClock.now
    var messages: [String] = []
    try fetch(
      file(server),
      report: {
        if case .retrying(_, let error, _) = $0 { messages.append(error.description) }
      })
    try expectFile()
    #expect(messages.count == 1 && messages[0].contains("0.4 seconds"), "\(messages)")
    #expect(ContinuousClock.now - start < .seconds(10))
    #expect(server.requests[1].firstByte > 0)
  }

  @Test("A slow server that goes on is waited for")
  mutating func slow() throws {
    fetcher.stallTimeout = .seconds(1)
    let bytes = contents
    let server = try LocalServer { _, _, client in
      client.sendHead("200 OK", ["Content-Length": "\(bytes.count)"])
      for start in stride(from: 0, to: bytes.count, by: 60_000) {
        Thread.sleep(forTimeInterval: 0.25)
        client.send(bytes[start...].prefix(60_000))
      }
    }
    try fetch(file(server))
    try expectFile()
    #expect(server.requests.count == 1)
  }

  @Test(
    "Some answers are final, others not", arguments: [(404, 1), (403, 1), (500, 3), (503, 3)])
  func statuses(_ status: Int, _ tries: Int) throws {
    let server = try LocalServer { _, _, client in
      client.sendHead("\(status) No", ["Content-Length": "0"])
    }
    expectError(server.address, "\(status)") { () throws(FetchError) in try fetch(file(server)) }
    #expect(server.requests.count == tries)
    expectNothingElse()
  }

  @Test("A part longer than the file is discarded; one that is whole is kept")
  func unsatisfiableRange() throws {
    let bytes = contents
    let server = try LocalServer { request, _, client in client.sendFile(bytes, to: request) }
    for (part, tries) in [(contents + [1, 2, 3], 2), (contents, 0)] {
      let before = server.requests.count
      try folder.write(part, to: "data.txt.partial")
      try folder.write("\(server.address)/data.txt\n\"1\"\n", to: "data.txt.partial.from")
      try fetch(file(server))
      try expectFile()
      #expect(server.requests.count - before == tries)
      try FileManager.default.removeItem(atPath: folder.path + "/data.txt")
    }
  }

  @Test(
    "A part of another file or of no known origin is discarded",
    arguments: [nil, "", "http://other.org/data.txt\n\"1\"\n", "\n\n\n", "\u{FFFD}"])
  func unknownPart(_ note: String?) throws {
    let bytes = contents
    let server = try LocalServer { request, _, client in client.sendFile(bytes, to: request) }
    try folder.write(contents.prefix(1000).reversed() as [UInt8], to: "data.txt.partial")
    if let note { try folder.write(note, to: "data.txt.partial.from") }
    try fetch(file(server))
    try expectFile()
    #expect(server.requests.map(\.firstByte) == [0])
  }

  @Test("Stopped, it keeps what came and goes on from there")
  func stopped() throws {
    let bytes = contents
    let server = try LocalServer { request, number, client in
      client.sendFile(bytes, to: request, count: number == 0 ? 100_000 : nil)
      if number == 0 { Thread.sleep(forTimeInterval: 3) }
    }
    var received = 0
    expectError("stopped", "data.txt") { () throws(FetchError) in
      try fetch(
        file(server), isStopped: { received > 0 },
        report: { if case .progress(_, let size, _) = $0 { received = size } })
    }
    expectNothingElse("data.txt.partial", "data.txt.partial.from")
    try fetch(file(server))
    try expectFile()
    #expect(server.requests.map(\.firstByte) == [0, 100_000])
  }

  @Test("No server at all")
  func noServer() {
    var tries = 0
    expectError("127.0.0.1:1/data.txt", "connect") { () throws(FetchError) in
      try fetch(file(nil), report: { if case .started = $0 { tries += 1 } })
    }
    #expect(tries == 3)
    expectNothingElse()
  }

  @Test("Addresses that are none", arguments: ["file:///etc/passwd", "mirror", "http//x"])
  func addresses(_ mirror: String) throws {
    let fetcher = DataFetcher(mirror: mirror, pauses: [])
    let path = folder.path
    expectError(mirror, "http://") { () throws(FetchError) in
      try fetcher.fetch(.uciEnergy, into: path)
    }
  }

  @Test("Folders that cannot be made are named; two cannot fetch into one")
  func folders() throws {
    let bytes = contents
    let path = folder.path
    try folder.write("", to: "file")
    expectError(path + "/file/folder", "cannot be written") { () throws(FetchError) in
      try fetcher.fetch([file(nil)], intoFolder: path + "/file/folder")
    }
    let server = try LocalServer { request, _, client in
      client.sendFile(bytes, to: request)
      Thread.sleep(forTimeInterval: 0.1)
    }
    var attempts = 0
    try fetch(
      file(server, name: "other"),
      report: { _ in
        attempts += 1
        expectError(path, "another process") { () throws(FetchError) in
          try fetcher.fetch([file(server)], intoFolder: path)
        }
      })
    #expect(attempts > 0)
  }
}
