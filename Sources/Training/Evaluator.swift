import Networks
import Tasks
import Torch

extension Problem {
  /// The loss, and the share of right predictions, on all of some examples.
  ///
  /// Large sets are taken in pieces, each weighted by its size.
  public func evaluate(_ examples: ExampleTensors, at parameters: FlatVector) -> Score {
    let piece = 5000
    var loss = 0.0
    var correct = 0
    for start in stride(from: 0, to: examples.count, by: piece) {
      let rows = examples.rows(start..<min(start + piece, examples.count))
      let evaluation = NetworkObjective(
        model, self.loss, inputs: rows.inputs, targets: rows.targets
      ).evaluate(at: parameters)
      loss += evaluation.loss * Double(rows.count)
      correct += evaluation.correct ?? 0
    }
    let count = Double(examples.count)
    return Score(
      loss: loss / count, accuracy: isClassification ? Double(correct) / count : nil)
  }
}

/// How good parameters are on some examples.
public struct Score: Hashable, Codable, Sendable {
  /// The mean loss.
  public var loss: Double
  /// The share of examples whose class was predicted right; `nil` where there are no classes.
  public var accuracy: Double?
}
