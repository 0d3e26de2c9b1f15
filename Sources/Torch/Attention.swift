extension Operator {
  static let attention = Operator("aten::_scaled_dot_product_flash_attention_for_cpu")
  static let attentionBackward = Operator(
    "aten::_scaled_dot_product_flash_attention_for_cpu_backward")
}

/// Attention (Vaswani et al. 2017): softmax(scale·q·kᵀ)·v, of tensors [N, heads, positions, size]; where
/// it is causal, no position sees a later one.
public enum Attention {
  /// The result, and the logarithm of the softmax's denominators, [N, heads, positions].
  public static func attend(
    _ q: Tensor, _ k: Tensor, _ v: Tensor, isCausal: Bool, scale: Double
  ) -> (value: Tensor, logarithms: Tensor) {
    let results = Operator.attention.all(
      .tensor(q), .tensor(k), .tensor(v), .double(0), .bool(isCausal), .none, .double(scale))
    return (results[0], results[1])
  }

  /// The cotangents of q, k and v.
  public static func pullback(
    _ cotangent: Tensor, _ q: Tensor, _ k: Tensor, _ v: Tensor, value: Tensor,
    logarithms: Tensor, isCausal: Bool, scale: Double
  ) -> (q: Tensor, k: Tensor, v: Tensor) {
    let results = Operator.attentionBackward.all(
      .tensor(cotangent), .tensor(q), .tensor(k), .tensor(v), .tensor(value), .tensor(logarithms),
      .double(0), .bool(isCausal), .none, .double(scale))
    return (results[0], results[1], results[2])
  }
}
