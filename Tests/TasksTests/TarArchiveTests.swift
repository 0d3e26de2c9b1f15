import Files
import Foundation
import Tasks
import Testing

@Suite("Tar archives")
struct TarArchiveTests {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  /// What an archive has, in its order.
  private func read(_ path: String) throws(DataError) -> [(entry: TarArchive.Entry, [UInt8])] {
    let archive = try TarArchive(path)
    var found: [(entry: TarArchive.Entry, [UInt8])] = []
    while let entry = try archive.next() {
      var bytes: [UInt8] = []
      try archive.readContents { bytes += $0 }
      found.append((entry, bytes))
    }
    return found
  }

  @Test("Files come in their order, compressed or not", arguments: [true, false])
  func files(isCompressed: Bool) throws {
    // Sizes around those of a block, and of more than a piece.
    let sizes = [0, 1, 511, 512, 513, 700_000]
    let contents = sizes.map { size in (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ size) }
    }
    let heads = contents.enumerated().flatMap { tarEntry("data/file\($0)", $1) }
    let bytes = tarEntry("data/", [], kind: "5") + heads + tarEnd
    let path = try folder.write(isCompressed ? gzipped(bytes) : bytes, to: "archive")
    let found = try read(path)
    #expect(found.map(\.entry.path) == ["data/"] + sizes.indices.map { "data/file\($0)" })
    #expect(found.map(\.entry.isFile) == [false] + sizes.map { _ in true })
    #expect(found.dropFirst().map(\.entry.name) == sizes.indices.map { "file\($0)" })
    #expect(found.dropFirst().map(\.1) == contents)
    // Contents that nobody reads are passed over, and the end may lack its zeros.
    let short = try folder.write(Array(bytes.dropLast(1024)), to: "short")
    let archive = try TarArchive(short)
    var names: [String] = []
    while let entry = try archive.next() { names.append(entry.path) }
    #expect(names == found.map(\.entry.path))
  }

  @Test("Names too long for a head are read, as GNU tar and as pax have them")
  func longNames() throws {
    let long = (0..<40).map { "folder\($0)" }.joined(separator: "/") + "/ä"
    let record = "path=\(long)\n"
    let digits = String(record.utf8.count + 4)
    let pax = digits + " " + record
    #expect(pax.utf8.count == Int(digits))
    let bytes =
      tarEntry("././@LongLink", Array(long.utf8) + [0], kind: "L") + tarEntry("cut", [1])
      + tarEntry("PaxHeader", Array("14 comment=ab\n".utf8), kind: "g")
      + tarEntry("PaxHeader", Array((pax + "10 size=3\n").utf8), kind: "x")
      + tarEntry("cut", [1, 2, 3], statedSize: 0)
      + tarEntry("last", [4], prefix: "some/folder") + tarEnd
    let found = try read(try folder.write(bytes, to: "archive"))
    #expect(found.map(\.entry.path) == [long, long, "some/folder/last"])
    #expect(found.map(\.1) == [[1], [1, 2, 3], [4]])
  }

  @Test("Archives by the system's tar are read", arguments: ["ustar", "pax", "gnu"])
  func systemArchives(_ format: String) throws {
    let program = URL(fileURLWithPath: "/usr/bin/tar")
    guard FileManager.default.isExecutableFile(atPath: program.path) else { return }
    let name = String(repeating: "long", count: format == "ustar" ? 10 : 40)
    let contents = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 5) }
    try folder.write(contents, to: "in/\(name)")
    try folder.write("ü", to: "in/b/ü.txt")
    let tar = Process()
    tar.executableURL = program
    tar.arguments = ["--format=\(format)", "-czf", "\(folder.path)/a.tgz", "-C", folder.path, "in"]
    tar.standardError = FileHandle.nullDevice
    try tar.run()
    tar.waitUntilExit()
    guard tar.terminationStatus == 0 else { return }
    let files = try read(folder.path + "/a.tgz").filter(\.entry.isFile)
    #expect(Set(files.map(\.entry.path)) == ["in/\(name)", "in/b/ü.txt"])
    #expect(files.first { $0.entry.name == name }?.1 == contents)
  }

  @Test("Cut off anywhere but between two files, an archive is an error that names it and a place")
  func cutOff() throws {
    let bytes = tarEntry("a", Array(0..<200)) + tarEntry("b", Array(0..<10)) + tarEnd
    for count in stride(from: 0, to: 2048, by: 100) where count % 1024 != 0 || count == 0 {
      let path = try folder.write(Array(bytes.prefix(count)), to: "cut")
      expectError(path, "byte") { () throws(DataError) in try read(path) }
    }
    let compressed = gzipped(bytes)
    // What lies behind the zeros at the end is not looked at.
    for count in [12, 100, 1500] {
      let path = try folder.write(Array(compressed.prefix(count)), to: "cut.tgz")
      expectError(path, "cut off") { () throws(DataError) in try read(path) }
    }
  }

  @Test("Damage to a head, and files that are no archives, are named")
  func damage() throws {
    let bytes = tarEntry("a", Array(0..<200)) + tarEnd
    for index in [0, 5, 100, 124, 130, 148, 156, 257, 345, 511] {
      var damaged = bytes
      damaged[index] ^= 0x11
      let path = try folder.write(damaged, to: "damaged")
      expectError(path, "byte 0", "checksum") { () throws(DataError) in try read(path) }
    }
    let text = try folder.write(String(repeating: "no archive ", count: 100), to: "text")
    expectError(text, "byte 0", "tar archive") { () throws(DataError) in try read(text) }
    let records = [
      ("pax record", "3 x"), ("pax record", "99 path=x\n"), ("a size", "13 size=-100\n"),
      ("a size", "28 size=9999999999999999999\n"),
    ]
    for (part, record) in records {
      let bytes = tarEntry("p", Array(record.utf8), kind: "x") + tarEntry("a", []) + tarEnd
      let path = try folder.write(bytes, to: "pax")
      expectError(path, part) { () throws(DataError) in try read(path) }
    }
    expectError("/nowhere", "No such file") { () throws(DataError) in try read("/nowhere") }
  }

  @Test("Sizes beyond octal digits are read as GNU tar writes them")
  func largeSizes() throws {
    var bytes = tarEntry("a", [1, 2, 3])
    bytes.replaceSubrange(124..<136, with: [0x80] + [UInt8](repeating: 0, count: 10) + [3])
    bytes = withChecksum(bytes)
    let found = try read(try folder.write(bytes + tarEnd, to: "archive"))
    #expect(found.map(\.1) == [[1, 2, 3]])
    bytes.replaceSubrange(124..<136, with: [0xff] + [UInt8](repeating: 0xff, count: 11))
    let path = try folder.write(withChecksum(bytes), to: "negative")
    expectError(path, "byte 0") { () throws(DataError) in try read(path) }
  }
}
