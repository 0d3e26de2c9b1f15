import Files
import AdamQLRTorch

/// The data sets that tasks are made of, by name.
public enum DataSource: String, Codable, CaseIterable, Sendable {
  /// UCI Energy Efficiency: 8 inputs, the heating load.
  case uciEnergy = "uci-energy"
  /// UCI Physicochemical Properties of Protein Tertiary Structure: 9 inputs, one target.
  case uciProtein = "uci-protein"
  /// Fashion-MNIST: images of 10 kinds of clothing.
  case fashionMNIST = "fashion-mnist"
  /// MNIST: images of handwritten digits.
  case mnist
  /// The test images of MNIST alone: the first 80 % train, the rest test.
  case mnist10k = "mnist-10k"
  /// The Penn Treebank's words, see ``PennTreebank``.
  case pennTreebank = "penn-treebank"
  /// Street View House Numbers: color images of digits.
  case svhn
  /// CIFAR-10: color images of 10 kinds of things.
  case cifar10 = "cifar-10"
  /// Images of digits that the program draws.
  case digits
  /// Color images of digits that the program draws.
  case digitsColor = "digits-color"

  /// The files it is read from, each compressed (`.gz`) or not; none for what the program draws.
  public var files: [String] {
    switch self {
    case .uciEnergy, .uciProtein: ["data.txt"]
    case .fashionMNIST, .mnist: Self.trainingImages + Self.testImages
    case .mnist10k: Self.testImages
    case .pennTreebank: PennTreebank.files
    case .svhn: ["train_32x32.mat", "test_32x32.mat"]
    case .cifar10: (1...5).map { "data_batch_\($0).bin" } + ["test_batch.bin"]
    case .digits, .digitsColor: []
    }
  }

  /// Whether it has color images, which ``loadImages(from:seed:)`` reads.
  public var hasColor: Bool {
    switch self {
    case .svhn, .cifar10, .digitsColor: true
    case .uciEnergy, .uciProtein, .fashionMNIST, .mnist, .mnist10k, .pennTreebank, .digits: false
    }
  }

  /// Reads the data set, divides it into training, validation and test examples, and normalizes it
  /// by the training and validation examples.
  ///
  /// Gray images are normalized pixel by pixel, color images channel by channel. Their values are
  /// divided by 255 first, so that a pixel that is black in all of those is at most 1 in the test
  /// images.
  ///
  /// - Parameters:
  ///   - type: The type of its numbers.
  ///   - directory: The directory of all data sets, in which this one has a folder of its name.
  ///   - seed: The seed of what the program draws. Files are read the same whatever the seed.
  /// - Precondition: It is no text, which ``PennTreebank/load(from:context:)`` reads.
  /// - Throws: ``DataError`` where a file is missing or malformed, or examples are too few.
  @_specialize(where Scalar == Float)
  @_specialize(where Scalar == Double)
  public func load<Scalar: BinaryFloatingPoint & Sendable>(
    as type: Scalar.Type = Scalar.self, from directory: String, seed: UInt64 = 0
  ) throws(DataError) -> DataSet<Scalar> {
    switch self {
    case .uciEnergy:
      return try loadTable(columns: 9, from: folder(in: directory))
    case .uciProtein:
      return try loadTable(columns: 10, from: folder(in: directory))
    case .fashionMNIST, .mnist:
      let folder = folder(in: directory)
      let images = try loadImages(Self.trainingImages, from: folder)
      let test = try loadImages(Self.testImages, from: folder)
      guard images.rows == test.rows && images.columns == test.columns else {
        throw .malformed(
          file: try folder.path(of: Self.testImages[0]),
          found: "images of \(test.rows)×\(test.columns)",
          expected: "\(images.rows)×\(images.columns), as for training")
      }
      let split = Split(count: images.count, validationFraction: 1.0 / 6)
      guard !split.validation.isEmpty else {
        throw .malformed(
          file: try folder.path(of: Self.trainingImages[0]), found: "\(images.count) images",
          expected: "at least 3, so that some validate")
      }
      return DataSet(images, split.training, split.validation, test: test, 0..<test.count)
    case .mnist10k:
      let folder = folder(in: directory)
      let images = try loadImages(Self.testImages, from: folder)
      let split = Split(count: images.count, validationFraction: 0.2)
      guard !split.validation.isEmpty else {
        throw .malformed(
          file: try folder.path(of: Self.testImages[0]), found: "\(images.count) images",
          expected: "at least 3, so that some test")
      }
      return DataSet(images, split.training, nil, test: images, split.validation)
    case .pennTreebank: fatalError("\(rawValue) is a text, and has no numbers")
    case .digits:
      let digits = Digits(seed: seed)
      let (training, validation) = (digits.images(.train), digits.images(.validation))
      let images = training.followed(by: validation)
      let test = digits.images(.test)
      return DataSet(
        images, 0..<training.count, training.count..<images.count, test: test, 0..<test.count)
    case .svhn, .cifar10, .digitsColor:
      return DataSet(try loadImages(from: directory, seed: seed))
    }
  }

  /// The folder that its files are read from.
  package func folder(in directory: String) -> DataFolder {
    switch self {
    // Fashion-MNIST's files may also lie in the directory itself.
    case .fashionMNIST: DataFolder(rawValue, or: [""], in: directory)
    case .mnist10k: DataFolder(rawValue, or: ["mnist"], in: directory)
    // As the publisher's archive unpacks.
    case .pennTreebank: DataFolder(rawValue, or: ["simple-examples/data"], in: directory)
    case .cifar10: DataFolder(rawValue, or: ["cifar-10-batches-bin"], in: directory)
    case .uciEnergy, .uciProtein, .mnist, .svhn, .digits, .digitsColor:
      DataFolder(rawValue, in: directory)
    }
  }

  private static let trainingImages = ["train-images-idx3-ubyte", "train-labels-idx1-ubyte"]
  private static let testImages = ["t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"]

  private func loadImages(
    _ names: [String], from folder: DataFolder
  ) throws(DataError) -> LabeledImages {
    try LabeledImages(
      imageFile: try folder.path(of: names[0]), labelFile: try folder.path(of: names[1]))
  }

  /// Reads a table whose last column is the target.
  ///
  /// The rows are shuffled by the file of indices where one lies beside, else by a fixed seed; the
  /// last ⌊n/10⌋ test, and 15 % of the others validate.
  private func loadTable<Scalar: BinaryFloatingPoint & Sendable>(
    columns: Int, from folder: DataFolder
  ) throws(DataError) -> DataSet<Scalar> {
    let path = try folder.path(of: "data.txt")
    let source = try NumberTable(file: path, columns: columns)
    let testCount = source.rows / 10
    guard testCount > 0 else {
      throw .malformed(
        file: path, found: "\(source.rows) rows",
        expected: "at least 10, so that some validate and some test")
    }
    let table = try order(ofRows: source.rows, folder).applied(to: source)

    let known = table.rows - testCount
    let split = Split(count: known, validationFraction: 0.15)
    let normalization = Normalization(of: table.values, columns: columns, rows: 0..<known)
    let features = columns - 1
    let (inputs, targets) = table.divided(at: features)
    let (ofInputs, ofTargets) = (
      normalization[0..<features], normalization[features..<columns]
    )
    func examples(_ rows: Range<Int>) -> Examples<Scalar> {
      Examples(
        count: rows.count, inputs: ofInputs.normalized(inputs.values, rows: rows),
        targets: .values(ofTargets.normalized(targets.values, rows: rows), columns: 1))
    }
    return DataSet(
      training: examples(split.training), validation: examples(split.validation),
      test: examples(known..<table.rows), example: .features(features),
      inputNormalization: ofInputs,
      targetNormalization: ofTargets)
  }

  private func order(ofRows count: Int, _ folder: DataFolder) throws(DataError) -> Permutation {
    if let path = folder.pathIfPresent(of: "permutation_indices.txt") {
      return try Permutation(file: path, count: count)
    }
    var generator = SeededGenerator(seed: 0, stream: "\(rawValue)/rows")
    return Permutation(shuffling: count, with: &generator)
  }
}

extension DataSet {
  /// Makes a data set of gray images, each pixel normalized by those that train and validate.
  fileprivate init(
    _ images: LabeledImages, _ training: Range<Int>, _ validation: Range<Int>?,
    test: LabeledImages, _ testRows: Range<Int>
  ) {
    let known = 0..<(validation ?? training).upperBound
    let normalization = Normalization(
      ofPixels: images.pixels, columns: images.valueCount, rows: known)
    func examples(_ images: LabeledImages, _ rows: Range<Int>) -> Examples<Scalar> {
      Examples(
        count: rows.count, inputs: normalization.normalizedPixels(images.pixels, rows: rows),
        targets: .classes(images.labels[rows].map(Int64.init), count: 10))
    }
    self.init(
      training: examples(images, training), validation: validation.map { examples(images, $0) },
      test: examples(test, testRows),
      example: .image(height: images.rows, width: images.columns, channels: images.channels),
      inputNormalization: normalization, targetNormalization: nil)
  }
}
