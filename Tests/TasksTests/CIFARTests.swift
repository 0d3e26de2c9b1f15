import Files
import Tasks
import Testing

@Suite("CIFAR-10's files")
struct CIFARTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// The value of a pixel in these tests.
  private func value(_ row: Int, _ column: Int, _ channel: Int, _ image: Int) -> UInt8 {
    UInt8(truncatingIfNeeded: 3 * row + 5 * column + 80 * channel + 17 * image)
  }

  /// Records, channel after channel.
  private func records(_ labels: UInt8...) -> [UInt8] {
    labels.enumerated().flatMap { image, label in
      [label]
        + (0..<3072).map { value($0 % 1024 / 32, $0 % 32, $0 / 1024, image) }
    }
  }

  private func read(_ bytes: [UInt8]) throws -> () throws(DataError) -> LabeledImages {
    let path = try folder.write(bytes, to: "data_batch_1.bin")
    return { () throws(DataError) in try LabeledImages(cifarFiles: [path]) }
  }

  @Test("Channels become neighbors; files follow each other")
  func reading() throws {
    let paths = [
      try folder.write(records(3, 9), to: "one"), try folder.write(records(0), to: "two"),
    ]
    let images = try LabeledImages(cifarFiles: paths)
    #expect(images.labels == [3, 9, 0])
    #expect(images.rows == 32 && images.columns == 32 && images.channels == 3)
    for (image, of) in [(0, 0), (1, 1), (2, 0)] {
      for place in 0..<1024 {
        for channel in 0..<3 {
          let found = images.pixels[3072 * image + 3 * place + channel]
          #expect(found == value(place / 32, place % 32, channel, of))
        }
      }
    }
  }

  @Test("Cut off files and labels that are none are told with their places")
  func malformed() throws {
    let bytes = records(1, 2)
    try expectError("data_batch_1.bin, byte 0", "records of 3073 bytes", from: read([]))
    for count in [1, 3072, 3074, 6145] {
      try expectError(
        "byte \(count / 3073 * 3073)", "\(count % 3073) bytes", "records of 3073 bytes",
        from: read(Array(bytes[..<count])))
    }
    try expectError("byte 3073", "label 10", "0 to 9", from: read(records(1, 10)))
  }

  @Test("The data set is divided and varied in training, in the publisher's folder too")
  func dataSet() throws {
    for file in DataSource.cifar10.files.dropLast() {
      try folder.write(records(1, 2, 3, 4), to: "cifar-10-batches-bin/\(file)")
    }
    expectError("cifar-10/test_batch.bin", "adamqlr data fetch") { () throws(DataError) in
      try DataSource.cifar10.loadImages(from: folder.path)
    }
    try folder.write(records(7), to: "cifar-10-batches-bin/test_batch.bin")
    let data = try DataSource.cifar10.loadImages(from: folder.path)
    #expect(data.training.count == 18 && data.validation?.count == 2 && data.test?.count == 1)
    #expect(data.training.augmentation == .cifar)
    #expect(data.validation?.augmentation == nil && data.test?.augmentation == nil)
    #expect(data.validation?.classes(at: 0..<2) == [3, 4])
  }
}
