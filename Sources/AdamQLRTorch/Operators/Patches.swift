extension Operator {
  static let asStrided = Operator("aten::as_strided")
}

extension Tensor {
  /// What a kernel sees of images [N, height, width, channels] at each of its places, as rows
  /// [N·places, kernel height·kernel width·channels/groups].
  ///
  /// - Parameters:
  ///   - size: The kernel's height and width.
  ///   - geometry: How the kernel moves over the images.
  ///   - group: The number of the group whose channels are taken.
  /// - Precondition: The images are contiguous, and the kernel fits into the padded ones.
  public func patches(of size: [Int], _ geometry: ConvolutionGeometry, group: Int = 0) -> Tensor {
    let channels = self.size(3) / geometry.groups
    var image =
      geometry.groups == 1 ? self : narrowed(3, from: group * channels, count: channels)
    // The distance in memory between neighbors in a row.
    var step = self.size(3)
    if geometry.padding != [0, 0] {
      let (rows, columns) = (geometry.padding[0], geometry.padding[1])
      image = image.padded(top: rows, bottom: rows, left: columns, right: columns)
      step = channels
    }
    let (count, height, width) = (image.size(0), image.size(1), image.size(2))
    func places(_ dimension: Int) -> Int {
      let extent = geometry.dilation[dimension] * (size[dimension] - 1) + 1
      return (image.size(1 + dimension) - extent) / geometry.stride[dimension] + 1
    }
    let (rows, columns) = (places(0), places(1))
    // Patches overlap in memory until they are copied.
    let view = Operator.asStrided(
      image, options: .ints([count, rows, columns, size[0], size[1], channels]),
      .ints([
        height * width * step, geometry.stride[0] * width * step, geometry.stride[1] * step,
        geometry.dilation[0] * width * step, geometry.dilation[1] * step, 1,
      ]))
    return view.contiguous().reshaped([count * rows * columns, size[0] * size[1] * channels])
  }
}
