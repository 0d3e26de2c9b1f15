import Files
import Tasks
import Testing

@Suite("IDX files")
struct LabeledImagesTests {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  private func read(_ images: [UInt8], _ labels: [UInt8]) throws -> () throws(DataError) ->
    LabeledImages
  {
    let imageFile = try folder.write(images, to: "images")
    let labelFile = try folder.write(labels, to: "labels")
    return { () throws(DataError) in
      try LabeledImages(imageFile: imageFile, labelFile: labelFile)
    }
  }

  @Test("Images and labels are read, compressed or not", arguments: [false, true], [false, true])
  func read(_ compressesImages: Bool, _ compressesLabels: Bool) throws {
    let (images, labels) = (idxImages(4), idxLabels([3, 0, 9, 1]))
    let result = try read(
      compressesImages ? gzipped(images) : images, compressesLabels ? gzipped(labels) : labels)()
    #expect(result.count == 4)
    #expect(result.rows == 2 && result.columns == 3 && result.valueCount == 6)
    #expect(result.pixels == Array(0..<24))
    #expect(result.labels == [3, 0, 9, 1])
  }

  @Test("A file cut off anywhere, or too long, is refused")
  func lengths() throws {
    let (images, labels) = (idxImages(2), idxLabels([1, 2]))
    for count in 0..<images.count {
      expectError("images, byte ", from: try read(Array(images.prefix(count)), labels))
    }
    for count in 0..<labels.count {
      expectError("labels, byte ", from: try read(images, Array(labels.prefix(count))))
    }
    expectError(
      "images, byte 16: 13 values; expected 2×2×3 = 12", from: try read(images + [0], labels))
    expectError("labels, byte 8: 3 values; expected 2", from: try read(images, labels + [0]))
    expectError(
      "images, byte 16 of the decompressed contents: 11 values",
      from: try read(gzipped(images.dropLast()), labels))
  }

  @Test("Another kind of file is refused")
  func magic() throws {
    let (images, labels) = (idxImages(2), idxLabels([1, 2]))
    expectError(
      "images, byte 0: magic number 0x00000801 (labels); expected magic number 0x00000803 (images)",
      from: try read(labels, labels))
    expectError(
      "0x00000803 (images); expected magic number 0x00000801", from: try read(images, images))
    for (i, byte) in [UInt8]([1, 1, 9, 4]).enumerated() {
      var bytes = images
      bytes[i] = byte
      expectError("byte 0: magic number 0x", from: try read(bytes, labels))
    }
    expectError("0x74657874", from: try read(Array("text".utf8), labels))
    expectError("images.gz", "1f 8b") { () throws(DataError) in
      try LabeledImages(imageFile: write(images, "images.gz"), labelFile: folder.path)
    }
  }

  private func write(_ bytes: [UInt8], _ name: String) -> String {
    (try? folder.write(bytes, to: name)) ?? ""
  }

  @Test("Sizes that make no sense are refused")
  func sizes() throws {
    let labels = idxLabels([1, 2])
    expectError("byte 4: dimension 0 is 0", from: try read(idxImages(0), idxLabels([])))
    expectError("byte 8: dimension 1 is 0", from: try read(idxImages(2, 0, 3), labels))
    expectError("byte 12: dimension 2 is 0", from: try read(idxImages(2, 3, 0), labels))
    let huge = [0x0803, UInt32.max, UInt32.max, UInt32.max].flatMap(\.bytes)
    expectError("0 values; expected 4294967295×4294967295", from: try read(huge, labels))
  }

  @Test("There must be a label for each image, and a class for each label")
  func labels() throws {
    let images = idxImages(2)
    expectError(
      "labels: 3 labels; expected 2", "images", from: try read(images, idxLabels([1, 2, 3])))
    expectError("labels: 1 labels; expected 2", from: try read(images, idxLabels([1])))
    expectError(
      "labels, byte 9: label 10; expected 0 to 9", from: try read(images, idxLabels([9, 10])))
    expectError(
      "labels, byte 8 of the decompressed contents: label 255",
      from: try read(images, gzipped(idxLabels([255, 0]))))
  }

  @Test("Directories and absent files are refused")
  func noFiles() throws {
    let path = folder.path
    expectError(path, "this is a directory") { () throws(DataError) in
      try LabeledImages(imageFile: path, labelFile: path)
    }
    expectError("absent: No such file") { () throws(DataError) in
      try LabeledImages(imageFile: path + "/absent", labelFile: path)
    }
  }

  @Test(
    "MNIST's test images are read",
    .enabled(if: SharedData.has("mnist-10k"), "the data set mnist-10k is not there"))
  func mnist() throws {
    let base = SharedData.path + "/mnist-10k/t10k-"
    let images = try LabeledImages(
      imageFile: base + "images-idx3-ubyte.gz", labelFile: base + "labels-idx1-ubyte.gz")
    #expect(images.count == 10_000 && images.rows == 28 && images.columns == 28)
    #expect(images.labels.prefix(10) == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9])
    #expect(
      (0..<10).map { i in images.labels.count { $0 == i } }
        == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009])
  }

  @Test(
    "A real file cut off is refused",
    .enabled(if: SharedData.has("mnist-10k"), "the data set mnist-10k is not there"),
    arguments: [3, 9, 17, 1000, 4000, 4538, 4541])
  func truncatedFile(_ count: Int) throws {
    let bytes = try SharedData.bytes(of: "mnist-10k/t10k-labels-idx1-ubyte.gz")
    let path = try folder.write(Array(bytes.prefix(count)), to: "t10k.gz")
    expectError("t10k.gz, byte \(count)", "cut off") { () throws(DataError) in
      try LabeledImages(imageFile: path, labelFile: path)
    }
  }
}
