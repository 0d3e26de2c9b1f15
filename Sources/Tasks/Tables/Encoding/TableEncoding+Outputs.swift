import Requirements

extension TableEncoding {
  /// A column of predictions.
  public struct Prediction: Hashable, Sendable {
    /// The column's name.
    public let name: String
    /// A cell for each row.
    public let cells: [String]

    /// A column with these cells.
    public init(name: String, cells: [String]) {
      self.name = name
      self.cells = cells
    }
  }

  /// A network's outputs in the words and units of the training file.
  ///
  /// - Parameter outputs: The outputs, row after row, as the network gives them.
  /// - Returns: One column of the target's name. For classes, the one with the greatest output, and
  ///   then a column `probability of CLASS` for each, the softmax of the outputs.
  /// - Precondition: The outputs fill whole rows.
  public func decode<Scalar: BinaryFloatingPoint>(_ outputs: [Scalar]) -> [Prediction] {
    let width = outputCount
    require(
      outputs.count % width == 0, "\(outputs.count) outputs do not fill rows of \(width)")
    switch target {
    case .number(let scale):
      // As many digits as the outputs have.
      return [
        Prediction(
          name: targetName, cells: outputs.map { "\(Scalar(scale.restored(Double($0))))" })
      ]
    case .classes(let names, _):
      return Prediction.classes(outputs, names: names, title: targetName)
    }
  }
}
