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
  ///   - group: The ranks that divide the pieces among them, all of which ask for the same. Default:
  ///     there is one process.
  ///   - rows: Some neighboring examples.
  public func score(
    _ loss: any Loss, on count: Int, at weights: Weights, piece: Int = 1000,
    group: ProcessGroup? = nil, _ rows: (Range<Int>) -> Batch
  ) -> Score {
    let starts = Array(stride(from: 0, to: count, by: piece))
    // Of each piece its loss, how many are right, whether that is known, and how many targets it has.
    var figures = [Double](repeating: 0, count: 4 * starts.count)
    for (number, start) in starts.enumerated() {
      if let group, number % group.size != group.rank { continue }
      let batch = rows(start..<min(start + piece, count)).to(weights.parameters.device)
      let outputs = self(
        batch.inputs, at: weights.parameters, statistics: weights.statistics)
      let evaluation = loss.evaluate(outputs, targets: batch.targets)
      figures[4 * number] = evaluation.loss * Double(batch.count)
      figures[4 * number + 1] = Double(evaluation.correct ?? 0)
      figures[4 * number + 2] = evaluation.correct == nil ? 0 : 1
      figures[4 * number + 3] = Double(batch.targets.count)
    }
    // A sum with zeros: in the end all are added up in one order, whichever rank they come from.
    if let group { figures = group.sum([], figures) }
    func total(_ place: Int) -> Double {
      stride(from: place, to: figures.count, by: 4).reduce(0) { $0 + figures[$1] }
    }
    return Score(
      loss: total(0) / Double(count), accuracy: total(2) > 0 ? total(1) / total(3) : nil)
  }
}
