import Files

extension LabeledImages {
  /// Reads color images from files of CIFAR-10's binary version: for each image a byte with its
  /// class, and 32·32 bytes each of red, green and blue, row after row.
  ///
  /// - Parameter files: The paths; the images of one follow those of the one before.
  /// - Throws: ``DataError`` where a file cannot be read, is cut off, or has other classes.
  public init(cifarFiles files: [String]) throws(DataError) {
    let (side, channels, classCount) = (32, 3, 10)
    let area = side * side
    let recordSize = 1 + channels * area
    var (pixels, labels): ([UInt8], [UInt8]) = ([], [])
    for file in files {
      let bytes = try readBytes(ofFile: file)
      guard !bytes.isEmpty, bytes.count.isMultiple(of: recordSize) else {
        throw .malformed(
          file: file, place: .byte(bytes.count - bytes.count % recordSize),
          found: "\(bytes.count % recordSize) bytes up to the end of the file",
          expected: "records of \(recordSize) bytes")
      }
      if pixels.isEmpty { pixels.reserveCapacity(bytes.count * files.count) }
      for start in stride(from: 0, to: bytes.count, by: recordSize) {
        guard bytes[start] < classCount else {
          throw .malformed(
            file: file, place: .byte(start), found: "label \(bytes[start])",
            expected: "0 to \(classCount - 1)")
        }
        labels.append(bytes[start])
        for place in (start + 1)..<(start + 1 + area) {
          for channel in 0..<channels { pixels.append(bytes[place + channel * area]) }
        }
      }
    }
    self.init(rows: side, columns: side, channels: channels, pixels: pixels, labels: labels)
  }
}
