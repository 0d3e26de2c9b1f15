import AdamQLRTorch

/// How far a model's outputs are from their targets: a mean over a batch.
///
/// One of your own needs nothing but its formula; its derivatives come from autograd then:
///
///     struct Huber: Loss {
///       func plainValue(_ outputs: Tensor, targets: Tensor) -> Tensor {
///         let r = outputs - targets
///         return ((r * r + 1).squareRoot() - 1).mean()
///       }
///     }
///
/// What else it implements saves time.
public protocol Loss: Sendable {
  /// The loss by operations that autograd can follow.
  func plainValue(_ outputs: Tensor, targets: Tensor) -> Tensor

  /// The loss, accumulated in double precision. Default: ``plainValue(_:targets:)``.
  func evaluate(_ outputs: Tensor, targets: Tensor) -> Evaluation

  /// The loss with what its derivatives by the outputs need. Default: by autograd, with the Hessian
  /// matrix of the loss by the outputs in the place of the Fisher matrix by them, so that the model's
  /// is the generalized Gauss–Newton matrix.
  func linearized(_ outputs: Tensor, targets: Tensor) -> LinearizedLoss
}

extension Loss {
  public func evaluate(_ outputs: Tensor, targets: Tensor) -> Evaluation {
    Evaluation(loss: plainValue(outputs, targets: targets).item)
  }

  public func linearized(_ outputs: Tensor, targets: Tensor) -> LinearizedLoss {
    let hessian = OutputHessian(self, outputs, targets)
    return LinearizedLoss(
      value: DeferredNumber(hessian.value.item),
      cotangent: hessian.cotangent.detached().contiguous()
    ) { a, b in Kernels.deferredDot(a, hessian.product(with: b)) }
  }
}

/// The Hessian matrix of a loss by the outputs, by autograd applied twice.
struct OutputHessian {
  /// The loss.
  let value: Tensor
  /// Its derivative by the outputs.
  let cotangent: Tensor
  private let outputs: Tensor

  init(_ loss: some Loss, _ outputs: Tensor, _ targets: Tensor) {
    self.outputs = outputs.tracked()
    let tracked = loss.plainValue(self.outputs, targets: targets)
    value = tracked.detached()
    cotangent =
      tracked.gradients(by: [self.outputs], isTracked: true)[0]
      ?? Tensor.zeros(outputs.shape, like: outputs)
  }

  /// Its product with a tensor shaped like the outputs.
  func product(with direction: Tensor) -> Tensor {
    let zeros = { Tensor.zeros(outputs.shape, like: outputs) }
    guard cotangent.isTracked else { return zeros() }
    return cotangent.gradients(by: [outputs], cotangent: direction)[0]?.contiguous() ?? zeros()
  }
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
  /// model. The outputs may be those of some of a batch's examples; a row follows from the generator
  /// and its example's number in the batch. `nil`, the default, where there is no such thing.
  public var sampledCotangent: ((inout SeededGenerator, ExampleRange) -> Tensor)?
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
