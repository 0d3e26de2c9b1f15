import Foundation
import Networks
import Tasks
import Torch

extension Problem {
  /// The loss, and the share of right predictions, on all of some examples.
  ///
  /// Large sets are taken in pieces, each weighted by its size.
  ///
  /// - Parameter statistics: The model's running statistics; may be left out where it has none.
  public func evaluate(
    _ examples: ExampleSet, at parameters: FlatVector, statistics: FlatVector? = nil
  ) -> Score {
    let piece = min(max(16_000_000 / max(largestLayer, 1), 1), 5000)
    var loss = 0.0
    var (correct, targets) = (0, 0)
    for start in stride(from: 0, to: examples.count, by: piece) {
      let rows = examples.rows(start..<min(start + piece, examples.count))
        .to(parameters.device)
      let evaluation = self.loss.evaluate(
        model(rows.inputs, at: parameters, statistics: statistics), targets: rows.targets)
      loss += evaluation.loss * Double(rows.count)
      correct += evaluation.correct ?? 0
      targets += rows.targets.count
    }
    let count = Double(examples.count)
    return Score(
      loss: loss / count, accuracy: isClassification ? Double(correct) / Double(targets) : nil)
  }
}

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
