import AdamQLRTorch

/// How an operation uses one of its inputs, if that is a parameter, so that the derivatives of each
/// example's loss by it follow from one cotangent b of all examples.
///
/// It is what ``KFAC`` needs for a diagonal block without a pullback for each example. The operation's
/// pullback must hand b to ``Cotangents/noteFactor(_:)``. Rows, counted along the first dimension of
/// b, belong to one example after the other, with the same number of rows for each.
public struct ParameterUse {
  /// The number of the input.
  public let input: Int
  /// The number of rows.
  public let rowCount: Int
  /// Given b, adds the derivatives of some examples to a tensor [examples] + the parameter's shape.
  public let addDerivatives: (_ cotangent: Tensor, _ examples: ExampleRange, _ sums: Tensor) -> Void
  /// Given b and the number of examples, makes the sum over all examples of the squared derivatives,
  /// where that is less work than making them. Default: it is not.
  public var makeSquares: ((_ cotangent: Tensor, _ count: Int) -> Tensor)?

  /// Declares a use.
  public init(
    input: Int, rowCount: Int,
    addDerivatives:
      @escaping (_ cotangent: Tensor, _ examples: ExampleRange, _ sums: Tensor) -> Void
  ) {
    self.input = input
    self.rowCount = rowCount
    self.addDerivatives = addDerivatives
  }
}
