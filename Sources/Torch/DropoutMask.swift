extension Tensor {
  /// A tensor whose elements are 0 with this probability p, else 1/(1 − p).
  public static func dropoutMask(
    _ shape: [Int], _ type: DataType, probability: Double,
    using generator: inout SeededGenerator
  ) -> Tensor {
    precondition(type.isFloatingPoint, "a mask must have a floating-point type, not \(type)")
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
