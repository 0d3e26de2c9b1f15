import Requirements

/// Brings each column of a table to mean 0 and standard deviation 1.
public struct Normalization: Hashable, Codable, Sendable {
  /// The mean of each column.
  public let means: [Double]
  /// The population standard deviation of each column; 1 where that is 0.
  public let deviations: [Double]

  /// The number of columns.
  public var columns: Int { means.count }

  /// Measures the columns of some rows, in double precision.
  ///
  /// - Parameters:
  ///   - values: The table's numbers, row after row.
  ///   - columns: The number of its columns.
  ///   - rows: The rows that count. Default all.
  /// - Precondition: The numbers fill whole rows; the rows that count are among them, and at least
  ///   one.
  /// - Complexity: O(*n*) in the count of numbers, in two passes over them.
  @_specialize(where Scalar == Float)
  @_specialize(where Scalar == Double)
  public init<Scalar: BinaryFloatingPoint>(
    of values: [Scalar], columns: Int, rows: Range<Int>? = nil
  ) {
    let rows = checkedRows(rows, valueCount: values.count, columns: columns)
    var means = [Double](repeating: 0, count: columns)
    var squares = [Double](repeating: 0, count: columns)
    let scale = 1 / Double(rows.count)
    values.withUnsafeBufferPointer { values in
      // Relative to the first row, so that the mean of equal numbers is exactly that number.
      let base = values.extracting((rows.lowerBound * columns)..<((rows.lowerBound + 1) * columns))
      means.withUnsafeMutableBufferPointer { means in
        for row in rows {
          let start = row * columns
          for j in 0..<columns { means[j] += Double(values[start + j]) - Double(base[j]) }
        }
        for j in 0..<columns { means[j] = Double(base[j]) + means[j] * scale }
        squares.withUnsafeMutableBufferPointer { squares in
          for row in rows {
            let start = row * columns
            for j in 0..<columns {
              let difference = Double(values[start + j]) - means[j]
              squares[j] += difference * difference
            }
          }
        }
      }
    }
    self.init(means: means, variances: squares.map { $0 * scale })
  }

  /// Measures the columns of gray values, each divided by 255.
  ///
  /// - Parameters:
  ///   - pixels: The gray values, row after row.
  ///   - columns: The number of columns.
  ///   - rows: The rows that count. Default all.
  /// - Precondition: The gray values fill whole rows; the rows that count are among them, and at
  ///   least one.
  public init(ofPixels pixels: [UInt8], columns: Int, rows: Range<Int>? = nil) {
    let rows = checkedRows(rows, valueCount: pixels.count, columns: columns)
    self = pixels.withUnsafeBufferPointer {
      Normalization(ofPixels: $0, columns: columns, ranges: CollectionOfOne(rows))
    }
  }

  /// Measures the columns of gray values, each divided by 255, in some ranges of rows.
  ///
  /// - Precondition: The rows are among those that the values fill, and at least one.
  init(
    ofPixels pixels: UnsafeBufferPointer<UInt8>, columns: Int, ranges: some Collection<Range<Int>>
  ) {
    // Sums of whole numbers are exact.
    var sums = [Int](repeating: 0, count: columns)
    var squares = [Int](repeating: 0, count: columns)
    sums.withUnsafeMutableBufferPointer { sums in
      squares.withUnsafeMutableBufferPointer { squares in
        for row in ranges.joined() {
          let start = row * columns
          for j in 0..<columns {
            let value = Int(pixels[start + j])
            sums[j] &+= value
            squares[j] &+= value &* value
          }
        }
      }
    }
    let rows = ranges.reduce(0) { $0 + $1.count }
    let (count, white) = (Double(rows), 255.0)
    self.init(
      means: sums.map { Double($0) / (count * white) },
      variances: zip(sums, squares).map { sum, square in
        // Exact as long as whole numbers can count it; sum² is at most that product.
        let (product, isTooMuch) = square.multipliedReportingOverflow(by: rows)
        let difference =
          isTooMuch
          ? count * Double(square) - Double(sum) * Double(sum) : Double(product - sum * sum)
        return difference / (count * count * white * white)
      })
  }

  private init(means: [Double], variances: [Double]) {
    self.means = means
    deviations = variances.map { $0 == 0 ? 1 : $0.squareRoot() }
  }

  /// The normalization of some of the columns.
  public subscript(columns: Range<Int>) -> Normalization {
    Normalization(means: Array(means[columns]), deviations: Array(deviations[columns]))
  }

  private init(means: [Double], deviations: [Double]) {
    self.means = means
    self.deviations = deviations
  }

  /// Some rows of a table with the same columns, normalized in double precision.
  ///
  /// - Parameters:
  ///   - values: The table's numbers, row after row.
  ///   - rows: The rows wanted. Default all.
  /// - Precondition: The numbers fill whole rows, and the rows wanted are among them.
  @_specialize(where Source == Double, Scalar == Float)
  @_specialize(where Source == Double, Scalar == Double)
  @_specialize(where Source == Float, Scalar == Float)
  public func normalized<Source: BinaryFloatingPoint, Scalar: BinaryFloatingPoint>(
    _ values: [Source], rows: Range<Int>? = nil, as type: Scalar.Type = Scalar.self
  ) -> [Scalar] {
    map(values, rows) { (Double($0) - $1) / $2 }
  }

  /// Some rows of gray values, each divided by 255, normalized in double precision.
  ///
  /// - Parameters:
  ///   - pixels: The gray values, row after row.
  ///   - rows: The rows wanted. Default all.
  /// - Precondition: The gray values fill whole rows, and the rows wanted are among them.
  @_specialize(where Scalar == Float)
  @_specialize(where Scalar == Double)
  public func normalizedPixels<Scalar: BinaryFloatingPoint>(
    _ pixels: [UInt8], rows: Range<Int>? = nil, as type: Scalar.Type = Scalar.self
  ) -> [Scalar] {
    map(pixels, rows) { (Double($0) / 255 - $1) / $2 }
  }

  /// Values as they were before they were normalized.
  ///
  /// - Precondition: The numbers fill whole rows.
  public func restored<Scalar: BinaryFloatingPoint>(_ values: [Scalar]) -> [Double] {
    map(values, nil) { Double($0) * $2 + $1 }
  }

  /// Rows in which each value is replaced by a function of itself, its column's mean and deviation.
  @inline(__always)
  private func map<Source, Scalar: BinaryFloatingPoint>(
    _ values: [Source], _ rows: Range<Int>?,
    _ transform: (Source, Double, Double) -> Double
  ) -> [Scalar] {
    require(
      values.count % columns == 0, "\(values.count) numbers do not fill rows of \(columns)")
    let rows = rows ?? 0..<(values.count / columns)
    require(
      rows.lowerBound >= 0 && rows.upperBound <= values.count / columns,
      "rows \(rows) of \(values.count / columns)")
    let count = rows.count * columns
    return [Scalar](unsafeUninitializedCapacity: count) { result, filled in
      values.withUnsafeBufferPointer { values in
        means.withUnsafeBufferPointer { means in
          deviations.withUnsafeBufferPointer { deviations in
            for row in rows {
              let (start, place) = (row * columns, (row - rows.lowerBound) * columns)
              for j in 0..<columns {
                result.initializeElement(
                  at: place + j,
                  to: Scalar(transform(values[start + j], means[j], deviations[j])))
              }
            }
          }
        }
      }
      filled = count
    }
  }
}

/// The rows that count, checked.
private func checkedRows(_ rows: Range<Int>?, valueCount: Int, columns: Int) -> Range<Int> {
  require(
    columns > 0 && valueCount % columns == 0,
    "\(valueCount) numbers do not fill rows of \(columns)")
  let rows = rows ?? 0..<(valueCount / columns)
  require(
    !rows.isEmpty && rows.lowerBound >= 0 && rows.upperBound <= valueCount / columns,
    "rows \(rows) of \(valueCount / columns); at least one must count")
  return rows
}
