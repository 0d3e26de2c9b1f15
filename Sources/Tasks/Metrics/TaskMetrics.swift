import AdamQLRNetworks
import AdamQLRTorch

/// How good predictions are in the words and units of the task.
public enum TaskMetrics: Hashable, Codable, Sendable {
  /// Of numbers.
  case regression(RegressionMetrics)
  /// Of classes.
  case classification(ConfusionMatrix)

  private enum CodingKeys: String, CodingKey { case regression, classification }

  /// Reads metrics that were stored.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self =
      if let metrics = try container.decodeIfPresent(RegressionMetrics.self, forKey: .regression) {
        .regression(metrics)
      } else {
        .classification(try container.decode(ConfusionMatrix.self, forKey: .classification))
      }
  }

  /// Stores the metrics under the name of their kind.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    switch self {
    case .regression(let metrics): try container.encode(metrics, forKey: .regression)
    case .classification(let matrix): try container.encode(matrix, forKey: .classification)
    }
  }
}

extension Problem {
  /// How many examples are evaluated at a time.
  public var evaluationPiece: Int { min(max(16_000_000 / max(largestLayer, 1), 1), 5000) }

  /// How good predictions are on some examples, in the words and units of the task.
  ///
  /// - Parameters:
  ///   - examples: The examples.
  ///   - weights: Parameters and running statistics.
  /// - Returns: `nil` of texts, and where nothing is predicted.
  public func metrics(_ examples: ExampleSet, at weights: Weights) -> TaskMetrics? {
    guard examples.count > 0, classNames != nil || targetScale != nil else { return nil }
    var (numbers, targets): ([Double], [Double]) = ([], [])
    var (classes, labels): ([Int], [Int]) = ([], [])
    for start in stride(from: 0, to: examples.count, by: evaluationPiece) {
      let batch = examples.rows(start..<min(start + evaluationPiece, examples.count))
        .to(weights.parameters.device)
      let outputs = model(batch.inputs, at: weights.parameters, statistics: weights.statistics)
      if isClassification {
        classes += outputs.argmax(over: -1).elements(Int64.self).map { Int($0) }
        labels += batch.targets.elements(Int64.self).map { Int($0) }
      } else {
        numbers += outputs.to(.float64).elements(Double.self)
        targets += batch.targets.to(.float64).elements(Double.self)
      }
    }
    if isClassification, let classNames {
      return .classification(
        ConfusionMatrix(classes: classNames, predictions: classes, targets: labels))
    }
    guard let targetScale else { return nil }
    return .regression(
      RegressionMetrics(
        predictions: numbers.map(targetScale.restored), targets: targets.map(targetScale.restored)))
  }

  /// The names of the classes; `nil` of texts, and where numbers are predicted.
  public var classNames: [String]? {
    if case .classes(let names, _)? = encoding?.target { return names }
    if let imageEncoding { return imageEncoding.classes }
    guard encoding == nil, isClassification, task.inputKind != .tokens, let shape = task.shape
    else {
      return nil
    }
    return (0..<shape.outputs).map(String.init)
  }
}
