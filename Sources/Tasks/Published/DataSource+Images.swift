import Files

extension DataSource {
  /// Reads a data set of color images, and divides it; the images stay bytes.
  ///
  /// - Parameters:
  ///   - directory: The directory of all data sets.
  ///   - seed: The seed of what the program draws.
  /// - Precondition: ``hasColor``.
  /// - Throws: ``DataError`` where a file is missing or malformed, or images are too few.
  public func loadImages(
    from directory: String, seed: UInt64 = 0
  ) throws(DataError) -> ImageDataSet {
    switch self {
    case .svhn:
      let folder = folder(in: directory)
      let paths = (try folder.path(of: files[0]), try folder.path(of: files[1]))
      let library = try Matio(toRead: paths.0)
      return try divide(
        try LabeledImages(svhnFile: paths.0, library), in: paths.0, validationFraction: 1.0 / 6,
        test: try LabeledImages(svhnFile: paths.1, library))
    case .cifar10:
      let folder = folder(in: directory)
      var paths: [String] = []
      for file in files { paths.append(try folder.path(of: file)) }
      return try divide(
        try LabeledImages(cifarFiles: paths.dropLast()), in: paths[0], validationFraction: 0.1,
        test: try LabeledImages(cifarFiles: paths.suffix(1)), augmentation: .cifar)
    case .digitsColor:
      let digits = ColorDigits(seed: seed)
      let (training, validation) = (digits.images(.train), digits.images(.validation))
      let images = training.followed(by: validation)
      return ImageDataSet(
        images, Split(0..<training.count, training.count..<images.count),
        test: digits.images(.test))
    case .uciEnergy, .uciProtein, .fashionMNIST, .mnist, .mnist10k, .pennTreebank, .digits:
      fatalError("\(rawValue) has no color images")
    }
  }

  private func divide(
    _ images: LabeledImages, in file: String, validationFraction: Double, test: LabeledImages,
    augmentation: ImageAugmentation? = nil
  ) throws(DataError) -> ImageDataSet {
    let split = Split(count: images.count, validationFraction: validationFraction)
    guard !split.validation.isEmpty, !split.training.isEmpty else {
      throw .malformed(
        file: file, found: "\(images.count) images to train on",
        expected: "enough that some validate, a share of \(validationFraction)")
    }
    return ImageDataSet(images, split, test: test, augmentation: augmentation)
  }
}
