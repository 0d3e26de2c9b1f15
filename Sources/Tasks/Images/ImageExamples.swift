import AdamQLRTorch

/// Color images that a task learns from and is judged by, kept as bytes.
public struct ImageDataSet: Sendable {
  /// The examples that train.
  public let training: ImageExamples
  /// The examples that settings are chosen by; `nil` where there are none.
  public let validation: ImageExamples?
  /// The examples that the result is judged by; `nil` where there are none.
  public let test: ImageExamples?
  /// What the values are normalized by: mean and deviation of each channel where images train and
  /// validate, after the values were divided by 255.
  public let normalization: Normalization
  /// The number of classes.
  public let classCount: Int

  /// Divides images of ten classes, and measures them.
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
    let store = ImageStore(images)
    let normalization = store.normalization(of: Array(0..<split.validation.upperBound))
    self.normalization = normalization
    classCount = 10
    training = ImageExamples(store, Array(split.training), normalization, augmentation)
    validation = ImageExamples(store, Array(split.validation), normalization)
    self.test = ImageExamples(ImageStore(test), Array(0..<test.count), normalization)
  }

  /// Divides images.
  ///
  /// - Parameter normalization: `nil`: by those that train and validate.
  init(
    _ store: ImageStore, classCount: Int, training: [Int], validation: [Int], test: [Int],
    augmentation: ImageAugmentation?, normalization: Normalization? = nil
  ) {
    let normalization = normalization ?? store.normalization(of: training + validation)
    self.normalization = normalization
    self.classCount = classCount
    self.training = ImageExamples(store, training, normalization, augmentation)
    self.validation =
      validation.isEmpty ? nil : ImageExamples(store, validation, normalization)
    self.test = test.isEmpty ? nil : ImageExamples(store, test, normalization)
  }

  /// What one example is.
  public var example: ExampleShape {
    let images = training.store
    return .image(height: images.rows, width: images.columns, channels: images.channels)
  }
}

/// Some images and their classes, kept as bytes: numbers are made of those that a batch takes.
public struct ImageExamples: Sendable {
  let store: ImageStore
  /// How they are varied in training.
  public let augmentation: ImageAugmentation?
  private let places: [Int]
  /// What becomes of each value, 256 numbers for each channel.
  private let numbers: [Double]

  /// The number of images.
  public var count: Int { places.count }

  init(
    _ store: ImageStore, _ places: [Int], _ normalization: Normalization,
    _ augmentation: ImageAugmentation? = nil
  ) {
    self.store = store
    self.places = places
    self.augmentation = augmentation
    numbers = (0..<store.channels).flatMap { channel in
      normalization[channel..<(channel + 1)]
        .normalizedPixels(Array(0...255), as: Double.self)
    }
  }

  /// The classes of some images.
  public func classes(at indices: some Collection<Int>) -> [Int64] {
    indices.map { Int64(store.labels[places[$0]]) }
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
    let count = indices.count * store.valueCount
    return [Scalar](unsafeUninitializedCapacity: count) { result, filled in
      fill(UnsafeMutableBufferPointer(rebasing: result[..<count]), with: Array(indices), generator)
      filled = count
    }
  }

  /// A generator after the variations of so many images.
  func skipping(_ count: Int, _ generator: SeededGenerator) -> SeededGenerator {
    var generator = generator
    for _ in 0..<count { _ = augmentation?.variation(using: &generator) }
    return generator
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
    let painter = Painter<Scalar>(store.rows, store.columns, store.channels)
    let size = store.valueCount
    let numbers = self.numbers.map { Scalar($0) }
    store.withPixels { pixels in
      numbers.withUnsafeBufferPointer { numbers in
        for (place, index) in indices.enumerated() {
          let start = places[index] * size
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
  /// All images of ten classes as numbers, four or eight times the memory of their bytes; those that
  /// train are as they are, not varied.
  init(_ images: ImageDataSet) {
    func examples(_ images: ImageExamples) -> Examples<Scalar> {
      Examples(
        count: images.count, inputs: images.values(at: 0..<images.count),
        targets: .classes(images.classes(at: 0..<images.count), count: 10))
    }
    self.init(
      training: examples(images.training), validation: images.validation.map(examples),
      test: examples(images.test ?? images.training), example: images.example,
      inputNormalization: images.normalization, targetNormalization: nil)
  }
}
