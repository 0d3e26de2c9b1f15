import Foundation
import LocalServer
import Testing

@Suite("adamqlr data")
struct DataCommandTests {
  /// A data directory that is gone after the test.
  private func withFolder(_ body: (String) throws -> Void) throws {
    let folder = Tool.newPath("data")
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try body(folder)
  }

  /// A mirror that has the small real data sets.
  private func mirror(_ data: URL) throws -> LocalServer {
    try LocalServer { request, _, client in
      let file = data.appendingPathComponent(String(request.path.dropFirst()))
      guard let bytes = try? Data(contentsOf: file) else {
        return client.sendHead("404 Not Found", ["Content-Length": "0"])
      }
      client.sendFile([UInt8](bytes), to: request)
    }
  }

  @Test("list names every data set, and where it is")
  func list() throws {
    try withFolder { folder in
      try FileManager.default.createDirectory(
        atPath: folder + "/uci-energy", withIntermediateDirectories: true)
      try Data("1 2 3\n".utf8).write(to: URL(fileURLWithPath: folder + "/uci-energy/data.txt"))
      let result = try Tool.run("data", "list", "--data-dir", folder)
      #expect(result.status == 0)
      for name in ["uci-protein", "fashion-mnist", "mnist", "mnist-10k"] {
        let line = try #require(result.lines.first { $0.hasPrefix(name + " ") })
        #expect(line.hasSuffix("absent"))
      }
      let energy = try #require(result.lines.first { $0.hasPrefix("uci-energy") })
      #expect(energy.contains("35.31 kB"))
      #expect(energy.hasSuffix("1 of 1  complete in \(folder)/uci-energy"))
      #expect(result.lines.last == "Data sets are in \(folder).")
    }
  }

  @Test("The default is the user's cache, for fetching and for training")
  func defaultDirectory() throws {
    let cache = Tool.cache + "/adamqlr-swift/data"
    #expect(try Tool.run("data", "list").output.contains(cache))
    #expect(try Tool.run("train", "--task", "uci-energy").errors.contains(cache))
  }

  @Test("What is fetched is checked, not fetched again, and trains")
  func fetch() throws {
    guard let data = Tool.data else { return }
    let server = try mirror(data)
    try withFolder { folder in
      let options = ["--data-dir", folder]
      let fetch = ["data", "fetch", "uci-energy", "mnist-10k", "--mirror", server.address]
      let first = try Tool.run(fetch + options)
      #expect(first.status == 0, "\(first.errors)")
      #expect(first.lines.last == "mnist-10k is complete, in \(folder)/mnist-10k")
      #expect(server.requests.count == 3)
      #expect(try Tool.run(fetch + options).status == 0)
      #expect(server.requests.count == 3)

      let check = try Tool.run(["data", "check", "uci-energy", "mnist-10k"] + options)
      #expect(check.status == 0)
      #expect(check.lines.allSatisfy { $0.hasPrefix("ok ") })
      #expect(check.output.contains("588 training, 104 validation, 76 test"))
      let train = ["train", "--task", "uci-energy", "--steps", "1", "--json"]
      #expect(try Tool.run(train + options).status == 0)
    }
  }

  @Test("check names what is missing or wrong, and fails")
  func check() throws {
    try withFolder { folder in
      let absent = try Tool.run("data", "check", "fashion-mnist", "--data-dir", folder)
      #expect(absent.status == 1)
      #expect(absent.lines.count == 5 && absent.lines.allSatisfy { $0.hasPrefix("WRONG") })
      #expect(absent.output.contains("\(folder)/fashion-mnist/t10k-labels-idx1-ubyte.gz"))

      let path = folder + "/uci-energy/data.txt"
      try FileManager.default.createDirectory(
        atPath: folder + "/uci-energy", withIntermediateDirectories: true)
      try Data(String(repeating: "1 2 3 4 5 6 7 8 9\n", count: 20).utf8)
        .write(to: URL(fileURLWithPath: path))
      let wrong = try Tool.run("data", "check", "uci-energy", "--data-dir", folder)
      #expect(wrong.status == 1)
      #expect(wrong.lines.first == "WRONG  \(path): 360 bytes; expected 35309")
    }
  }

  @Test("Without a network, one line says which files to put where")
  func noNetwork() throws {
    try withFolder { folder in
      let result = try Tool.run(
        "data", "fetch", "mnist-10k", "--data-dir", folder, "--mirror", "http://127.0.0.1:1")
      #expect(result.status == 1)
      let lines = result.errors.split(separator: "\n")
      #expect(lines.count == 1)
      for part in [
        "t10k-images-idx3-ubyte.gz", "http://127.0.0.1:1/mnist-10k/t10k-labels-idx1-ubyte.gz",
        "into \(folder)/mnist-10k",
      ] {
        #expect(result.errors.contains(part), "\(result.errors)")
      }
      // An empty folder would hide MNIST's, where these files are looked for too.
      #expect(!FileManager.default.fileExists(atPath: folder + "/mnist-10k"))
    }
  }

  @Test("Ctrl-C keeps what came, and the same command goes on from there")
  func interruption() throws {
    guard let data = Tool.data else { return }
    let bytes = [UInt8](try Data(contentsOf: data.appendingPathComponent("uci-energy/data.txt")))
    let server = try LocalServer { request, number, client in
      client.sendFile(bytes, to: request, count: number == 0 ? 20_000 : nil)
      if number == 0 { Thread.sleep(forTimeInterval: 20) }
    }
    try withFolder { folder in
      let arguments = [
        "data", "fetch", "uci-energy", "--data-dir", folder, "--mirror", server.address,
      ]
      let (output, errors) = (Pipe(), Pipe())
      let process = try Tool.start(arguments, output: output, errors: errors)
      let part = folder + "/uci-energy/data.txt.partial"
      let size = { (try? FileManager.default.attributesOfItem(atPath: part)[.size]) as? Int }
      let end = ContinuousClock.now + .seconds(20)
      while size() != 20_000, ContinuousClock.now < end { Thread.sleep(forTimeInterval: 0.02) }
      process.interrupt()
      process.waitUntilExit()
      #expect(process.terminationStatus == 130)
      #expect(size() == 20_000)
      #expect(try Tool.run("data", "list", "--data-dir", folder).output.contains("partial"))
      #expect(try Tool.run(arguments).status == 0)
      #expect(server.requests.map(\.firstByte) == [0, 20_000])
    }
  }

  @Test("A full disk is named, and what came is kept")
  func fullDisk() throws {
    guard let data = Tool.data else { return }
    let server = try mirror(data)
    try withFolder { folder in
      let arguments = [
        "data", "fetch", "uci-energy", "--data-dir", folder, "--mirror", server.address,
      ]
      let full = try Tool.run(arguments, fileSizeLimit: 20 * 1024)
      #expect(full.status == 1)
      #expect(full.errors.contains("\(folder)/uci-energy/data.txt.partial: cannot be written"))
      #expect(try Tool.run(arguments).status == 0)
      #expect(server.requests.map(\.firstByte) == [0, 20 * 1024])
    }
  }

  @Test("Names that are none are answered with the choices", arguments: ["moon", "digits"])
  func names(_ name: String) throws {
    for command in ["fetch", "check"] {
      let result = try Tool.run("data", command, name)
      #expect(result.status != 0)
      #expect(result.errors.contains("'\(name)'"))
      #expect(result.errors.contains("fashion-mnist"))
    }
  }
}
