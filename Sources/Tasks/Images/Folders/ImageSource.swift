import AdamQLRTorch
import Files

/// A folder of images of one's own to learn from: a folder for each class in it, perhaps below folders
/// `train`, `validation` and `test`.
public struct ImageSource: Hashable, Sendable {
  /// The folder's path.
  public var path: String
  /// The height and width that images are brought to. Default 64.
  public var size = 64
  /// How images are varied in training. Default: they are not.
  public var augmentation = Augmentation.none
  /// The share of images that test; without effect where there is a folder `test`. Default 0.1.
  public var testFraction = 0.1
  /// The share of the other images that validate; without effect where there is a folder
  /// `validation`. Default 0.15.
  public var validationFraction = 0.15

  /// Makes a source with the defaults for everything else.
  public init(path: String) { self.path = path }

  /// How images are varied in training.
  public enum Augmentation: String, Codable, CaseIterable, Sendable {
    /// They are not.
    case none
    /// As the paper has it for CIFAR-10: surrounded by black an eighth of their size wide, cut out anew
    /// at a random place, and mirrored every other time.
    case cropAndFlip = "crop-flip"
  }
}

/// How images of one's own become inputs, stored with a run.
public struct ImageEncoding: Hashable, Codable, Sendable {
  /// The names of the classes, in the order of their numbers.
  public let classes: [String]
  /// The height and width that images are brought to.
  public let size: Int
  /// What each channel is normalized by.
  public let normalization: Normalization
  /// What tells the folder, as it was, from any other.
  public let digest: String
}

extension ImageSource {
  /// Reads the folder's images, which takes a while the first time, and divides them: each class has
  /// about the same share of those that validate and test.
  ///
  /// - Parameter encoding: That of a run that learned from them; `nil`: as fits.
  /// - Throws: ``DataError`` where there is no such folder, what reads images is not there, images are
  ///   too few, or they are no longer those that the run learned from.
  func load(
    encodedBy encoding: ImageEncoding?
  ) throws(DataError) -> (ImageDataSet, ImageEncoding, lines: [String], notes: [String]) {
    try divide(PackedImages(folder: path, size: size), encodedBy: encoding)
  }

  /// Divides images that have been read.
  ///
  /// - Throws: ``DataError`` where they are too few, or not those that the run learned from.
  package func divide(
    _ pack: PackedImages, encodedBy encoding: ImageEncoding? = nil
  ) throws(DataError) -> (ImageDataSet, ImageEncoding, lines: [String], notes: [String]) {
    if let encoding, encoding.digest != pack.digest {
      throw .malformed(
        file: path, found: "images that have changed since the run began",
        expected: "those that the run has learned from")
    }
    let parts = try divide(pack)
    let set = ImageDataSet(
      try pack.store(), classCount: pack.classes.count, training: parts.training,
      validation: parts.validation, test: parts.test,
      augmentation: augmentation == .none
        ? nil : ImageAugmentation(padding: size / 8, mirrors: true),
      normalization: encoding?.normalization)
    let known = ImageEncoding(
      classes: pack.classes, size: size, normalization: set.normalization, digest: pack.digest)
    let lines = [
      "\(path): \(counted(pack.count, "image")) in \(pack.classes.count) classes, read as "
        + "\(size)×\(size)",
      "  classes: " + pack.classWords,
      "  images: \(parts.training.count) train, \(parts.validation.count) validate, "
        + "\(parts.test.count) test",
    ]
    return (set, encoding ?? known, lines, pack.notes)
  }

  private func divide(_ pack: PackedImages) throws(DataError) -> TableDivision {
    var result = TableDivision(training: [], validation: [], test: [])
    var generator = SeededGenerator(seed: 0, stream: "images/order")
    let (hasTest, hasValidation) = (pack.parts.contains("test"), pack.parts.contains("validation"))
    for (_, places) in Dictionary(grouping: pack.labels.indices, by: { pack.labels[$0] })
      .sorted(by: { $0.key < $1.key })
    {
      result.test += places.filter { pack.parts[$0] == "test" }
      result.validation += places.filter { pack.parts[$0] == "validation" }
      let rest = places.filter { !["test", "validation"].contains(pack.parts[$0]) }
      let order = generator.permutation(of: rest.count).map { rest[$0] }
      let part = TableSource.divide(
        order, hasTest ? 0 : testFraction, hasValidation ? 0 : validationFraction)
      result.training += part.training
      result.validation += part.validation
      result.test += part.test
    }
    guard result.training.count > 1 else {
      throw .malformed(
        file: path, found: "\(counted(result.training.count, "image")) to train on",
        expected: "at least 2; images.test and images.validation are the shares of the others")
    }
    return result
  }
}

extension Problem {
  /// Images of one's own.
  ///
  /// - Parameters:
  ///   - source: The folder.
  ///   - encoding: How a run that learned from it encoded them; `nil`: as fits.
  ///   - model: Which model learns them. Default: ResNet-18.
  ///   - type: The precision.
  /// - Throws: ``DataError`` and ``ModelError``.
  public init(
    _ source: ImageSource, encodedBy encoding: ImageEncoding? = nil,
    model: ModelSettings = ModelSettings(), _ type: DataType = .float32
  ) throws {
    let (set, known, lines, notes) = try source.load(encodedBy: encoding)
    try self.init(.images, model, Parts(set, type), nil, notes)
    imageEncoding = known
    imageLines = lines
  }

  /// What is learned from, for a reader, where it is a table or are images of one's own.
  public var summaryLines: [String] { tableSummary?.lines ?? imageLines }
}
