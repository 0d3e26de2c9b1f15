import Files
import Requirements

/// Images of one size as bytes, in memory or in a file, and the class of each.
struct ImageStore: Sendable {
  let rows: Int
  let columns: Int
  /// The number of values of a pixel.
  let channels: Int
  /// The class of each image, counted from 0.
  let labels: [UInt16]
  private let pixels: Pixels

  private enum Pixels: Sendable {
    case memory([UInt8])
    case file(MappedFile)
  }

  var count: Int { labels.count }
  /// The number of values of an image.
  var valueCount: Int { rows * columns * channels }

  init(_ images: LabeledImages) {
    (rows, columns, channels) = (images.rows, images.columns, images.channels)
    labels = images.labels.map(UInt16.init)
    pixels = .memory(images.pixels)
  }

  /// Color images that lie one behind the other in a file.
  ///
  /// - Precondition: The file has as many bytes as all of them.
  init(_ file: MappedFile, size: Int, labels: [UInt16]) {
    require(
      file.bytes.count == size * size * 3 * labels.count,
      "\(file.bytes.count) bytes for \(labels.count) images of \(size)×\(size)")
    (rows, columns, channels) = (size, size, 3)
    self.labels = labels
    pixels = .file(file)
  }

  func withPixels<Result>(_ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
    switch pixels {
    case .memory(let bytes): bytes.withUnsafeBufferPointer(body)
    case .file(let file): file.bytes.withMemoryRebound(to: UInt8.self, body)
    }
  }

  /// The mean and deviation of each channel of some images, after values were divided by 255.
  func normalization(of places: [Int]) -> Normalization {
    withPixels { pixels in
      Normalization(
        ofPixels: pixels, columns: channels,
        ranges: places.map { ($0 * rows * columns)..<(($0 + 1) * rows * columns) })
    }
  }
}
