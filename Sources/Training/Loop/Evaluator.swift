import AdamQLRNetworks
import AdamQLRTorch
import Tasks

extension Problem {
  /// The loss, and the share of right predictions, on all of some examples.
  ///
  /// - Parameters:
  ///   - examples: The examples.
  ///   - parameters: The parameters.
  ///   - statistics: The model's running statistics; may be left out where it has none.
  ///   - group: The ranks that divide the work among them, all of which ask for the same.
  public func evaluate(
    _ examples: ExampleSet, at parameters: FlatVector, statistics: FlatVector? = nil,
    group: ProcessGroup? = nil
  ) -> Score {
    let weights = Weights(
      step: 0, parameters: parameters, statistics: statistics ?? FlatVector([], parameters.type))
    var score = model.score(
      loss, on: examples.count, at: weights, piece: evaluationPiece, group: group,
      examples.rows)
    if !isClassification { score.accuracy = nil }
    return score
  }
}
