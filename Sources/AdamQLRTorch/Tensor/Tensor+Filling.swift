extension Tensor {
  /// A tensor whose elements are written in place, row-major, without another copy of them.
  ///
  /// - Parameters:
  ///   - shape: The shape.
  ///   - body: Sets every element of the memory that it is given.
  public convenience init<Element: TensorElement>(
    filling shape: [Int], _ body: (UnsafeMutableBufferPointer<Element>) -> Void
  ) {
    self.init(uninitialized: shape, Element.dataType)
    body(
      UnsafeMutableBufferPointer(start: data.assumingMemoryBound(to: Element.self), count: count))
  }
}
