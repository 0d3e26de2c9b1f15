import AdamQLRTorch

/// A residual network (He et al. 2016) for images [N, height, width, channels]: it makes the scores of
/// the classes, [N, classes].
///
/// Four stages of residual blocks, each but the first with twice the channels and half the resolution
/// of the one before; then the mean over all positions and a dense layer. Strides are in the 3×3
/// convolutions, shortcuts are 1×1 convolutions where the shape changes, and batch normalization
/// follows each convolution.
public struct ResNet: Layer {
  /// How many blocks of which kind there are.
  public enum Depth: Int, Codable, CaseIterable, Sendable {
    /// Two blocks of two convolutions in each stage.
    case eighteen = 18
    /// 3, 4, 6 and 3 bottleneck blocks, of 1×1, 3×3 and 1×1 convolutions.
    case fifty = 50
  }

  /// What comes before the stages.
  public enum Stem: String, Codable, CaseIterable, Sendable {
    /// A 3×3 convolution, for small images as CIFAR's.
    case cifar
    /// A 7×7 convolution with stride 2 and a maximum over 3×3 with stride 2, for images as ImageNet's.
    case imageNet = "imagenet"
  }

  /// The first convolution.
  public let stem: Convolution
  /// The normalization after it.
  public let stemNorm: BatchNormalization
  /// What is pooled before the stages, if anything.
  public let pooling: MaxPooling?
  /// The blocks of all stages.
  public let blocks: [ResidualBlock]
  /// The dense layer at the end.
  public let output: Dense

  /// Makes a network.
  ///
  /// - Parameters:
  ///   - depth: The number of layers.
  ///   - classes: The number of classes.
  ///   - channels: The number of the image's channels. Default 3.
  ///   - width: The number of channels in the first stage. Default 64.
  ///   - stem: What comes before the stages. Default: that for small images.
  public init(
    _ depth: Depth = .eighteen, classes: Int, channels: Int = 3, width: Int = 64,
    stem: Stem = .cifar
  ) {
    switch stem {
    case .cifar:
      self.stem = Convolution(channels, width, kernel: 3, hasBias: false)
      pooling = nil
    case .imageNet:
      self.stem = Convolution(
        channels, width, kernel: 7, stride: 2, padding: .symmetric(3), hasBias: false)
      pooling = MaxPooling(3, stride: 2, padding: 1)
    }
    stemNorm = BatchNormalization(width, activation: .relu)
    let (counts, isBottleneck) =
      switch depth {
      case .eighteen: ([2, 2, 2, 2], false)
      case .fifty: ([3, 4, 6, 3], true)
      }
    var blocks: [ResidualBlock] = []
    var inputs = width
    for (stage, count) in counts.enumerated() {
      for index in 0..<count {
        let block = ResidualBlock(
          inputs, width << stage, stride: stage > 0 && index == 0 ? 2 : 1,
          isBottleneck: isBottleneck)
        blocks.append(block)
        inputs = block.outputs
      }
    }
    self.blocks = blocks
    output = Dense(inputs, classes)
  }

  public func callAsFunction(_ input: Variable) -> Variable {
    let x = stemNorm(stem(input))
    return output(GlobalAveragePooling()(blocks.reduce(pooling?(x) ?? x) { $1($0) }))
  }
}

/// A block of a residual network: convolutions with batch normalization, whose result is added to
/// what came in before the last rectifier.
public struct ResidualBlock: Layer {
  /// The convolutions.
  public let convolutions: [Convolution]
  /// The normalization after each.
  public let norms: [BatchNormalization]
  /// The convolution that makes what comes in fit, where it does not.
  public let shortcut: Convolution?
  /// The normalization after it.
  public let shortcutNorm: BatchNormalization?

  /// The number of channels that come out.
  public var outputs: Int { convolutions.last?.weight.shape[3] ?? 0 }

  /// Makes a block.
  ///
  /// - Parameters:
  ///   - inputs: The number of channels that come in.
  ///   - width: The number of channels of the 3×3 convolutions.
  ///   - stride: Their first one's stride.
  ///   - isBottleneck: Whether there is one 3×3 convolution between two of 1×1, the second of which
  ///     makes four times the channels; otherwise there are two of 3×3.
  public init(_ inputs: Int, _ width: Int, stride: Int, isBottleneck: Bool) {
    let outputs = isBottleneck ? 4 * width : width
    // Zeros at all sides also where a stride halves the size, as in the original.
    func convolution(_ inputs: Int, _ outputs: Int, _ kernel: Int, _ stride: Int = 1)
      -> Convolution
    {
      Convolution(
        inputs, outputs, kernel: kernel, stride: stride, padding: .symmetric(kernel / 2),
        hasBias: false)
    }
    convolutions =
      isBottleneck
      ? [
        convolution(inputs, width, 1), convolution(width, width, 3, stride),
        convolution(width, outputs, 1),
      ]
      : [convolution(inputs, width, 3, stride), convolution(width, width, 3)]
    norms = convolutions.map { BatchNormalization($0.weight.shape[3], activation: .relu) }
    let changes = stride != 1 || inputs != outputs
    shortcut = changes ? convolution(inputs, outputs, 1, stride) : nil
    shortcutNorm = changes ? BatchNormalization(outputs) : nil
  }

  public func callAsFunction(_ input: Variable) -> Variable {
    var residual = input
    if let shortcut, let shortcutNorm { residual = shortcutNorm(shortcut(input)) }
    var x = input
    for (index, (convolution, norm)) in zip(convolutions, norms).enumerated() {
      x = norm(convolution(x), adding: index == convolutions.count - 1 ? residual : nil)
    }
    return x
  }
}
