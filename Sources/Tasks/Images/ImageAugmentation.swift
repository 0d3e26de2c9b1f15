import Requirements
import AdamQLRTorch

/// How training images are varied each time that they are used: surrounded by black, cut out anew in
/// their own size at a random place, and mirrored every other time.
public struct ImageAugmentation: Hashable, Codable, Sendable {
  /// The width of what is put around the image.
  public var padding: Int
  /// Whether half of the images are mirrored, left to right.
  public var mirrors: Bool

  /// What the paper has for CIFAR-10 (and He et al. 2016): 4 around, with mirroring.
  public static let cifar = ImageAugmentation(padding: 4, mirrors: true)

  /// Makes an augmentation.
  public init(padding: Int, mirrors: Bool) {
    require(padding >= 0, "the padding is \(padding), but must not be negative")
    self.padding = padding
    self.mirrors = mirrors
  }

  /// One way to vary an image.
  struct Variation {
    /// By how much the place that a pixel is taken from lies below and to the right.
    var (down, right) = (0, 0)
    /// Whether the result is mirrored.
    var isMirrored = false
  }

  /// Draws a variation.
  func variation(using generator: inout SeededGenerator) -> Variation {
    let count = 2 * padding + 1
    let down = generator.integer(below: count) - padding
    let right = generator.integer(below: count) - padding
    return Variation(
      down: down, right: right, isMirrored: mirrors && generator.integer(below: 2) == 1)
  }
}
