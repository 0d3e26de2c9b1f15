import Files

extension LabeledImages {
  /// Reads images and their classes from a pair of IDX files, as MNIST and its kin are published.
  ///
  /// - Parameters:
  ///   - imageFile: The path of the images: unsigned bytes in three dimensions, compressed by gzip
  ///     or not.
  ///   - labelFile: The path of the classes: unsigned bytes in one dimension, likewise.
  ///   - classCount: The number of classes. Default 10.
  /// - Throws: ``DataError`` where a file cannot be read, is cut off or too long, is of another
  ///   kind, where there are not as many classes as images, or a class is out of range.
  public init(
    imageFile: String, labelFile: String, classCount: Int = 10
  ) throws(DataError) {
    let images = try IDXFile(path: imageFile, kind: .images)
    let labels = try IDXFile(path: labelFile, kind: .labels)
    guard images.dimensions[0] == labels.dimensions[0] else {
      throw .malformed(
        file: labelFile, found: "\(labels.dimensions[0]) labels",
        expected: "\(images.dimensions[0]), one for each image of \(imageFile)")
    }
    if let i = labels.values.firstIndex(where: { $0 >= classCount }) {
      throw .malformed(
        file: labelFile, place: labels.place(ofValue: i), found: "label \(labels.values[i])",
        expected: "0 to \(classCount - 1)")
    }
    self.init(
      rows: images.dimensions[1], columns: images.dimensions[2], pixels: images.values,
      labels: labels.values)
  }
}

/// An IDX file of unsigned bytes: a magic number, the sizes of the dimensions, the values.
private struct IDXFile {
  /// What a file holds, by its magic number: 0x08 for unsigned bytes, then the dimensions' number.
  enum Kind: UInt32 {
    case labels = 0x0801
    case images = 0x0803

    var dimensionCount: Int { Int(rawValue & 0xff) }

    var description: String {
      switch self {
      case .labels: "magic number 0x00000801 (labels)"
      case .images: "magic number 0x00000803 (images)"
      }
    }
  }

  let dimensions: [Int]
  let values: [UInt8]
  private let isCompressed: Bool

  init(path: String, kind: Kind) throws(DataError) {
    var bytes = try readBytes(ofFile: path)
    // A compressed file cannot be mistaken for another: IDX files begin with two zeros.
    let isCompressed = path.hasSuffix(".gz") || Gzip.isGzip(bytes)
    if isCompressed { bytes = try Gzip.decompress(bytes, file: path) }
    self.isCompressed = isCompressed

    func place(_ offset: Int) -> DataError.Place {
      isCompressed ? .decompressedByte(offset) : .byte(offset)
    }
    func word(_ index: Int) -> UInt32 {
      bytes[(4 * index)..<(4 * index + 4)].reduce(0) { $0 << 8 | UInt32($1) }
    }

    let headerSize = 4 + 4 * kind.dimensionCount
    if bytes.count >= 4, word(0) != kind.rawValue {
      let digits = String(word(0), radix: 16)
      let found =
        Kind(rawValue: word(0))?.description
        ?? "magic number 0x\(String(repeating: "0", count: 8 - digits.count))\(digits)"
      throw .malformed(file: path, place: place(0), found: found, expected: kind.description)
    }
    guard bytes.count >= headerSize else {
      throw .malformed(
        file: path, place: place(bytes.count), found: "the end of the data",
        expected: "an IDX header of \(headerSize) bytes")
    }

    let dimensions = (1...kind.dimensionCount).map { Int(word($0)) }
    if let i = dimensions.firstIndex(of: 0) {
      throw .malformed(
        file: path, place: place(4 + 4 * i), found: "dimension \(i) is 0",
        expected: "at least 1")
    }
    let shape = dimensions.map(String.init).joined(separator: "×")
    // Three sizes of 32 bits may be more than an Int can count.
    let size = dimensions.reduce(into: (partialValue: 1, overflow: false)) { product, dimension in
      let next = product.partialValue.multipliedReportingOverflow(by: dimension)
      product = (next.partialValue, product.overflow || next.overflow)
    }
    guard !size.overflow, size.partialValue == bytes.count - headerSize else {
      let (found, count) = ("\(bytes.count - headerSize) values", "\(size.partialValue)")
      throw .malformed(
        file: path, place: place(headerSize), found: found,
        expected: size.overflow ? shape : kind == .labels ? count : "\(shape) = \(count)")
    }
    bytes.removeFirst(headerSize)
    self.dimensions = dimensions
    values = bytes
  }

  /// Where in the file a value lies.
  func place(ofValue index: Int) -> DataError.Place {
    let offset = 4 + 4 * dimensions.count + index
    return isCompressed ? .decompressedByte(offset) : .byte(offset)
  }
}
