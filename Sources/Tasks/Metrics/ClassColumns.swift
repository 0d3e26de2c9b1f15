import Requirements

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension TableEncoding.Prediction {
  /// Columns of predicted classes: the class with the greatest output, and then a column
  /// `probability of CLASS` for each, the softmax of the outputs.
  ///
  /// - Parameters:
  ///   - outputs: The outputs, row after row, as the network gives them.
  ///   - names: The names of the classes.
  ///   - title: The name of the first column.
  /// - Precondition: The outputs fill whole rows.
  public static func classes<Scalar: BinaryFloatingPoint>(
    _ outputs: [Scalar], names: [String], title: String
  ) -> [TableEncoding.Prediction] {
    let width = names.count
    require(outputs.count % width == 0, "\(outputs.count) outputs do not fill rows of \(width)")
    let starts = stride(from: 0, to: outputs.count, by: width)
    let probabilities = starts.map { softmax(outputs[$0..<($0 + width)]) }
    let classes = probabilities.map { row in
      names[row.indices.max { row[$0] < row[$1] || row[$0] == row[$1] && $0 > $1 } ?? 0]
    }
    return [TableEncoding.Prediction(name: title, cells: classes)]
      + names.enumerated().map { i, name in
        TableEncoding.Prediction(
          name: "probability of \(name)", cells: probabilities.map { "\(Float($0[i]))" })
      }
  }

  private static func softmax<Scalar: BinaryFloatingPoint>(_ outputs: ArraySlice<Scalar>)
    -> [Double]
  {
    let greatest = Double(outputs.max() ?? 0)
    let powers = outputs.map { exp(Double($0) - greatest) }
    let sum = powers.reduce(0, +)
    return powers.map { $0 / sum }
  }
}
