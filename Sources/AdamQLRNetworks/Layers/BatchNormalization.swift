import Requirements
import AdamQLRTorch

/// Batch normalization (Ioffe and Szegedy 2015): σ(γ·(x − μ)/√(v + ε) + β) for each channel, the last
/// dimension.
///
/// In a training step μ and v are the mean and the biased variance over the batch and all positions,
/// and derivatives go through them; in evaluation they are running averages of the batches' means
/// and unbiased variances. A batch that is divided among ranks (``BatchShare``) counts as a whole, in
/// its moments and in all derivatives.
public struct BatchNormalization: Layer {
  /// γ, at first 1.
  public let scale: Parameter
  /// β, at first 0.
  public let offset: Parameter
  /// μ in evaluation.
  public let runningMean: RunningStatistic
  /// v in evaluation.
  public let runningVariance: RunningStatistic
  /// ε.
  public let epsilon: Double
  /// σ.
  public let activation: Activation

  /// Makes a layer.
  ///
  /// - Parameters:
  ///   - channels: The size of the last dimension.
  ///   - activation: σ. Default: none.
  ///   - epsilon: ε. Default 1e-5.
  ///   - decay: The share of running averages that stays at each step. Default 0.9.
  ///   - initialScale: γ at the start. Default 1.
  public init(
    _ channels: Int, activation: Activation = .identity, epsilon: Double = 1e-5,
    decay: Double = 0.9, initialScale: Double = 1
  ) {
    require(channels > 0, "a batch normalization of \(channels) channels is empty")
    scale = Parameter(
      shape: [channels], role: .normalization, initializer: .constant(initialScale))
    offset = Parameter(shape: [channels], role: .normalization, initializer: .zeros)
    runningMean = RunningStatistic(shape: [channels], initialValue: 0, decay: decay)
    runningVariance = RunningStatistic(shape: [channels], initialValue: 1, decay: decay)
    self.epsilon = epsilon
    self.activation = activation
  }

  public func callAsFunction(_ input: Variable) -> Variable { self(input, adding: nil) }

  /// The layer's output with something added before the activation, as at the end of a residual
  /// block: σ(γ·(x − μ)/√(v + ε) + β + addend).
  public func callAsFunction(_ input: Variable, adding addend: Variable?) -> Variable {
    require(
      input.shape.last == scale.shape[0],
      "a batch normalization of \(scale.shape[0]) channels was given an input of shape "
        + "\(input.shape)")
    if let addend {
      require(
        addend.shape == input.shape,
        "an addend of shape \(addend.shape) for an input of shape \(input.shape)")
    }
    let record = input.record
    var operation = BatchNormalizationOperation(
      layer: self, rectifies: activation == .relu, share: record.share)
    if let mean = record.value(of: runningMean), let variance = record.value(of: runningVariance) {
      operation.moments = (mean, variance)
    }
    let operands = [input, record.variable(scale), record.variable(offset)]
    let output = record.apply(operation, to: operands + (addend.map { [$0] } ?? []))
    return operation.rectifies ? output : activation(output)
  }
}

/// Inputs: x, γ, β and, if there is one, the addend.
private struct BatchNormalizationOperation: Operation {
  let layer: BatchNormalization
  /// Whether the result is rectified.
  let rectifies: Bool
  /// Which part of the batch the inputs are; `nil`: all of it.
  let share: BatchShare?
  /// μ and v where they are not the batch's.
  var moments: (mean: Tensor, variance: Tensor)?

  func value(_ inputs: [Tensor]) -> Tensor {
    let (mean, variance) = moments ?? batchMoments(inputs[0])
    return value(inputs, mean, inverseDeviation(variance))
  }

  private func batchMoments(_ x: Tensor) -> (mean: Tensor, variance: Tensor) {
    let (mean, variance) = Kernels.columnMoments(x)
    return share?.moments(mean, variance) ?? (mean, variance)
  }

  func plainValue(_ inputs: [Tensor]) -> Tensor {
    guard moments == nil else { return value(inputs) }
    require(
      share == nil, "autograd cannot follow batch normalization over a batch divided among ranks")
    let x = inputs[0]
    let normalized = x.reshaped([-1, x.size(x.rank - 1)])
      .batchNormalized(scale: inputs[1], offset: inputs[2], epsilon: layer.epsilon)
      .reshaped(x.shape)
    let sum = inputs.addend.map { normalized + $0 } ?? normalized
    return rectifies ? sum.relu() : sum
  }

  func linearized(_ inputs: [Tensor]) -> LinearizedOperation {
    let (x, scale) = (inputs[0], inputs[1])
    let (mean, variance) = batchMoments(x)
    let r = inverseDeviation(variance)
    let y = value(inputs, mean, r)
    let mask = rectifies ? y : nil
    let slope = scale * r
    let ownRows = max(x.count / max(scale.count, 1), 1)
    let rows = Double(share?.examples.wholeCount(of: ownRows) ?? ownRows)
    // The derivative of γ(x − μ)r by x, symmetric, applied to u with these sums over the rows:
    // γr(u − Σu/n − (x − μ)r²·Σu(x − μ)/n) = slope·u + p·(x − μ) + q.
    func coefficients(_ own: (sums: Tensor, products: Tensor)) -> (p: Tensor, q: Tensor) {
      let all = share?.sums([own.sums, own.products]) ?? [own.sums, own.products]
      return ((-1 / rows) * (slope * r * r * all[1]), (-1 / rows) * (slope * all[0]))
    }
    var result = LinearizedOperation(
      y,
      pushforward: { tangents in
        var p = Tensor.zeros(scale.shape, like: scale)
        var q = p
        if let tangent = tangents[0] {
          (p, q) = coefficients(Kernels.columnProducts(tangent, where: nil, x, mean: mean))
        }
        if let tangent = tangents[1] { p = p + tangent * r }
        if let tangent = tangents[2] { q = q + tangent }
        return Kernels.combineColumns(
          tangents[0] == nil ? .zeros(scale.shape, like: scale) : slope, tangents[0] ?? x, p, x,
          plus: q - p * mean, inputs.addend == nil ? nil : tangents[3], where: mask)
      },
      pullback: { cotangent, cotangents in
        let cotangent = cotangent.contiguous()
        let sums = Kernels.columnProducts(cotangent, where: mask, x, mean: mean)
        cotangents.add(r * sums.products, to: 1)
        cotangents.add(sums.sums, to: 2)
        let (p, q) = coefficients(sums)
        let needsAddend = inputs.addend != nil && cotangents.isNeeded(3)
        let masked =
          rectifies && (needsAddend || cotangents.notesFactors)
          ? Tensor(uninitialized: x.shape, like: x) : nil
        let out = cotangents.isNeeded(0) ? Tensor(uninitialized: x.shape, like: x) : nil
        Kernels.combineMaskedColumns(
          slope, cotangent, where: mask, p, x, plus: q - p * mean, masked: masked, into: out)
        cotangents.noteFactor(masked ?? cotangent)
        if let out { cotangents.add(out, to: 0) }
        if needsAddend { cotangents.add(masked ?? cotangent, to: 3) }
      })
    result.uses = [
      ParameterUse(input: 1, rowCount: x.size(0)) { cotangent, examples, sums in
        let deviations = examples.matrices(of: x) - mean
        sums.accumulate(r * (examples.matrices(of: cotangent) * deviations).sum(over: [1]))
      },
      ParameterUse(input: 2, rowCount: x.size(0)) { cotangent, examples, sums in
        sums.accumulate(examples.matrices(of: cotangent).sum(over: [1]))
      },
    ]
    result.observations = [
      (layer.runningMean, mean), (layer.runningVariance, (rows / max(rows - 1, 1)) * variance),
    ]
    return result
  }

  private func inverseDeviation(_ variance: Tensor) -> Tensor {
    (variance + layer.epsilon).inverseSquareRoot()
  }

  private func value(_ inputs: [Tensor], _ mean: Tensor, _ r: Tensor) -> Tensor {
    let slope = inputs[1] * r
    return Kernels.scaleColumns(
      inputs[0], by: slope, plus: inputs[2] - slope * mean, inputs.addend, rectifies: rectifies)
  }
}

extension [Tensor] {
  fileprivate var addend: Tensor? { count > 3 ? self[3] : nil }
}
