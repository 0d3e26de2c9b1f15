import Requirements
import AdamQLRTorch

/// The largest element of each window of an image [N, height, width, channels], by channel.
public struct MaxPooling: Layer {
  private let placement: KernelPlacement

  /// Makes a layer.
  ///
  /// - Parameters:
  ///   - size: The height and the width of the window.
  ///   - stride: The step between windows. Default: their size.
  ///   - padding: What is put around the image, here −∞ instead of zeros, at most half a window.
  ///     Default: nothing.
  public init(_ size: Int, stride: Int? = nil, padding: Int = 0) {
    placement = KernelPlacement(
      size: size, stride: stride ?? size, padding: .symmetric(padding))
  }

  public func callAsFunction(_ input: Variable) -> Variable {
    checkImage(input, "max pooling")
    return input.applying(
      MaxPoolingOperation(
        size: [placement.size, placement.size], geometry: placement.geometry(of: input.shape)))
  }
}

private struct MaxPoolingOperation: Operation {
  let size: [Int]
  let geometry: ConvolutionGeometry

  func value(_ inputs: [Tensor]) -> Tensor { inputs[0].maxPooled(size, geometry).value }

  func linearized(_ inputs: [Tensor]) -> LinearizedOperation {
    let x = inputs[0]
    let (value, indices) = x.maxPooled(size, geometry)
    return LinearizedOperation(
      value, pushforward: { $0[0]?.gathered(at: indices) },
      pullback: {
        $1.add(x.maxPoolPullback($0.contiguous(), size, geometry, indices: indices), to: 0)
      })
  }
}

/// The mean of each window of an image [N, height, width, channels], by channel.
public struct AveragePooling: Layer {
  private let placement: KernelPlacement

  /// Makes a layer.
  ///
  /// - Parameters:
  ///   - size: The height and the width of the window.
  ///   - stride: The step between windows. Default: their size.
  ///   - padding: The zeros around the image, which count, at most half a window. Default: none.
  public init(_ size: Int, stride: Int? = nil, padding: Int = 0) {
    placement = KernelPlacement(
      size: size, stride: stride ?? size, padding: .symmetric(padding))
  }

  public func callAsFunction(_ input: Variable) -> Variable {
    checkImage(input, "average pooling")
    return input.applying(
      AveragePoolingOperation(
        size: [placement.size, placement.size], geometry: placement.geometry(of: input.shape)))
  }
}

extension Variable {
  /// The elements of an image [N, height, width, channels] at the places of a 1×1 kernel.
  func subsampled(_ geometry: ConvolutionGeometry) -> Variable {
    // A mean over one element.
    geometry.stride == [1, 1]
      ? self : applying(AveragePoolingOperation(size: [1, 1], geometry: geometry))
  }
}

private struct AveragePoolingOperation: Operation {
  let size: [Int]
  let geometry: ConvolutionGeometry

  func value(_ inputs: [Tensor]) -> Tensor { inputs[0].averagePooled(size, geometry) }

  func linearized(_ inputs: [Tensor]) -> LinearizedOperation {
    let x = inputs[0]
    return LinearizedOperation(
      value(inputs), pushforward: { $0[0]?.averagePooled(size, geometry) },
      pullback: { $1.add(x.averagePoolPullback($0.contiguous(), size, geometry), to: 0) })
  }
}

/// The mean over all dimensions but the first and the last: of an image [N, height, width, channels]
/// that of each channel, of a sequence [N, positions, size] that of its positions.
public struct GlobalAveragePooling: Layer {
  /// Makes a layer.
  public init() {}

  public func callAsFunction(_ input: Variable) -> Variable {
    require(
      input.shape.count >= 2,
      "global average pooling was given an input of shape \(input.shape); expected [N, .., size]")
    return input.shape.count == 2 ? input : input.applying(MeanOverPositions())
  }
}

private struct MeanOverPositions: Operation {
  func value(_ inputs: [Tensor]) -> Tensor {
    inputs[0].mean(over: Array(1..<(inputs[0].rank - 1)))
  }

  func linearized(_ inputs: [Tensor]) -> LinearizedOperation {
    let shape = inputs[0].shape
    let count = shape.dropFirst().dropLast().reduce(1, *)
    return LinearizedOperation(
      value(inputs), pushforward: { $0[0].map { value([$0]) } },
      pullback: { cotangent, cotangents in
        let ones = shape.dropFirst().dropLast().map { _ in 1 }
        let part = (1 / Double(count)) * cotangent
        cotangents.add(
          part.reshaped([shape[0]] + ones + shape.suffix(1)).expanded(to: shape).contiguous(),
          to: 0)
      })
  }
}

private func checkImage(_ input: Variable, _ operation: String) {
  require(
    input.shape.count == 4,
    "\(operation) was given an input of shape \(input.shape); expected [N, height, width, channels]"
  )
}
