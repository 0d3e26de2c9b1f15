import Requirements
import AdamQLRTorch

/// A vision transformer (Dosovitskiy et al. 2021) for images [N, height, width, channels]: it makes the
/// scores of the classes, [N, classes].
///
/// Patches become vectors, to which learned position embeddings are added; blocks of attention among
/// all of them follow, then a normalization, the mean over the patches (Beyer et al. 2022) or what has
/// become of a class token (the original), and a dense layer. By default ViT-S/16: 12 blocks with 6
/// heads over vectors of 384 elements.
public struct VisionTransformer: Layer {
  /// What the scores are made of.
  public enum Pooling: String, Codable, CaseIterable, Sendable {
    /// The mean over the patches.
    case mean
    /// The first vector, a learned one before those of the patches; the normalizations' ε is 1e-6 then,
    /// as in timm.
    case classToken = "class-token"
  }

  /// The layer that makes vectors of patches.
  public let patches: Convolution
  /// The position embeddings, [patches, size], the class token's before them where there is one.
  public let positions: Parameter
  /// The class token, [size], where there is one.
  public let classToken: Parameter?
  /// The blocks.
  public let blocks: [TransformerBlock]
  /// The last normalization.
  public let norm: LayerNormalization
  /// The dense layer at the end.
  public let output: Dense

  /// Makes a network.
  ///
  /// - Parameters:
  ///   - imageSize: The height and width of images.
  ///   - classes: The number of classes.
  ///   - channels: The number of the image's channels. Default 3.
  ///   - patch: The height and width of patches, which divides the image's. Default 16.
  ///   - layers: The number of blocks. Default 12.
  ///   - heads: The number of attention heads. Default 6.
  ///   - embedding: The size of the vectors. Default 384.
  ///   - dropout: The probability that an element of what a block adds is dropped. Default 0.
  ///   - pooling: What the scores are made of. Default: the mean over the patches.
  /// - Precondition: The patch divides the image.
  public init(
    imageSize: Int, classes: Int, channels: Int = 3, patch: Int = 16, layers: Int = 12,
    heads: Int = 6, embedding: Int = 384, dropout: Double = 0, pooling: Pooling = .mean
  ) {
    require(
      patch > 0 && imageSize.isMultiple(of: patch) && imageSize > 0,
      "patches of \(patch)×\(patch) do not divide images of \(imageSize)×\(imageSize)")
    let side = imageSize / patch
    patches = Convolution(
      channels, embedding, kernel: patch, stride: patch, padding: .none, initializer: .leCun())
    let hasToken = pooling == .classToken
    positions = Parameter(
      shape: [side * side + (hasToken ? 1 : 0), embedding], role: .embedding,
      initializer: .normal())
    classToken =
      hasToken ? Parameter(shape: [embedding], role: .embedding, initializer: .normal()) : nil
    let epsilon = hasToken ? 1e-6 : 1e-5
    blocks = (0..<layers).map { _ in
      TransformerBlock(
        embedding, heads: heads, isCausal: false, activation: .gelu, initializer: .xavier(),
        dropout: dropout, epsilon: epsilon)
    }
    norm = LayerNormalization(embedding, epsilon: epsilon)
    output = Dense(embedding, classes, initializer: .zeros)
  }

  public func callAsFunction(_ input: Variable) -> Variable {
    let vectors = patches(input)
    let size = positions.shape[1]
    let count = positions.shape[0] - (classToken == nil ? 0 : 1)
    require(
      vectors.shape[1] * vectors.shape[2] == count,
      "a vision transformer of \(count) patches was given images of shape \(input.shape)")
    var x = vectors.applying(Reshape(shape: [vectors.shape[0], count, size]))
    if let classToken {
      x = x.applying(FirstVectorAddition(), and: input.record.variable(classToken))
    }
    let result = norm(blocks.reduce(x + input.record.variable(positions)) { $1($0) })
    return output(
      classToken == nil ? GlobalAveragePooling()(result) : result.applying(FirstVector()))
  }
}

/// Puts a vector before those of every sequence. Inputs: vectors [N, positions, size] and one [size].
private struct FirstVectorAddition: Operation {
  private func joined(_ first: Tensor, _ vectors: Tensor) -> Tensor {
    let (count, size) = (vectors.size(0), vectors.size(2))
    return .joining(
      [first.reshaped([1, 1, size]).expanded(to: [count, 1, size]), vectors], over: 1)
  }

  func value(_ inputs: [Tensor]) -> Tensor { joined(inputs[1], inputs[0]) }

  func linearized(_ inputs: [Tensor]) -> LinearizedOperation {
    let (shape, size) = (inputs[0].shape, inputs[1].shape)
    let like = inputs[0]
    return LinearizedOperation(
      value(inputs),
      pushforward: { tangents in
        if tangents[0] == nil, tangents[1] == nil { return nil }
        return joined(
          tangents[1] ?? .zeros(size, like: like), tangents[0] ?? .zeros(shape, like: like))
      },
      pullback: { cotangent, cotangents in
        let first = cotangent.narrowed(1, from: 0, count: 1)
        if cotangents.isNeeded(0) {
          cotangents.add(
            cotangent.narrowed(1, from: 1, count: shape[1]).contiguous(), to: 0)
        }
        if cotangents.isNeeded(1) { cotangents.add(first.sum(over: [0, 1]), to: 1) }
      })
  }
}

/// The first vector of every sequence. Input: vectors [N, positions, size].
private struct FirstVector: Operation {
  func value(_ inputs: [Tensor]) -> Tensor {
    inputs[0].narrowed(1, from: 0, count: 1).reshaped([inputs[0].size(0), inputs[0].size(2)])
      .contiguous()
  }

  func linearized(_ inputs: [Tensor]) -> LinearizedOperation {
    let shape = inputs[0].shape
    let like = inputs[0]
    return LinearizedOperation(
      value(inputs), pushforward: { $0[0].map { value([$0]) } },
      pullback: { cotangent, cotangents in
        let first = cotangent.reshaped([shape[0], 1, shape[2]])
        let rest = Tensor.zeros([shape[0], shape[1] - 1, shape[2]], like: like)
        cotangents.add(.joining([first, rest], over: 1), to: 0)
      })
  }
}
