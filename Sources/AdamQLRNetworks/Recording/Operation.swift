import AdamQLRTorch

/// A differentiable function of tensors that layers are made of.
///
/// Only the value is required. Derivatives then come from libtorch's autograd:
///
///     struct Softplus: Operation {
///       func value(_ inputs: [Tensor]) -> Tensor { (inputs[0].exp() + 1).log() }
///     }
///     let y = x.applying(Softplus())
///
/// An operation with rules of its own is several times as fast; it saves what they need:
///
///     struct Softplus: Operation {
///       func value(_ inputs: [Tensor]) -> Tensor { (inputs[0].exp() + 1).log() }
///
///       func linearized(_ inputs: [Tensor]) -> LinearizedOperation {
///         let slope = inputs[0].sigmoid()
///         return LinearizedOperation(
///           value(inputs), pushforward: { $0[0].map { slope * $0 } },
///           pullback: { $1.add(slope * $0, to: 0) })
///       }
///     }
public protocol Operation: Sendable {
  /// The value at these inputs.
  func value(_ inputs: [Tensor]) -> Tensor

  /// The value by operations that autograd can follow. Default: ``value(_:)``; needed where that
  /// uses `Kernels`.
  func plainValue(_ inputs: [Tensor]) -> Tensor

  /// The value with its derivatives. Default: by autograd.
  func linearized(_ inputs: [Tensor]) -> LinearizedOperation
}

extension Operation {
  public func plainValue(_ inputs: [Tensor]) -> Tensor { value(inputs) }

  public func linearized(_ inputs: [Tensor]) -> LinearizedOperation {
    AutogradRules(self, inputs).linearized
  }
}

/// An operation at one point: its value y, and its derivative J = ∂y/∂inputs in both directions.
public struct LinearizedOperation {
  /// y.
  public let value: Tensor

  /// The Jacobian–vector product: tangents of the inputs to the tangent of y, ẏ = J·ẋ. `nil` stands
  /// for zero on both sides.
  public let pushforward: (Tangents) -> Tensor?

  /// The vector–Jacobian product: the cotangent of y, ȳ, to those of the inputs, Jᵀ·ȳ, which it
  /// hands to the second argument.
  public let pullback: (Tensor, Cotangents) -> Void

  /// y at a point displaced from here by Σ cᵢdᵢ in the parameters, given the c, with dᵢ the
  /// directions of the last pushforwards, if that can be had for less than an evaluation. Only asked
  /// where every input is a parameter or depends on none. Default: it cannot.
  public var displaced: (([Double]) -> Tensor?)?

  /// The product of inputs with a matrix that the operation contains, if it contains one, for
  /// Kronecker-factored curvature. Default: none.
  public var product: FactoredProduct?

  /// How parameters enter the operation other than through the product, for diagonal curvature.
  /// Default: that is not known, and such curvature takes a pullback for each example.
  public var uses: [ParameterUse] = []

  /// What the operation saw of the subjects of running statistics. Default: nothing.
  public var observations: [(statistic: RunningStatistic, value: Tensor)] = []

  /// Collects the value and the rules.
  public init(
    _ value: Tensor, pushforward: @escaping (Tangents) -> Tensor?,
    pullback: @escaping (Tensor, Cotangents) -> Void
  ) {
    self.value = value
    self.pushforward = pushforward
    self.pullback = pullback
  }
}

/// The tangents of an operation's inputs along one direction.
public struct Tangents {
  /// The number of the direction within this pushforward, from 0.
  public let direction: Int
  let tangents: [Tensor?]
  let inputs: [Int]

  /// The tangent of one input; `nil` is zero.
  public subscript(input: Int) -> Tensor? { tangents[inputs[input]] }
}
