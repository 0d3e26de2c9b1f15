extension Operator {
  static let attention = Operator("aten::_scaled_dot_product_flash_attention_for_cpu")
  static let attentionBackward = Operator(
    "aten::_scaled_dot_product_flash_attention_for_cpu_backward")
  static let logSumExp = Operator("aten::logsumexp")
}

/// Attention (Vaswani et al. 2017): softmax(scale·q·kᵀ)·v, of tensors [N, heads, positions, size]; where
/// it is causal, no position sees a later one.
public enum Attention {
  /// The result, and the logarithm of the softmax's denominators, [N, heads, positions].
  public static func attend(
    _ q: Tensor, _ k: Tensor, _ v: Tensor, isCausal: Bool, scale: Double
  ) -> (value: Tensor, logarithms: Tensor) {
    guard q.device.isCPU else { return attendInPieces(q, k, v, isCausal, scale) }
    let results = Operator.attention.all(
      .tensor(q), .tensor(k), .tensor(v), .double(0), .bool(isCausal), .none, .double(scale))
    return (results[0], results[1])
  }

  /// The cotangents of q, k and v.
  public static func pullback(
    _ cotangent: Tensor, _ q: Tensor, _ k: Tensor, _ v: Tensor, value: Tensor,
    logarithms: Tensor, isCausal: Bool, scale: Double
  ) -> (q: Tensor, k: Tensor, v: Tensor) {
    guard q.device.isCPU else {
      return pullBackInPieces(cotangent, q, k, v, value, logarithms, isCausal, scale)
    }
    let results = Operator.attentionBackward.all(
      .tensor(cotangent), .tensor(q), .tensor(k), .tensor(v), .tensor(value), .tensor(logarithms),
      .double(0), .bool(isCausal), .none, .double(scale))
    return (results[0], results[1], results[2])
  }
}

/// The same by operators of any device, with the weights P = softmax(scale·q·kᵀ) of as many examples
/// at a time as have some million of them.
extension Attention {
  private static func attendInPieces(
    _ q: Tensor, _ k: Tensor, _ v: Tensor, _ isCausal: Bool, _ scale: Double
  ) -> (value: Tensor, logarithms: Tensor) {
    let results = inPieces([q, k, v]) { part in
      let scores = scores(part[0], part[1], isCausal, scale)
      let logarithms = Operator.logSumExp.all(.tensor(scores), .ints([-1]), .bool(true))[0]
      return [(scores - logarithms).exp().layerProduct(part[2]), logarithms]
    }
    return (results[0], results[1].reshaped(Array(q.shape.dropLast())))
  }

  /// With Ṡ = P ⊙ (ȳ·vᵀ − (row sums of ȳ ⊙ y)): q̄ = scale·Ṡ·k, k̄ = scale·Ṡᵀ·q, v̄ = Pᵀ·ȳ.
  private static func pullBackInPieces(
    _ cotangent: Tensor, _ q: Tensor, _ k: Tensor, _ v: Tensor, _ value: Tensor,
    _ logarithms: Tensor, _ isCausal: Bool, _ scale: Double
  ) -> (q: Tensor, k: Tensor, v: Tensor) {
    let logarithms = logarithms.reshaped(logarithms.shape + [1])
    let results = inPieces([q, k, v, cotangent, value, logarithms]) { part in
      let (q, k, v, cotangent) = (part[0], part[1], part[2], part[3])
      let weights = (scores(q, k, isCausal, scale) - part[5]).exp()
      let sums = (cotangent * part[4]).sum(over: [-1], keepsDimensions: true)
      let slope = scale * (weights * (cotangent.layerProduct(v.transposed()) - sums))
      return [
        slope.layerProduct(k), slope.transposed().layerProduct(q),
        weights.transposed().layerProduct(cotangent),
      ]
    }
    return (results[0], results[1], results[2])
  }

  /// scale·q·kᵀ, as good as −∞ where a position would see a later one.
  private static func scores(
    _ q: Tensor, _ k: Tensor, _ isCausal: Bool, _ scale: Double
  ) -> Tensor {
    let scores = scale * q.layerProduct(k.transposed())
    return isCausal ? scores + causalMask(of: q.size(2), like: scores) : scores
  }

  /// What is added to scores [.., count, count] so that no position sees a later one.
  public static func causalMask(of count: Int, like other: Tensor) -> Tensor {
    let mask = Tensor(uninitialized: [count, count], like: other)
    mask.fill(-1e30)
    return Operator.upperTriangle(mask, options: .int(1))
  }

  /// Joins what `body` makes of some examples of each tensor at a time.
  private static func inPieces(_ tensors: [Tensor], _ body: ([Tensor]) -> [Tensor]) -> [Tensor] {
    let (examples, heads, positions) = (tensors[0].size(0), tensors[0].size(1), tensors[0].size(2))
    let piece = max(1, (1 << 25) / max(heads * positions * positions, 1))
    if piece >= examples { return body(tensors) }
    let results = stride(from: 0, to: examples, by: piece).map { first in
      body(tensors.map { $0.narrowed(0, from: first, count: min(piece, examples - first)) })
    }
    return results[0].indices.map { index in
      Tensor.joining(results.map { $0[index] }, over: 0)
    }
  }
}
