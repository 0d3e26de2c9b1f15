import CTorch
import Requirements

extension Tensor {
  /// A tensor whose elements are 0 with this probability p, else 1/(1 − p).
  ///
  /// Each row, along the first dimension, is drawn without those before it, so that a batch has the same
  /// mask as a whole and in parts. On a device it is drawn there, from one number of the generator; the
  /// same there on every GPU, but not the same as on the processor.
  ///
  /// - Parameters:
  ///   - shape: The mask's shape.
  ///   - probability: That of an element to be dropped.
  ///   - type: The type of the elements.
  ///   - device: Where the mask is made.
  ///   - generator: What it is drawn from.
  ///   - firstRow: The number of the first row. Default 0.
  public static func dropoutMask(
    _ shape: [Int], _ type: DataType, probability: Double, firstRow: Int = 0,
    on device: Device = .cpu,
    using generator: inout SeededGenerator
  ) -> Tensor {
    require(type.isFloatingPoint, "a mask must have a floating-point type, not \(type)")
    guard device.isCPU else {
      return drawn(shape, device) {
        ct_device_dropout_mask(
          type.code, generator.next(), Int64(firstRow * shape.dropFirst().reduce(1, *)),
          Int64(shape.reduce(1, *)), probability, device.number, &$0)
      }
    }
    let mask = Tensor(uninitialized: shape, type)
    let (kept, bound) = (1 / (1 - probability), UInt64(probability * 0x1p64))
    let seed = generator.next()
    if type == .float64 {
      mask.fillRows(from: firstRow, seed) { $0.next() < bound ? 0 : kept }
    } else {
      let kept = Float(kept)
      mask.fillRows(from: firstRow, seed) { $0.next() < bound ? 0 : kept }
    }
    return mask
  }

  private func fillRows<Element>(
    from first: Int, _ seed: UInt64, _ next: (inout SeededGenerator) -> Element
  ) {
    let elements = data.assumingMemoryBound(to: Element.self)
    let rows = rank == 0 ? 1 : size(0)
    let width = rows == 0 ? 0 : count / rows
    for row in 0..<rows {
      var generator = SeededGenerator(seed: seed ^ UInt64(first + row))
      for index in (row * width)..<((row + 1) * width) { elements[index] = next(&generator) }
    }
  }
}
