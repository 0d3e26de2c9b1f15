/// Gray images, all of one size, and the class of each.
public struct LabeledImages: Hashable, Sendable {
  /// The number of rows of an image.
  public let rows: Int
  /// The number of columns of an image.
  public let columns: Int
  /// The gray values, 0 black to 255 white: image after image, row after row.
  public let pixels: [UInt8]
  /// The class of each image, counted from 0.
  public let labels: [UInt8]

  /// The number of images.
  public var count: Int { labels.count }
  /// The number of pixels of an image.
  public var pixelCount: Int { rows * columns }

  /// Makes images from their gray values and classes.
  ///
  /// - Precondition: There are `rows * columns` pixels for each label.
  public init(rows: Int, columns: Int, pixels: [UInt8], labels: [UInt8]) {
    precondition(
      pixels.count == rows * columns * labels.count,
      "\(pixels.count) pixels, but \(labels.count) labels for images of \(rows)×\(columns)")
    self.rows = rows
    self.columns = columns
    self.pixels = pixels
    self.labels = labels
  }
}
