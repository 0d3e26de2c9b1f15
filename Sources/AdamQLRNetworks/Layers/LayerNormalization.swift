import Requirements
import AdamQLRTorch

/// Layer normalization (Ba et al. 2016): γ·(x − μ)/√(v + ε) + β, with the mean μ and the biased
/// variance v of each row of the last dimension.
public struct LayerNormalization: Layer {
  /// γ, at first 1.
  public let scale: Parameter
  /// β, at first 0.
  public let offset: Parameter
  /// ε.
  public let epsilon: Double

  /// Makes a layer.
  ///
  /// - Parameters:
  ///   - size: The size of the last dimension.
  ///   - epsilon: ε. Default 1e-5.
  public init(_ size: Int, epsilon: Double = 1e-5) {
    require(size > 0, "a layer normalization of size \(size) is empty")
    scale = Parameter(shape: [size], role: .normalization, initializer: .ones)
    offset = Parameter(shape: [size], role: .normalization, initializer: .zeros)
    self.epsilon = epsilon
  }

  public func callAsFunction(_ input: Variable) -> Variable {
    require(
      input.shape.last == scale.shape[0],
      "a layer normalization of size \(scale.shape[0]) was given an input of shape \(input.shape)")
    let record = input.record
    return record.apply(
      LayerNormalizationOperation(epsilon: epsilon),
      to: [input, record.variable(scale), record.variable(offset)])
  }
}

/// Inputs: x, γ and β.
private struct LayerNormalizationOperation: Operation {
  let epsilon: Double

  func value(_ inputs: [Tensor]) -> Tensor {
    inputs[0].layerNormalized(scale: inputs[1], offset: inputs[2], epsilon: epsilon)
  }

  func linearized(_ inputs: [Tensor]) -> LinearizedOperation {
    let (x, scale, offset) = (inputs[0], inputs[1], inputs[2])
    let (value, mean, inverseDeviation) = x.layerNormalizedWithMoments(
      scale: scale, offset: offset, epsilon: epsilon)
    var result = LinearizedOperation(
      value,
      pushforward: {
        Kernels.layerNormalizationTangent(
          of: x, mean: mean, inverseDeviation: inverseDeviation, scale: scale, tangent: $0[0],
          scaleTangent: $0[1], offsetTangent: $0[2])
      },
      pullback: { cotangent, cotangents in
        let cotangent = cotangent.contiguous()
        cotangents.noteFactor(cotangent)
        let parts = x.layerNormalizationPullback(
          cotangent, mean: mean, inverseDeviation: inverseDeviation, scale: scale,
          offset: offset, needsInput: cotangents.isNeeded(0))
        if let input = parts.input { cotangents.add(input, to: 0) }
        cotangents.add(parts.scale, to: 1)
        cotangents.add(parts.offset, to: 2)
      })
    result.uses = [
      ParameterUse(input: 1, rowCount: x.size(0)) { cotangent, examples, sums in
        let normalized =
          (examples.matrices(of: x) - examples.matrices(of: mean))
          * examples.matrices(of: inverseDeviation)
        sums.accumulate((examples.matrices(of: cotangent) * normalized).sum(over: [1]))
      },
      ParameterUse(input: 2, rowCount: x.size(0)) { cotangent, examples, sums in
        sums.accumulate(examples.matrices(of: cotangent).sum(over: [1]))
      },
    ]
    return result
  }
}
