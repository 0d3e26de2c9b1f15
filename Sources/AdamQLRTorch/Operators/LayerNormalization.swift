extension Operator {
  static let layerNorm = Operator("aten::layer_norm")
  static let nativeLayerNorm = Operator("aten::native_layer_norm")
  static let nativeLayerNormBackward = Operator("aten::native_layer_norm_backward")
}

extension Tensor {
  /// The rows of the last dimension with mean 0 and variance 1, scaled and shifted, by operations
  /// that autograd follows.
  public func layerNormalized(scale: Tensor, offset: Tensor, epsilon: Double) -> Tensor {
    Operator.layerNorm.all(
      .tensor(self), .ints(scale.shape), .tensor(scale), .tensor(offset), .double(epsilon))[0]
  }

  /// As ``layerNormalized(scale:offset:epsilon:)``, with the mean of each row and 1/√(variance + ε).
  public func layerNormalizedWithMoments(
    scale: Tensor, offset: Tensor, epsilon: Double
  ) -> (value: Tensor, mean: Tensor, inverseDeviation: Tensor) {
    let results = Operator.nativeLayerNorm.all(
      .tensor(self), .ints(scale.shape), .tensor(scale), .tensor(offset), .double(epsilon))
    return (results[0], results[1], results[2])
  }

  /// The cotangents of self, scale and offset for that of the result; those that are not wanted are
  /// `nil`.
  public func layerNormalizationPullback(
    _ cotangent: Tensor, mean: Tensor, inverseDeviation: Tensor, scale: Tensor, offset: Tensor,
    needsInput: Bool
  ) -> (input: Tensor?, scale: Tensor, offset: Tensor) {
    var results = Operator.nativeLayerNormBackward.all(
      .tensor(cotangent), .tensor(self), .ints(scale.shape), .tensor(mean),
      .tensor(inverseDeviation), .tensor(scale), .tensor(offset),
      .bools([needsInput, true, true]))[...]
    let input = needsInput ? results.removeFirst() : nil
    return (input, results.removeFirst(), results.removeFirst())
  }
}
