import Files
import Tasks
import Testing

@Suite("SVHN's MATLAB files")
struct SVHNTests {
  /// Whether the library is there that reads MATLAB files.
  static let hasMatio = (try? Matio(toRead: "")) != nil

  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// The value of a pixel in these tests, different for neighbors in every dimension.
  private func value(_ row: Int, _ column: Int, _ channel: Int, _ image: Int) -> UInt8 {
    UInt8(truncatingIfNeeded: 7 * row + 31 * column + 101 * channel + 13 * image)
  }

  private func images(_ count: Int, rows: Int = 3, columns: Int = 4) -> [UInt8] {
    var values: [UInt8] = []
    for image in 0..<count {
      for channel in 0..<3 {
        for column in 0..<columns {
          for row in 0..<rows { values.append(value(row, column, channel, image)) }
        }
      }
    }
    return matBytes("X", [rows, columns, 3, count], values)
  }

  private func read(_ bytes: [UInt8]) throws -> () throws(DataError) -> LabeledImages {
    let path = try folder.write(bytes, to: "train_32x32.mat")
    return { () throws(DataError) in
      try LabeledImages(svhnFile: path, try Matio(toRead: path))
    }
  }

  @Test(
    "Images are read row after row, and label 10 means 0",
    .enabled(if: hasMatio, "there is no libmatio"),
    arguments: [(false, false), (true, false), (false, true), (true, true)])
  func reading(isCompressed: Bool, hasNumbers: Bool) throws {
    let digits: [UInt8] = [10, 1, 9]
    let labels =
      hasNumbers
      ? matNumbers("y", [3, 1], digits.map(Double.init)) : matBytes("y", [3, 1], digits)
    let result = try read(matFile(images(3), labels, isCompressed: isCompressed))()
    #expect(result.rows == 3 && result.columns == 4 && result.channels == 3)
    #expect(result.labels == [0, 1, 9])
    var place = 0
    for image in 0..<3 {
      for row in 0..<3 {
        for column in 0..<4 {
          for channel in 0..<3 {
            #expect(result.pixels[place] == value(row, column, channel, image))
            place += 1
          }
        }
      }
    }
  }

  @Test("Variables that are not SVHN's are named", .enabled(if: hasMatio, "there is no libmatio"))
  func otherVariables() throws {
    let labels = matBytes("y", [2, 1], [1, 2])
    let cases: [([UInt8], [String])] = [
      (matFile(labels), ["variable 'X'", "no such variable"]),
      (matFile(images(2)), ["variable 'y'", "no such variable"]),
      (matFile(images(3), labels), ["variable 'y'", "2 labels", "3"]),
      (
        matFile(images(2), matBytes("y", [2, 1], [1, 11])), ["variable 'y'", "label 11", "1 to 10"]
      ),
      (matFile(images(2), matNumbers("y", [2, 1], [0, 1])), ["label 0", "image 0"]),
      (matFile(images(2), matNumbers("y", [2, 1], [1, 1.5])), ["label 1.5", "image 1"]),
      (
        matFile(matBytes("X", [2, 3], [1, 2, 3, 4, 5, 6]), labels), ["'X'", "2×3", "rows×columns"]
      ),
      (
        matFile(matNumbers("X", [1, 1, 3, 2], [1, 2, 3, 4, 5, 6]), labels),
        ["'X'", "numbers of 1×1×3×2", "bytes"]
      ),
    ]
    for (bytes, parts) in cases {
      let body = try read(bytes)
      #expect {
        try body()
      } throws: { error in
        let text = (error as? DataError)?.description ?? ""
        return (parts + ["train_32x32.mat"]).allSatisfy(text.contains) && !text.contains("\n")
      }
    }
  }

  @Test(
    "A file that is cut off anywhere is told with the place, and is not read",
    .enabled(if: hasMatio, "there is no libmatio"), arguments: [false, true])
  func cutOff(isCompressed: Bool) throws {
    let first = images(2, rows: 2, columns: 2)
    let bytes = matFile(first, matBytes("y", [2, 1], [1, 2]), isCompressed: isCompressed)
    _ = try read(bytes)()
    for count in bytes.indices {
      let body = try read(Array(bytes[..<count]))
      #expect(throws: DataError.self, "\(count) bytes") { try body() }
    }
    try expectError("byte 0", "head", from: read([]))
    try expectError("byte 126", "'IM' or 'MI'", from: read(bytes.map { $0 == 77 ? 78 : $0 }))
    try expectError("byte 128", "cut off", from: read(Array(bytes[..<160])))
  }

  @Test("Where the library is not there, the error says how to get it")
  func noLibrary() {
    #expect {
      try Matio(libraryNames: ["libno-such-library.so.7"], toRead: "svhn/train_32x32.mat")
    } throws: { error in
      let text = (error as? DataError)?.description ?? ""
      return ["svhn/train_32x32.mat", "matio", "apt-get install libmatio-dev", "dnf install matio"]
        .allSatisfy(text.contains)
    }
    // A library that is another one.
    #expect(throws: DataError.self) {
      try Matio(libraryNames: ["libc.so.6"], toRead: "train_32x32.mat")
    }
  }

  @Test(
    "The data set is divided, normalized by channel, and needs both files",
    .enabled(if: hasMatio, "there is no libmatio"))
  func dataSet() throws {
    let labels = (0..<12).map { UInt8($0 % 10 + 1) }
    try folder.write(
      matFile(images(12), matBytes("y", [12, 1], labels)), to: "svhn/train_32x32.mat")
    expectError("svhn/test_32x32.mat", folder.path) { () throws(DataError) in
      try DataSource.svhn.loadImages(from: folder.path)
    }
    try folder.write(
      matFile(images(2), matBytes("y", [2, 1], [1, 2])), to: "svhn/test_32x32.mat")
    let data = try DataSource.svhn.loadImages(from: folder.path)
    #expect(data.training.count == 10 && data.validation?.count == 2 && data.test?.count == 2)
    #expect(data.example == .image(height: 3, width: 4, channels: 3))
    #expect(data.training.augmentation == nil)
    #expect(data.validation?.classes(at: 0..<2) == [1, 2])
  }
}
