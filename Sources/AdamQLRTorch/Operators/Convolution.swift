extension Operator {
  static let convolution = Operator("aten::convolution")
  static let convolutionBackward = Operator("aten::convolution_backward")
  static let constantPad = Operator("aten::constant_pad_nd")
  static let maxPool = Operator("aten::max_pool2d_with_indices")
  static let maxPoolBackward = Operator("aten::max_pool2d_with_indices_backward")
  static let averagePool = Operator("aten::avg_pool2d")
  static let averagePoolBackward = Operator("aten::avg_pool2d_backward")
  static let gather = Operator("aten::gather")
}

/// How a kernel moves over an image.
public struct ConvolutionGeometry: Hashable, Sendable {
  /// The step between the kernel's places, of height and width.
  public var stride: [Int]
  /// The zeros put at each side of height and width.
  public var padding: [Int]
  /// The step between the kernel's elements, of height and width.
  public var dilation: [Int]
  /// The number of groups that channels are divided into.
  public var groups: Int

  /// Collects the numbers.
  public init(stride: [Int], padding: [Int], dilation: [Int] = [1, 1], groups: Int = 1) {
    self.stride = stride
    self.padding = padding
    self.dilation = dilation
    self.groups = groups
  }
}

/// Two-dimensional convolution and pooling, of images [N, height, width, channels].
///
/// To libtorch these are images [N, channels, height, width] in channels-last memory, so that nothing
/// is copied. Autograd follows the operations that are not pullbacks.
extension Tensor {
  /// The convolution with a kernel [outputs, height, width, inputs/groups].
  public func convolved(with kernel: Tensor, _ geometry: ConvolutionGeometry) -> Tensor {
    Operator.convolution.product(
      .tensor(channelsFirst), .tensor(kernel.channelsFirst), .none, .ints(geometry.stride),
      .ints(geometry.padding), .ints(geometry.dilation), .bool(false), .ints([0, 0]),
      .int(geometry.groups))[0].channelsLast
  }

  /// The pullback of ``convolved(with:_:)``: the cotangents of the image, self, and of the kernel for
  /// that of the result; those that are not wanted are `nil`.
  ///
  /// For a 1×1 kernel without padding and groups use a matrix product: with few channels and several
  /// threads, oneDNN's gradient of such a kernel (3.12, on processors with AVX2 but no AVX-512) may
  /// never return. Padded and grouped ones do not take that path.
  public func convolutionPullback(
    _ cotangent: Tensor, kernel: Tensor, _ geometry: ConvolutionGeometry, needsImage: Bool,
    needsKernel: Bool
  ) -> (image: Tensor?, kernel: Tensor?) {
    guard needsImage || needsKernel else { return (nil, nil) }
    var results = Operator.convolutionBackward.product(
      .tensor(cotangent.channelsFirst), .tensor(channelsFirst), .tensor(kernel.channelsFirst),
      .none, .ints(geometry.stride), .ints(geometry.padding), .ints(geometry.dilation),
      .bool(false), .ints([0, 0]), .int(geometry.groups),
      .bools([needsImage, needsKernel, false]))[...]
    let image = needsImage ? results.removeFirst() : nil
    return (image?.channelsLast, needsKernel ? results.removeFirst().channelsLast : nil)
  }

  /// The image with zeros around it.
  public func padded(top: Int, bottom: Int, left: Int, right: Int) -> Tensor {
    Operator.constantPad(self, options: .ints([0, 0, left, right, top, bottom]), .double(0))
      .contiguous()
  }

  /// The maxima of windows, and where they lie: indices into height·width of each channel.
  public func maxPooled(
    _ size: [Int], _ geometry: ConvolutionGeometry
  ) -> (value: Tensor, indices: Tensor) {
    let results = Operator.maxPool.all(
      .tensor(channelsFirst), .ints(size), .ints(geometry.stride), .ints(geometry.padding),
      .ints(geometry.dilation), .bool(false))
    return (results[0].channelsLast, results[1].channelsLast)
  }

  /// The pullback of ``maxPooled(_:_:)`` at self.
  public func maxPoolPullback(
    _ cotangent: Tensor, _ size: [Int], _ geometry: ConvolutionGeometry, indices: Tensor
  ) -> Tensor {
    Operator.maxPoolBackward.all(
      .tensor(cotangent.channelsFirst), .tensor(channelsFirst), .ints(size),
      .ints(geometry.stride), .ints(geometry.padding), .ints(geometry.dilation), .bool(false),
      .tensor(indices.channelsFirst))[0].channelsLast
  }

  /// The elements at the places that ``maxPooled(_:_:)`` found.
  public func gathered(at indices: Tensor) -> Tensor {
    let (count, channels) = (size(0), size(3))
    let places = indices.reshaped([count, -1, channels])
    return Operator.gather.all(
      .tensor(reshaped([count, -1, channels])), .int(1), .tensor(places), .bool(false))[0]
      .reshaped(indices.shape)
  }

  /// The means of windows; zeros of the padding count.
  public func averagePooled(_ size: [Int], _ geometry: ConvolutionGeometry) -> Tensor {
    Operator.averagePool.all(
      .tensor(channelsFirst), .ints(size), .ints(geometry.stride), .ints(geometry.padding),
      .bool(false), .bool(true), .none)[0].channelsLast
  }

  /// The pullback of ``averagePooled(_:_:)`` at self.
  public func averagePoolPullback(
    _ cotangent: Tensor, _ size: [Int], _ geometry: ConvolutionGeometry
  ) -> Tensor {
    Operator.averagePoolBackward.all(
      .tensor(cotangent.channelsFirst), .tensor(channelsFirst), .ints(size),
      .ints(geometry.stride), .ints(geometry.padding), .bool(false), .bool(true), .none)[0]
      .channelsLast
  }

  private var channelsFirst: Tensor { permuted([0, 3, 1, 2]) }

  private var channelsLast: Tensor {
    let result = permuted([0, 2, 3, 1])
    return result.isTracked ? result : result.contiguous()
  }
}
