import Requirements
import AdamQLRTorch

/// A fully connected layer: σ(x·W + b), with W [inputs, outputs] and b [outputs].
///
/// The last dimension of its input has the inputs; all others are kept.
public struct Dense: Layer {
  /// W.
  public let weight: Parameter
  /// b, if there is one.
  public let bias: Parameter?
  /// σ.
  public let activation: Activation
  /// The number of equal parts of the outputs whose weights ``KFAC`` treats apart.
  public let parts: Int

  /// Makes a layer.
  ///
  /// - Parameters:
  ///   - inputs: The size of the input's last dimension.
  ///   - outputs: The size of the output's last dimension.
  ///   - activation: σ. Default: none.
  ///   - hasBias: Whether there is a b, which starts at 0. Default yes.
  ///   - initializer: How W starts. Default: LeCun's, normal, truncated.
  ///   - parts: The number of equal parts that the outputs consist of, as queries, keys and values
  ///     do, for ``KFAC`` to treat apart. Default 1.
  /// - Precondition: The parts divide the outputs.
  public init(
    _ inputs: Int, _ outputs: Int, activation: Activation = .identity, hasBias: Bool = true,
    initializer: Initializer = .leCun(), parts: Int = 1
  ) {
    require(
      inputs > 0 && outputs > 0, "a dense layer from \(inputs) to \(outputs) elements is empty")
    require(
      parts > 0 && outputs.isMultiple(of: parts), "\(parts) parts do not divide \(outputs) outputs")
    weight = Parameter(shape: [inputs, outputs], role: .weight, initializer: initializer)
    bias = hasBias ? Parameter(shape: [outputs], role: .bias, initializer: .zeros) : nil
    self.activation = activation
    self.parts = parts
  }

  public func callAsFunction(_ input: Variable) -> Variable {
    require(
      input.shape.last == weight.shape[0],
      "a dense layer from \(weight.shape[0]) to \(weight.shape[1]) elements was given an input of "
        + "shape \(input.shape)")
    return input.dense(weight, bias, activation, parts: parts)
  }
}

extension Variable {
  /// σ(x·W + b), with self as x.
  ///
  /// - Parameters:
  ///   - weight: W, whose last dimension has the outputs and all others together the inputs.
  ///   - bias: b, if there is one.
  ///   - activation: σ.
  ///   - parts: The number of equal parts of the outputs whose weights ``KFAC`` treats apart.
  func dense(
    _ weight: Parameter, _ bias: Parameter?, _ activation: Activation, parts: Int = 1
  ) -> Variable {
    let operands = [self, record.variable(weight)] + (bias.map { [record.variable($0)] } ?? [])
    let isFused = activation == .relu
    let output = record.apply(DenseOperation(rectifies: isFused, parts: parts), to: operands)
    return isFused ? output : activation(output)
  }
}

/// x·W + b, or max(x·W + b, 0) in one go. Inputs: x, W and, if there is one, b.
private struct DenseOperation: Operation {
  /// Whether the result is rectified.
  let rectifies: Bool
  /// The number of equal parts of z.
  let parts: Int

  func value(_ inputs: [Tensor]) -> Tensor {
    let z = result(inputs)
    // Nothing is saved, so the rectified result may take the place of the other.
    Kernels.formDense(
      inputs[0], inputs[1], inputs.bias, into: z, rectified: rectifies ? z : nil)
    return z
  }

  func plainValue(_ inputs: [Tensor]) -> Tensor {
    let product = inputs[0].matmul(inputs[1])
    let z = inputs.bias.map { product + $0 } ?? product
    return rectifies ? z.relu() : z
  }

  func linearized(_ inputs: [Tensor]) -> LinearizedOperation {
    let (x, weight, bias) = (inputs[0], inputs[1], inputs.bias)
    let z = result(inputs)
    let output = rectifies ? Tensor(uninitialized: z.shape, like: z) : z
    Kernels.formDense(x, weight, bias, into: z, rectified: rectifies ? output : nil)
    let moved = Displacements()

    var result = LinearizedOperation(
      output,
      pushforward: { tangents in
        let t = Tensor(uninitialized: z.shape, like: z)
        if let tangent = tangents[0] {
          Kernels.multiply(tangent, weight, into: t)
        } else if tangents[1] == nil {
          t.overwrite(with: .zeros(z.shape, like: z))
        }
        let rectified = rectifies ? Tensor(uninitialized: z.shape, like: z) : nil
        Kernels.formDenseTangent(
          x, tangents[1], bias == nil ? nil : tangents[2], z: z, accumulates: tangents[0] != nil,
          into: t, rectified: rectified)
        moved.note(t, tangents, isExact: tangents[0] == nil)
        return rectified ?? t
      },
      pullback: { cotangent, cotangents in
        let cotangent = cotangent.contiguous()
        let masked = rectifies ? Tensor(uninitialized: z.shape, like: z) : cotangent
        if rectifies {
          Kernels.pullBackRectified(
            cotangent, x, z: z, weight: cotangents.destination(ofParameter: 1),
            bias: bias == nil ? nil : cotangents.destination(ofParameter: 2), into: masked,
            keepsMasked: cotangents.isNeeded(0) || cotangents.notesFactors)
        } else {
          if bias != nil {
            cotangents.write(2) { Kernels.sumColumns(masked, into: $0, accumulates: $1) }
          }
          cotangents.write(1) {
            Kernels.multiply(x, masked, into: $0, transposesA: true, accumulates: $1)
          }
        }
        cotangents.noteFactor(masked)
        cotangents.write(0) {
          Kernels.multiply(masked, weight, into: $0, transposesB: true, accumulates: $1)
        }
      })
    result.product = FactoredProduct(
      weight: 1, bias: bias == nil ? nil : 2, rowCount: x.shape.dropLast().reduce(1, *),
      parts: parts
    ) { x }
    // x·(W + ΣcᵢẆᵢ) + b + Σcᵢḃᵢ = z + Σcᵢżᵢ where x does not move.
    result.displaced = { moved.displaced(z, by: $0, rectifies: rectifies) }
    return result
  }

  private func result(_ inputs: [Tensor]) -> Tensor {
    Tensor(uninitialized: inputs[0].shape.dropLast() + inputs[1].shape.suffix(1), like: inputs[0])
  }
}

extension [Tensor] {
  fileprivate var bias: Tensor? { count > 2 ? self[2] : nil }
}
