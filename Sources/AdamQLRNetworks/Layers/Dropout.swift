import Requirements
import AdamQLRTorch

/// Dropout (Srivastava et al. 2014): in a training step each element is 0 with some probability, and
/// divided by the probability of the contrary otherwise.
///
/// Which elements are dropped is the same in every evaluation of one step, and for an example the
/// same whether its batch is evaluated at once or in parts.
public struct Dropout: Layer {
  /// The probability that an element is dropped.
  public let probability: Double

  /// Makes a layer.
  ///
  /// - Precondition: The probability is at least 0 and below 1.
  public init(_ probability: Double) {
    require(
      probability >= 0 && probability < 1,
      "the dropout probability is \(probability), but must be at least 0 and below 1")
    self.probability = probability
  }

  public func callAsFunction(_ input: Variable) -> Variable {
    guard probability > 0, var generator = input.record.makeGenerator() else { return input }
    let mask = Tensor.dropoutMask(
      input.shape, input.value.type, probability: probability,
      firstRow: input.record.firstExample, on: input.value.device, using: &generator)
    return input.applying(Masking(mask: mask))
  }
}

private struct Masking: Operation {
  let mask: Tensor

  func value(_ inputs: [Tensor]) -> Tensor { inputs[0] * mask }

  func linearized(_ inputs: [Tensor]) -> LinearizedOperation {
    LinearizedOperation(
      value(inputs), pushforward: { $0[0].map { $0 * mask } },
      pullback: { $1.add($0 * mask, to: 0) })
  }
}
