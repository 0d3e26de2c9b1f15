import Requirements
import AdamQLRTorch

/// What is put around an image before a kernel moves over it.
public enum Padding: Hashable, Sendable {
  /// As many zeros as make the result's size that of the image divided by the stride, rounded up;
  /// where their number is odd, one more below and at the right.
  case same
  /// This many zeros at each of the four sides.
  case symmetric(Int)
  /// Nothing.
  public static let none = Padding.symmetric(0)
}

/// The places of a square kernel over an image.
public struct KernelPlacement: Hashable, Sendable {
  /// The kernel's height and width.
  public let size: Int
  /// The step between its places.
  public let stride: Int
  /// What is put around the image.
  public let padding: Padding
  /// The step between its elements.
  public let dilation: Int

  /// Describes the places.
  ///
  /// - Precondition: All sizes are positive; the padding is not negative.
  public init(size: Int, stride: Int, padding: Padding, dilation: Int = 1) {
    require(
      size > 0 && stride > 0 && dilation > 0,
      "a kernel of size \(size), stride \(stride) and dilation \(dilation)")
    if case .symmetric(let count) = padding {
      require(count >= 0, "the padding is \(count), but must not be negative")
    }
    self.size = size
    self.stride = stride
    self.padding = padding
    self.dilation = dilation
  }

  /// The zeros before and after a dimension.
  private func zeros(along count: Int) -> (before: Int, after: Int) {
    switch padding {
    case .symmetric(let count): return (count, count)
    case .same:
      let places = (count + stride - 1) / stride
      let total = max((places - 1) * stride + dilation * (size - 1) + 1 - count, 0)
      return (total / 2, total - total / 2)
    }
  }

  /// What must be put around an image of this shape beforehand, because the two sides of a dimension
  /// differ; otherwise the ``geometry(of:groups:)`` pads.
  func padding(of shape: [Int]) -> EdgePadding? {
    let (rows, columns) = (zeros(along: shape[1]), zeros(along: shape[2]))
    guard rows.before != rows.after || columns.before != columns.after else { return nil }
    return EdgePadding(
      top: rows.before, bottom: rows.after, left: columns.before, right: columns.after)
  }

  /// The numbers for an image of this shape.
  ///
  /// - Precondition: The kernel fits into the padded image.
  func geometry(of shape: [Int], groups: Int = 1) -> ConvolutionGeometry {
    let (rows, columns) = (zeros(along: shape[1]), zeros(along: shape[2]))
    let extent = dilation * (size - 1) + 1
    require(
      shape[1] + rows.before + rows.after >= extent
        && shape[2] + columns.before + columns.after >= extent,
      "a kernel of \(extent)×\(extent) elements does not fit into an image of shape \(shape)")
    return ConvolutionGeometry(
      stride: [stride, stride],
      padding: padding(of: shape) == nil ? [rows.before, columns.before] : [0, 0],
      dilation: [dilation, dilation], groups: groups)
  }
}

/// The numbers of zeros at the four sides of an image.
struct EdgePadding: Hashable, Sendable {
  let top, bottom, left, right: Int

  func applied(to image: Tensor) -> Tensor {
    image.padded(top: top, bottom: bottom, left: left, right: right)
  }

  func removed(from image: Tensor) -> Tensor {
    image.narrowed(1, from: top, count: image.size(1) - top - bottom)
      .narrowed(2, from: left, count: image.size(2) - left - right).contiguous()
  }
}
