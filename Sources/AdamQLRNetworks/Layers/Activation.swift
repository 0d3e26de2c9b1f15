import AdamQLRTorch

/// A function applied to each element.
public enum Activation: String, Layer, Codable, CaseIterable {
  /// x.
  case identity
  /// max(x, 0).
  case relu
  /// tanh x.
  case tanh
  /// 1/(1 + e⁻ˣ).
  case sigmoid
  /// x·Φ(x), Φ the normal distribution function (Hendrycks and Gimpel 2016).
  case gelu
  /// ½x(1 + tanh(√(2/π)(x + 0.044715x³))), an approximation of ``gelu``.
  case geluTanh = "gelu-tanh"

  public func callAsFunction(_ input: Variable) -> Variable {
    self == .identity ? input : input.applying(ElementwiseOperation(function: self))
  }

  public var namedParameters: [(name: String, parameter: Parameter)] { [] }
}

private struct ElementwiseOperation: Operation {
  let function: Activation

  func value(_ inputs: [Tensor]) -> Tensor {
    let x = inputs[0]
    return switch function {
    case .identity: x
    case .relu: x.relu()
    case .tanh: x.tanh()
    case .sigmoid: x.sigmoid()
    case .gelu: x.gelu()
    case .geluTanh: x.gelu(approximatesByTanh: true)
    }
  }

  func linearized(_ inputs: [Tensor]) -> LinearizedOperation {
    let x = inputs[0]
    let y = value(inputs)
    // The Jacobian is diagonal, so one rule serves both directions.
    let derivative: (Tensor) -> Tensor =
      switch function {
      case .identity: { $0 }
      case .relu: { $0 * y.positiveMask() }
      case .tanh: { $0.tanhPullback(output: y) }
      case .sigmoid: { $0.sigmoidPullback(output: y) }
      case .gelu: { $0.geluPullback(input: x) }
      case .geluTanh: { $0.geluPullback(input: x, approximatesByTanh: true) }
      }
    return LinearizedOperation(
      y, pushforward: { $0[0].map(derivative) },
      pullback: { $1.add(derivative($0), to: 0) })
  }
}
