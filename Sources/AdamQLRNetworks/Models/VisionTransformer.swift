import Requirements
import AdamQLRTorch

/// A vision transformer (Dosovitskiy et al. 2021) for images [N, height, width, channels]: it makes the
/// scores of the classes, [N, classes].
///
/// Patches become vectors, to which learned position embeddings are added; blocks of attention among
/// all of them follow, then a normalization, the mean over the patches (Beyer et al. 2022, who have it
/// in place of an extra class token) and a dense layer. By default ViT-S/16: 12 blocks with 6 heads
/// over vectors of 384 elements.
public struct VisionTransformer: Layer {
  /// The layer that makes vectors of patches.
  public let patches: Convolution
  /// The position embeddings, [patches, size].
  public let positions: Parameter
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
  /// - Precondition: The patch divides the image.
  public init(
    imageSize: Int, classes: Int, channels: Int = 3, patch: Int = 16, layers: Int = 12,
    heads: Int = 6, embedding: Int = 384, dropout: Double = 0
  ) {
    require(
      patch > 0 && imageSize.isMultiple(of: patch) && imageSize > 0,
      "patches of \(patch)×\(patch) do not divide images of \(imageSize)×\(imageSize)")
    let side = imageSize / patch
    patches = Convolution(
      channels, embedding, kernel: patch, stride: patch, padding: .none, initializer: .leCun())
    positions = Parameter(
      shape: [side * side, embedding], role: .embedding, initializer: .normal())
    blocks = (0..<layers).map { _ in
      TransformerBlock(
        embedding, heads: heads, isCausal: false, activation: .gelu, initializer: .xavier(),
        dropout: dropout)
    }
    norm = LayerNormalization(embedding)
    output = Dense(embedding, classes, initializer: .zeros)
  }

  public func callAsFunction(_ input: Variable) -> Variable {
    let vectors = patches(input)
    let (count, size) = (positions.shape[0], positions.shape[1])
    require(
      vectors.shape[1] * vectors.shape[2] == count,
      "a vision transformer of \(count) patches was given images of shape \(input.shape)")
    let x =
      vectors.applying(Reshape(shape: [vectors.shape[0], count, size]))
      + input.record.variable(positions)
    return output(GlobalAveragePooling()(norm(blocks.reduce(x) { $1($0) })))
  }
}
