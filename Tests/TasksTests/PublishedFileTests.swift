import Files
import Fetching
import Tasks
import Testing

@Suite("Published files")
struct PublishedFileTests {
  @Test("Every data set's files have a size, an address and a checksum, in the order of its files")
  func catalogue() {
    for source in DataSource.allCases {
      let names = source.publishedContents.map { file in
        file.name.hasSuffix(".gz") ? String(file.name.dropLast(3)) : file.name
      }
      #expect(names == source.files)
      for file in source.published {
        #expect(file.url.hasSuffix("/" + file.name) && file.url.hasPrefix("http"))
        #expect(file.size > 0 && (file.contentSize >= file.size || !file.members.isEmpty))
        // An archive is known by its own sum, or by those of all its files.
        let sums = file.contents.compactMap(\.sha256) + [file.sha256].compactMap(\.self)
        #expect(file.sha256 != nil || sums.count == file.contents.count)
        for sum in sums {
          #expect(sum.count == 64 && sum.allSatisfy { "0123456789abcdef".contains($0) })
        }
      }
    }
  }

  @Test(
    "The real files have the checksums", .enabled(if: SharedData.has("uci-energy/data.txt")),
    arguments: [DataSource.uciEnergy, .uciProtein, .mnist10k])
  func realFiles(_ source: DataSource) throws {
    let presence = DataPresence(of: source, in: SharedData.path)
    #expect(presence.state == .complete)
    for file in presence.files { try file.published.check(fileAt: try #require(file.path)) }
  }

  @Test("A flipped or missing byte is noticed, compressed or not", arguments: [true, false])
  func damage(isCompressed: Bool) throws {
    let folder = try TemporaryFolder()
    let contents = (0..<60).map { UInt8($0) }
    let file = PublishedFile(
      name: "data", url: "", size: 60, contentSize: 60, sha256: SHA256.hexadecimal(of: contents))
    let bytes = isCompressed ? gzipped(contents) : contents
    let path = try folder.write(bytes, to: "data")
    try file.check(fileAt: path)
    // The first ten bytes of a gzip file have the time and the like, which is no damage.
    for index in (isCompressed ? 10 : 0)..<bytes.count {
      var damaged = bytes
      damaged[index] ^= 1
      try folder.write(damaged, to: "data")
      expectError(path) { () throws(DataError) in try file.check(fileAt: path) }
      try folder.write(Array(bytes.prefix(index)), to: "data")
      expectError(path) { () throws(DataError) in try file.check(fileAt: path) }
    }
  }

  @Test("An archive is checked by its size, and its SHA-256 where that is known")
  func archive() throws {
    let folder = try TemporaryFolder()
    let bytes = gzipped(tarEntry("x/a", [1, 2, 3]) + tarEnd)
    func file(_ sha256: String?) -> PublishedFile {
      PublishedFile(
        archive: "a.tgz", url: "http://127.0.0.1/a.tgz", size: bytes.count, sha256: sha256,
        members: [("a", 3, nil)])
    }
    let path = try folder.write(bytes, to: "a.tgz")
    try file(nil).check(fileAt: path)
    try file(SHA256.hexadecimal(of: bytes)).check(fileAt: path)
    let other = String(repeating: "0", count: 64)
    expectError(path, other) { () throws(DataError) in try file(other).check(fileAt: path) }
    try folder.write(Array(bytes.dropLast()), to: "a.tgz")
    expectError(path, "\(bytes.count - 1)") { () throws(DataError) in
      try file(nil).check(fileAt: path)
    }
    #expect(file(nil).contents.map(\.name) == ["a"] && file(nil).contentSize == 3)
  }

  @Test("What there is of a data set")
  func presence() throws {
    let folder = try TemporaryFolder()
    func state(_ source: DataSource) -> DataPresence.State {
      DataPresence(of: source, in: folder.path).state
    }
    #expect(state(.mnist) == .absent)
    try folder.write("", to: "mnist/t10k-images-idx3-ubyte.gz.partial")
    #expect(state(.mnist) == .partial)
    try folder.write("", to: "mnist/t10k-images-idx3-ubyte")
    try folder.write("", to: "mnist/t10k-labels-idx1-ubyte.gz")
    #expect(state(.mnist) == .partial)
    // The test files alone are another data set, which may be in the folder of the whole.
    #expect(state(.mnist10k) == .complete)
    #expect(DataPresence(of: .mnist10k, in: folder.path).folder == folder.path + "/mnist")
    // Fashion-MNIST may be in the directory itself, but is not fetched to there.
    #expect(DataPresence(of: .fashionMNIST, in: folder.path).folder.hasSuffix("/fashion-mnist"))
    try folder.write("", to: "t10k-labels-idx1-ubyte.gz")
    #expect(DataPresence(of: .fashionMNIST, in: folder.path).folder == folder.path)
    #expect(state(.fashionMNIST) == .partial)
  }
}
