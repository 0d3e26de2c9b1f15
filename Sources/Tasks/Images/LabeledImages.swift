import Requirements

/// Images, all of one size, and the class of each.
public struct LabeledImages: Hashable, Sendable {
  /// The number of rows of an image.
  public let rows: Int
  /// The number of columns of an image.
  public let columns: Int
  /// The number of values of a pixel: 1 of a gray image, 3 (red, green, blue) of a color image.
  public let channels: Int
  /// The values, 0 dark to 255 bright: image after image, row after row, pixel after pixel.
  public let pixels: [UInt8]
  /// The class of each image, counted from 0.
  public let labels: [UInt8]

  /// The number of images.
  public var count: Int { labels.count }
  /// The number of values of an image.
  public var valueCount: Int { rows * columns * channels }

  /// Makes images from their values and classes.
  ///
  /// - Precondition: There are `rows * columns * channels` values for each label.
  public init(rows: Int, columns: Int, channels: Int = 1, pixels: [UInt8], labels: [UInt8]) {
    require(
      pixels.count == rows * columns * channels * labels.count,
      "\(pixels.count) values, but \(labels.count) labels for images of "
        + "\(rows)×\(columns)×\(channels)")
    self.rows = rows
    self.columns = columns
    self.channels = channels
    self.pixels = pixels
    self.labels = labels
  }

  /// These images and then others of the same size.
  func followed(by others: LabeledImages) -> LabeledImages {
    LabeledImages(
      rows: rows, columns: columns, channels: channels, pixels: pixels + others.pixels,
      labels: labels + others.labels)
  }
}
