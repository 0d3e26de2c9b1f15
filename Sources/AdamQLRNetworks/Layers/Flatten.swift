import AdamQLRTorch

/// Joins all dimensions but the first.
public struct Flatten: Layer {
  /// Makes the layer.
  public init() {}

  public func callAsFunction(_ input: Variable) -> Variable {
    let shape = input.shape
    return shape.count == 2
      ? input
      : input.applying(Reshape(shape: [shape[0], shape.dropFirst().reduce(1, *)]))
  }
}

/// The same elements in another shape.
struct Reshape: Operation {
  let shape: [Int]

  func value(_ inputs: [Tensor]) -> Tensor { inputs[0].reshaped(shape) }

  func linearized(_ inputs: [Tensor]) -> LinearizedOperation {
    let original = inputs[0].shape
    return LinearizedOperation(
      value(inputs), pushforward: { $0[0]?.reshaped(shape) },
      pullback: { $1.add($0.reshaped(original), to: 0) })
  }
}
