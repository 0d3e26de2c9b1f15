import CTorch

extension Tensor {
  /// A tensor whose elements are 0 with this probability p, else 1/(1 − p).
  ///
  /// On a device it is drawn there, from one number of the generator; the same there on every GPU, but
  /// not the same as on the processor.
  public static func dropoutMask(
    _ shape: [Int], _ type: DataType, probability: Double, on device: Device = .cpu,
    using generator: inout SeededGenerator
  ) -> Tensor {
    precondition(type.isFloatingPoint, "a mask must have a floating-point type, not \(type)")
    guard device.isCPU else {
      return drawn(shape, device) {
        ct_device_dropout_mask(
          type.code, generator.next(), 0, Int64(shape.reduce(1, *)), probability, device.number,
          &$0)
      }
    }
    let mask = Tensor(uninitialized: shape, type)
    let (kept, bound) = (1 / (1 - probability), UInt64(probability * 0x1p64))
    if type == .float64 {
      mask.fill(with: Double.self) { generator.next() < bound ? 0 : kept }
    } else {
      let kept = Float(kept)
      mask.fill(with: Float.self) { generator.next() < bound ? 0 : kept }
    }
    return mask
  }

  private func fill<Element>(with _: Element.Type, _ next: () -> Element) {
    let elements = data.assumingMemoryBound(to: Element.self)
    for index in 0..<count { elements[index] = next() }
  }
}
