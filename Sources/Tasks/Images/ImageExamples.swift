import AdamQLRTorch

/// Color images that a task learns from and is judged by, kept as bytes.
public struct ImageDataSet: Sendable {
  /// The examples that train.
  public let training: ImageExamples
  /// The examples that settings are chosen by.
  public let validation: ImageExamples
  /// The examples that the result is judged by.
  public let test: ImageExamples
  /// What the values are normalized by: mean and deviation of each channel where images train and
  /// validate, after the values were divided by 255.
  public let normalization: Normalization

  /// Divides images, and measures them.
  ///
  /// - Parameters:
  ///   - images: Those that train, and behind them those that validate.
  ///   - split: Which are which.
  ///   - test: Those that test.
  ///   - augmentation: How those that train are varied; `nil`: they are not.
  public init(
    _ images: LabeledImages, _ split: Split, test: LabeledImages,
    augmentation: ImageAugmentation? = nil
  ) {
    let normalization = Normalization(
      ofPixels: images.pixels, columns: images.channels,
      rows: 0..<(split.validation.upperBound * images.rows * images.columns))
    self.normalization = normalization
    training = ImageExamples(images, split.training, normalization, augmentation)
    validation = ImageExamples(images, split.validation, normalization)
    self.test = ImageExamples(test, 0..<test.count, normalization)
  }

  /// What one example is.
  public var example: ExampleShape {
    let images = training.images
    return .image(height: images.rows, width: images.columns, channels: images.channels)
  }
}

/// Some images and their classes, kept as bytes: numbers are made of those that a batch takes.
public struct ImageExamples: Sendable {
  let images: LabeledImages
  /// How they are varied in training.
  public let augmentation: ImageAugmentation?
  private let places: Range<Int>
  /// What becomes of each value, 256 numbers for each channel.
  private let numbers: [Double]

  /// The number of images.
  public var count: Int { places.count }

  init(
    _ images: LabeledImages, _ places: Range<Int>, _ normalization: Normalization,
    _ augmentation: ImageAugmentation? = nil
  ) {
    self.images = images
    self.places = places
    self.augmentation = augmentation
    numbers = (0..<images.channels).flatMap { channel in
      normalization[channel..<(channel + 1)]
        .normalizedPixels(Array(0...255), as: Double.self)
    }
  }

  /// The classes of some images.
  public func classes(at indices: some Collection<Int>) -> [Int64] {
    indices.map { Int64(images.labels[places.lowerBound + $0]) }
  }

  /// The normalized values of some images: image after image, row after row, pixel after pixel.
  ///
  /// - Parameters:
  ///   - indices: Which of the images.
  ///   - generator: What their variations are drawn from; `nil`: they are not varied.
  public func values<Scalar: BinaryFloatingPoint>(
    at indices: some Collection<Int>, varying generator: SeededGenerator? = nil,
    as type: Scalar.Type = Scalar.self
  ) -> [Scalar] {
    let count = indices.count * images.valueCount
    return [Scalar](unsafeUninitializedCapacity: count) { result, filled in
      fill(UnsafeMutableBufferPointer(rebasing: result[..<count]), with: Array(indices), generator)
      filled = count
    }
  }

  /// Puts the normalized values of some images where they are wanted, as ``values(at:varying:as:)``.
  @_specialize(where Scalar == Float)
  @_specialize(where Scalar == Double)
  func fill<Scalar: BinaryFloatingPoint>(
    _ result: UnsafeMutableBufferPointer<Scalar>, with indices: [Int],
    _ generator: SeededGenerator?
  ) {
    let augmentation = generator == nil ? nil : self.augmentation
    var generator = generator ?? SeededGenerator(seed: 0)
    let painter = Painter<Scalar>(images.rows, images.columns, images.channels)
    let size = images.valueCount
    let numbers = self.numbers.map { Scalar($0) }
    images.pixels.withUnsafeBufferPointer { pixels in
      numbers.withUnsafeBufferPointer { numbers in
        for (place, index) in indices.enumerated() {
          let start = (places.lowerBound + index) * size
          painter.paint(
            UnsafeBufferPointer(rebasing: pixels[start..<(start + size)]),
            augmentation?.variation(using: &generator) ?? ImageAugmentation.Variation(), numbers,
            on: UnsafeMutableBufferPointer(
              rebasing: result[(place * size)..<((place + 1) * size)]))
        }
      }
    }
  }
}

/// Makes numbers of one image's bytes.
private struct Painter<Scalar: BinaryFloatingPoint> {
  private let rows, columns, channels: Int

  init(_ rows: Int, _ columns: Int, _ channels: Int) {
    (self.rows, self.columns, self.channels) = (rows, columns, channels)
  }

  @inline(__always)
  func paint(
    _ source: UnsafeBufferPointer<UInt8>, _ variation: ImageAugmentation.Variation,
    _ numbers: UnsafeBufferPointer<Scalar>, on target: UnsafeMutableBufferPointer<Scalar>
  ) {
    let width = columns * channels
    // The columns that show the image, as they are after mirroring.
    let shift = variation.isMirrored ? -variation.right : variation.right
    let left = min(max(-shift, 0), columns)
    let right = max(min(columns - shift, columns), left)
    let step = variation.isMirrored ? -channels : channels
    let first = variation.isMirrored ? columns - 1 - left + variation.right : left + shift
    for row in 0..<rows {
      let sourceRow = row + variation.down
      let start = row * width
      guard sourceRow >= 0, sourceRow < rows else {
        darken(target, start, columns, numbers)
        continue
      }
      darken(target, start, left, numbers)
      var from = sourceRow * width + first * channels
      var to = start + left * channels
      for _ in left..<right {
        for channel in 0..<channels {
          target.initializeElement(
            at: to &+ channel, to: numbers[channel &<< 8 &+ Int(source[from &+ channel])])
        }
        from &+= step
        to &+= channels
      }
      darken(target, to, columns - right, numbers)
    }
  }

  /// Makes pixels black.
  @inline(__always)
  private func darken(
    _ target: UnsafeMutableBufferPointer<Scalar>, _ start: Int, _ count: Int,
    _ numbers: UnsafeBufferPointer<Scalar>
  ) {
    for place in 0..<(count * channels) {
      target.initializeElement(at: start + place, to: numbers[256 * (place % channels)])
    }
  }
}

extension DataSet {
  /// All images as numbers, four or eight times the memory of their bytes; those that train are as
  /// they are, not varied.
  init(_ images: ImageDataSet) {
    func examples(_ images: ImageExamples) -> Examples<Scalar> {
      Examples(
        count: images.count, inputs: images.values(at: 0..<images.count),
        targets: .classes(images.classes(at: 0..<images.count), count: 10))
    }
    self.init(
      training: examples(images.training), validation: examples(images.validation),
      test: examples(images.test), example: images.example,
      inputNormalization: images.normalization, targetNormalization: nil)
  }
}
