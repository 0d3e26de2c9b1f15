import AdamQLRNetworks
import Tasks

extension Problem {
  /// The loss, and the share of right predictions, on all of some examples.
  ///
  /// - Parameter statistics: The model's running statistics; may be left out where it has none.
  public func evaluate(
    _ examples: ExampleSet, at parameters: FlatVector, statistics: FlatVector? = nil
  ) -> Score {
    let weights = Weights(
      step: 0, parameters: parameters, statistics: statistics ?? FlatVector([], parameters.type))
    var score = model.score(
      loss, on: examples.count, at: weights, piece: evaluationPiece, examples.rows)
    if !isClassification { score.accuracy = nil }
    return score
  }
}
