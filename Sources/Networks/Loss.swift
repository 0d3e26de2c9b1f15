import Torch

/// How far a model's outputs are from their targets: a mean over a batch.
public protocol Loss: Sendable {
  /// The loss, accumulated in double precision.
  func evaluate(_ outputs: Tensor, targets: Tensor) -> Evaluation

  /// The loss with what its derivatives by the outputs need.
  func linearized(_ outputs: Tensor, targets: Tensor) -> LinearizedLoss

  /// The loss by operations that autograd can follow.
  func plainValue(_ outputs: Tensor, targets: Tensor) -> Tensor
}

/// What is known of a model's outputs on some examples.
public struct Evaluation: Hashable, Codable, Sendable {
  /// The mean loss.
  public var loss: Double
  /// The number of examples whose class was predicted right; `nil` where there are no classes.
  public var correct: Int?

  /// Collects the figures.
  public init(loss: Double, correct: Int? = nil) {
    self.loss = loss
    self.correct = correct
  }
}

/// A loss at some outputs z.
public struct LinearizedLoss {
  private let deferredValue: DeferredNumber
  /// The loss; waits for the device that computes it.
  public var value: Double { deferredValue.value }
  /// The derivative by the outputs, shaped like them.
  public let cotangent: Tensor
  /// aᵀFb for a and b shaped like the outputs, with F the Fisher matrix of the loss by the outputs,
  /// which is its Hessian matrix too.
  public let fisherProduct: (Tensor, Tensor) -> DeferredNumber
  /// A random b, shaped like the outputs, whose rows are independent with E[bₙbₙᵀ] = N·Fₙ, Fₙ the
  /// n-th example's block of F: the derivative of one example's loss with a target drawn from the
  /// model. `nil`, the default, where there is no such thing.
  public var sampledCotangent: ((inout SeededGenerator) -> Tensor)?
  /// Makes b₁, b₂, …, shaped like the outputs, with Σₖ bₖₙbₖₙᵀ = N·Fₙ for each example n. `nil`, the
  /// default, where they are not known.
  public var fisherFactors: (() -> [Tensor])?

  /// Collects the value and the derivatives.
  public init(
    value: DeferredNumber, cotangent: Tensor,
    fisherProduct: @escaping (Tensor, Tensor) -> DeferredNumber
  ) {
    deferredValue = value
    self.cotangent = cotangent
    self.fisherProduct = fisherProduct
  }
}
