import Requirements
import AdamQLRTorch

/// Multi-head self-attention (Vaswani et al. 2017) over sequences [N, positions, size]: queries, keys
/// and values are one dense layer's outputs, q | k | v, and another follows the attention.
public struct SelfAttention: Layer {
  /// The layer that makes queries, keys and values.
  public let input: Dense
  /// The layer after the attention.
  public let output: Dense
  /// The number of heads.
  public let heads: Int
  /// Whether no position sees a later one.
  public let isCausal: Bool

  /// Makes a layer.
  ///
  /// - Parameters:
  ///   - size: The size of the vectors.
  ///   - heads: The number of heads, which divides the size.
  ///   - isCausal: Whether no position sees a later one. Default yes.
  ///   - initializer: How the weights start. Default: LeCun's.
  ///   - outputInitializer: How those of the second layer start. Default: as the others.
  public init(
    _ size: Int, heads: Int, isCausal: Bool = true, initializer: Initializer = .leCun(),
    outputInitializer: Initializer? = nil
  ) {
    require(
      heads > 0 && size.isMultiple(of: heads),
      "\(heads) heads do not divide vectors of size \(size)")
    input = Dense(size, 3 * size, initializer: initializer, parts: 3)
    output = Dense(size, size, initializer: outputInitializer ?? initializer)
    self.heads = heads
    self.isCausal = isCausal
  }

  public func callAsFunction(_ x: Variable) -> Variable {
    require(
      x.shape.count == 3,
      "self-attention was given an input of shape \(x.shape); expected [N, positions, size]")
    return output(input(x).applying(AttentionOperation(heads: heads, isCausal: isCausal)))
  }
}

/// Attention of heads. Input: queries, keys and values [N, positions, q | k | v].
private struct AttentionOperation: Operation {
  let heads: Int
  let isCausal: Bool

  func value(_ inputs: [Tensor]) -> Tensor {
    let (q, k, v) = parts(inputs[0])
    return merged(
      Attention.attend(q, k, v, isCausal: isCausal, scale: scale(inputs[0])).value)
  }

  func plainValue(_ inputs: [Tensor]) -> Tensor {
    let (q, k, v) = parts(inputs[0])
    var scores = scale(inputs[0]) * q.matmul(k.transposed())
    if isCausal {
      scores = scores + Attention.causalMask(of: q.size(2), like: scores.detached())
    }
    return merged(scores.softmax(over: -1).matmul(v))
  }

  func linearized(_ inputs: [Tensor]) -> LinearizedOperation {
    let scale = scale(inputs[0])
    let (q, k, v) = parts(inputs[0])
    let (value, logarithms) = Attention.attend(q, k, v, isCausal: isCausal, scale: scale)
    return LinearizedOperation(
      merged(value),
      pushforward: { tangents in
        tangents[0].map {
          pushforward($0, q, k, v, value: value, logarithms: logarithms, scale: scale)
        }
      },
      pullback: { cotangent, cotangents in
        let result = Attention.pullback(
          split(cotangent), q, k, v, value: value, logarithms: logarithms, isCausal: isCausal,
          scale: scale)
        cotangents.add(
          Tensor.joining([result.q, result.k, result.v].map(merged), over: 2), to: 0)
      })
  }

  /// With P the softmax of S = scale·q·kᵀ and G = P ⊙ Ṡ: ẏ = G·v − (row sums of G) ⊙ y + P·v̇.
  ///
  /// P is [N, heads, positions, positions], too much to keep; it is made anew from the logarithms of
  /// its denominators, for a few examples at a time.
  private func pushforward(
    _ tangent: Tensor, _ q: Tensor, _ k: Tensor, _ v: Tensor, value: Tensor, logarithms: Tensor,
    scale: Double
  ) -> Tensor {
    let (dq, dk, dv) = parts(tangent)
    let (examples, positions) = (q.size(0), q.size(2))
    let piece = max(1, (1 << 22) / max(heads * positions * positions, 1))
    var pieces: [Tensor] = []
    for first in stride(from: 0, to: examples, by: piece) {
      let count = min(piece, examples - first)
      func part(_ tensor: Tensor) -> Tensor { tensor.narrowed(0, from: first, count: count) }
      let keys = part(k).transposed()
      let scores = scale * part(q).layerProduct(keys)
      let full = (scores - part(logarithms).reshaped([count, heads, positions, 1])).exp()
      let p = isCausal ? full.lowerTriangle() : full
      let g =
        p
        * (scale
          * (part(dq).layerProduct(keys) + part(q).layerProduct(part(dk).transposed())))
      pieces.append(
        merged(
          g.layerProduct(part(v)) + p.layerProduct(part(dv))
            - g.sum(over: [3], keepsDimensions: true) * part(value)))
    }
    return pieces.count == 1 ? pieces[0] : Tensor.joining(pieces, over: 0)
  }

  private func scale(_ packed: Tensor) -> Double {
    1 / Double(packed.size(2) / (3 * heads)).squareRoot()
  }

  private func parts(_ packed: Tensor) -> (q: Tensor, k: Tensor, v: Tensor) {
    let size = packed.size(2) / 3
    func part(_ index: Int) -> Tensor {
      split(packed.narrowed(2, from: index * size, count: size))
    }
    return (part(0), part(1), part(2))
  }

  /// [N, positions, size] as [N, heads, positions, size/heads].
  private func split(_ x: Tensor) -> Tensor {
    x.reshaped([x.size(0), x.size(1), heads, x.size(2) / heads]).transposed(1, 2)
  }

  /// The other way round.
  private func merged(_ x: Tensor) -> Tensor {
    let y = x.transposed(1, 2).reshaped([x.size(0), x.size(2), heads * x.size(3)])
    return y.isTracked ? y : y.contiguous()
  }
}
