import CTorch

/// Random tensors.
///
/// On the processor they are the generator's next numbers. On another device they are drawn there, so
/// that nothing is copied: they follow from one number of the generator, and are the same on every GPU,
/// but not the same as on the processor.
extension Tensor {
  /// Numbers from [0, 1), of type float64.
  public static func uniforms(
    _ shape: [Int], on device: Device = .cpu, using generator: inout SeededGenerator
  ) -> Tensor {
    let count = shape.reduce(1, *)
    if device.isCPU { return Tensor((0..<count).map { _ in generator.uniform() }, shape: shape) }
    return drawn(shape, device) {
      ct_device_random_uniforms(generator.next(), Int64(count), device.number, &$0)
    }
  }

  /// Normally distributed numbers with mean 0 and variance 1.
  public static func normals(
    _ shape: [Int], _ type: DataType = .float32, on device: Device = .cpu,
    using generator: inout SeededGenerator
  ) -> Tensor {
    let count = shape.reduce(1, *)
    if device.isCPU {
      let numbers = generator.normals(count)
      return type == .float64
        ? Tensor(numbers, shape: shape) : Tensor(numbers.map(Float.init), shape: shape)
    }
    return drawn(shape, device) {
      ct_device_random_normals(type.code, generator.next(), Int64(count), device.number, &$0)
    }
  }

  static func drawn(
    _ shape: [Int], _ device: Device, _ kernel: (inout ct_tensor?) -> ct_error?
  ) -> Tensor {
    Tensor(owning: make(kernel), on: device).reshaped(shape)
  }
}
