import AdamQLRTorch
import Foundation

/// How good parameters are on some examples.
public struct Score: Hashable, Codable, Sendable {
  /// The mean loss.
  public var loss: Double
  /// The share of classes that were predicted right, of sequences at each position; `nil` where
  /// there are no classes.
  public var accuracy: Double?

  /// A score.
  public init(loss: Double, accuracy: Double? = nil) {
    self.loss = loss
    self.accuracy = accuracy
  }

  /// The perplexity, e to the power of the loss: of texts, among how many tokens that are equally
  /// likely it would be as hard to choose.
  public var perplexity: Double { exp(loss) }

  /// The loss in bits: of texts, how many a token takes on average.
  public var bits: Double { loss / log(2) }
}

extension Model {
  /// The loss, and the share of right predictions, on some examples, of the model as it is used.
  ///
  /// - Parameters:
  ///   - loss: The loss.
  ///   - count: The number of examples.
  ///   - weights: Parameters and running statistics.
  ///   - piece: How many examples are taken at a time, each piece weighted by its size.
  ///   - rows: Some neighboring examples.
  public func score(
    _ loss: any Loss, on count: Int, at weights: Weights, piece: Int = 1000,
    _ rows: (Range<Int>) -> Batch
  ) -> Score {
    var total = 0.0
    var (correct, targets): (Int?, Int) = (nil, 0)
    for start in stride(from: 0, to: count, by: piece) {
      let batch = rows(start..<min(start + piece, count)).to(weights.parameters.device)
      let outputs = self(
        batch.inputs, at: weights.parameters, statistics: weights.statistics)
      let evaluation = loss.evaluate(outputs, targets: batch.targets)
      total += evaluation.loss * Double(batch.count)
      if let right = evaluation.correct { correct = (correct ?? 0) + right }
      targets += batch.targets.count
    }
    return Score(
      loss: total / Double(count), accuracy: correct.map { Double($0) / Double(targets) })
  }
}
