import Files

extension LabeledImages {
  /// Reads images of house numbers' digits from a MATLAB file, as SVHN is published: `X`, the values
  /// of [rows, columns, channels, images], and `y`, the digits, 10 for 0.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - library: What reads MATLAB files.
  /// - Throws: ``DataError`` where the file is damaged or another.
  public init(svhnFile path: String, _ library: Matio) throws(DataError) {
    let variables = try library.read(["X", "y"], from: path)
    let (images, digits) = (variables[0], variables[1])
    guard
      images.dimensions.count == 4, images.dimensions[2] == 3, images.dimensions[3] > 0,
      case .bytes(let values) = images.elements
    else {
      throw .malformed(
        file: path, place: .variable("X"), found: images.words,
        expected: "bytes of rows×columns×3×images")
    }
    let (rows, columns, count) = (
      images.dimensions[0], images.dimensions[1], images.dimensions[3]
    )
    guard digits.count == count else {
      throw .malformed(
        file: path, place: .variable("y"), found: "\(digits.count) labels",
        expected: "\(count), one for each image of X")
    }
    var labels: [UInt8] = []
    for index in 0..<count {
      let digit = digits.number(index)
      guard digit >= 1, digit <= 10, digit == digit.rounded() else {
        throw .malformed(
          file: path, place: .variable("y"), found: "label \(digit) of image \(index)",
          expected: "1 to 10")
      }
      labels.append(digit == 10 ? 0 : UInt8(digit))
    }
    let area = rows * columns
    let size = 3 * area
    let pixels = [UInt8](unsafeUninitializedCapacity: count * size) { result, filled in
      values.withUnsafeBufferPointer { values in
        for start in stride(from: 0, to: count * size, by: size) {
          var place = start
          for row in 0..<rows {
            for column in 0..<columns {
              for channel in 0..<3 {
                result[place] = values[start + channel * area + column * rows + row]
                place += 1
              }
            }
          }
        }
      }
      filled = count * size
    }
    self.init(rows: rows, columns: columns, channels: 3, pixels: pixels, labels: labels)
  }
}

extension Matio.Variable {
  fileprivate var count: Int { dimensions.reduce(1, *) }

  fileprivate func number(_ index: Int) -> Double {
    switch elements {
    case .bytes(let bytes): Double(bytes[index])
    case .numbers(let numbers): numbers[index]
    }
  }

  fileprivate var words: String {
    let sizes = dimensions.map(String.init).joined(separator: "×")
    switch elements {
    case .bytes: return "bytes of \(sizes)"
    case .numbers: return "numbers of \(sizes)"
    }
  }
}
