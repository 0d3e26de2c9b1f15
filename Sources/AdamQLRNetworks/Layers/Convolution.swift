import Requirements
import AdamQLRTorch

/// A two-dimensional convolution of images [N, height, width, inputs], with a kernel [height, width,
/// inputs/groups, outputs] and a bias [outputs].
public struct Convolution: Layer {
  /// The kernel.
  public let weight: Parameter
  /// What is added to each output channel, if anything.
  public let bias: Parameter?
  /// How the kernel moves over the image.
  public let placement: KernelPlacement
  /// The number of groups that input and output channels are divided into, each of which sees its
  /// own inputs only.
  public let groups: Int
  /// What is applied to the result.
  public let activation: Activation

  /// Makes a layer.
  ///
  /// - Parameters:
  ///   - inputs: The number of input channels.
  ///   - outputs: The number of output channels.
  ///   - kernel: The height and the width of the kernel.
  ///   - stride: The step between the kernel's places. Default 1.
  ///   - padding: The zeros around the image. Default: as many as keep its size.
  ///   - dilation: The step between the kernel's elements. Default 1.
  ///   - groups: The number of groups of channels. Default 1.
  ///   - hasBias: Whether there is a bias, which starts at 0. Default yes.
  ///   - activation: What is applied to the result. Default: nothing.
  ///   - initializer: How the kernel starts. Default: He's, normal.
  /// - Precondition: The groups divide the channels.
  public init(
    _ inputs: Int, _ outputs: Int, kernel: Int, stride: Int = 1, padding: Padding = .same,
    dilation: Int = 1, groups: Int = 1, hasBias: Bool = true, activation: Activation = .identity,
    initializer: Initializer = .kaiming()
  ) {
    require(
      inputs > 0 && outputs > 0, "a convolution from \(inputs) to \(outputs) channels is empty")
    require(
      groups > 0 && inputs.isMultiple(of: groups) && outputs.isMultiple(of: groups),
      "\(groups) groups do not divide \(inputs) input and \(outputs) output channels")
    weight = Parameter(
      shape: [kernel, kernel, inputs / groups, outputs], role: .weight, initializer: initializer)
    bias = hasBias ? Parameter(shape: [outputs], role: .bias, initializer: .zeros) : nil
    placement = KernelPlacement(
      size: kernel, stride: stride, padding: padding, dilation: dilation)
    self.groups = groups
    self.activation = activation
  }

  public func callAsFunction(_ input: Variable) -> Variable {
    let channels = weight.shape[2] * groups
    require(
      input.shape.count == 4 && input.shape[3] == channels,
      "a convolution of \(channels) channels was given an input of shape \(input.shape); "
        + "expected [N, height, width, \(channels)]")
    let geometry = placement.geometry(of: input.shape, groups: groups)
    if placement.size == 1 && geometry.padding == [0, 0] && groups == 1 {
      // A dense layer at each place, and no slower. It also keeps clear of oneDNN, where this
      // kernel's gradient may never return; see `convolutionPullback`.
      return input.subsampled(geometry).dense(weight, bias, activation)
    }
    let record = input.record
    let operation = ConvolutionOperation(
      padding: placement.padding(of: input.shape), geometry: geometry)
    let operands =
      [operation.pad(input), record.variable(weight)] + (bias.map { [record.variable($0)] } ?? [])
    return activation(record.apply(operation, to: operands))
  }
}

/// The convolution of an image with a kernel, plus a bias. Inputs: the image, the kernel and, if
/// there is one, the bias.
struct ConvolutionOperation: Operation {
  /// What is put around the image first, where the two sides of a dimension differ.
  let padding: EdgePadding?
  /// How the kernel moves over the image.
  let geometry: ConvolutionGeometry

  /// The image as the operation needs it.
  func pad(_ image: Variable) -> Variable {
    padding.map { image.applying(PaddingOperation(padding: $0)) } ?? image
  }

  func value(_ inputs: [Tensor]) -> Tensor {
    let z = inputs[0].convolved(with: inputs[1].outputsFirst, geometry)
    if let bias = inputs.bias { Kernels.addBias(bias, to: z) }
    return z
  }

  func plainValue(_ inputs: [Tensor]) -> Tensor {
    let z = inputs[0].convolved(with: inputs[1].permuted([3, 0, 1, 2]), geometry)
    return inputs.bias.map { z + $0 } ?? z
  }

  func linearized(_ inputs: [Tensor]) -> LinearizedOperation {
    let (x, kernel, hasBias) = (inputs[0], inputs[1].outputsFirst, inputs.bias != nil)
    let z = x.convolved(with: kernel, geometry)
    if let bias = inputs.bias { Kernels.addBias(bias, to: z) }
    let moved = Displacements()
    var result = LinearizedOperation(
      z,
      pushforward: { tangents in
        var t = tangents[1].map { x.convolved(with: $0.outputsFirst, geometry) }
        if let tangent = tangents[0] {
          let part = tangent.convolved(with: kernel, geometry)
          if let t { Kernels.formLinearCombination(1, t, 1, part, into: t) } else { t = part }
        }
        if hasBias, let tangent = tangents[2] {
          let sum = t ?? .zeros(z.shape, like: z)
          Kernels.addBias(tangent, to: sum)
          t = sum
        }
        if let t { moved.note(t, tangents, isExact: tangents[0] == nil) }
        return t
      },
      pullback: { cotangent, cotangents in
        let cotangent = cotangent.contiguous()
        cotangents.noteFactor(cotangent)
        if hasBias {
          cotangents.write(2) { Kernels.sumColumns(cotangent, into: $0, accumulates: $1) }
        }
        let parts = x.convolutionPullback(
          cotangent, kernel: kernel, geometry, needsImage: cotangents.isNeeded(0),
          needsKernel: cotangents.isNeeded(1))
        if let image = parts.image { cotangents.add(image, to: 0) }
        if let part = parts.kernel {
          cotangents.write(1) {
            Kernels.transpose(part.reshaped([part.size(0), -1]), into: $0, accumulates: $1)
          }
        }
      })
    result.displaced = { moved.displaced(z, by: $0) }
    result.product = product(x, inputs[1], z, hasBias: hasBias)
    return result
  }

  /// The product of patches with the kernel, a part for each group.
  private func product(
    _ x: Tensor, _ kernel: Tensor, _ z: Tensor, hasBias: Bool
  ) -> FactoredProduct {
    let size = [kernel.size(0), kernel.size(1)]
    let places = z.size(1) * z.size(2)
    // As many images at a time as have a few million numbers in their patches.
    let numbers = places * kernel.count / max(kernel.size(3), 1)
    let images = max((1 << 22) / max(numbers, 1), 1)
    return FactoredProduct(
      weight: 1, bias: hasBias ? 2 : nil, rowCount: z.size(0) * places, parts: geometry.groups,
      sharesFactor: false, pieceRows: images * max(places, 1)
    ) { group, rows in
      x.rows((rows.lowerBound / places)..<(rows.upperBound / places))
        .patches(of: size, geometry, group: group)
    }
  }
}

/// Zeros around an image.
private struct PaddingOperation: Operation {
  let padding: EdgePadding

  func value(_ inputs: [Tensor]) -> Tensor { padding.applied(to: inputs[0]) }

  func linearized(_ inputs: [Tensor]) -> LinearizedOperation {
    LinearizedOperation(
      value(inputs), pushforward: { $0[0].map { padding.applied(to: $0) } },
      pullback: { $1.add(padding.removed(from: $0), to: 0) })
  }
}

extension Tensor {
  /// A kernel [height, width, inputs, outputs] as [outputs, height, width, inputs], copied.
  fileprivate var outputsFirst: Tensor {
    let result = Tensor(uninitialized: [size(3)] + shape.dropLast(), like: self)
    Kernels.transpose(self, into: result)
    return result
  }
}

extension [Tensor] {
  fileprivate var bias: Tensor? { count > 2 ? self[2] : nil }
}
