import CTorch
import Requirements

/// An n-dimensional array of numbers in libtorch's memory, row-major.
///
/// A tensor is a reference: copies share the elements. Operations make new tensors; the few that
/// write into existing memory say so in their names. Operands that do not fit together are a
/// programming error and trap with the operation, the shapes and the reason; ``Operator/call(_:)``
/// throws instead.
///
/// Tensors may be handed between threads; nothing guards one that is written to while others read
/// it.
public final class Tensor: @unchecked Sendable {
  let handle: ct_tensor
  /// Whether autograd follows the operations on this tensor.
  public let isTracked: Bool
  /// The type of the elements.
  public let type: DataType
  /// The number of elements.
  public let count: Int
  /// Where the elements lie.
  public let device: Device

  /// Takes over a reference.
  init(owning handle: ct_tensor, isTracked: Bool = false, on device: Device) {
    guard let type = DataType(code: ct_type(handle)) else {
      fatalError("a tensor has an element type that this interface does not know")
    }
    self.handle = handle
    self.isTracked = isTracked
    self.type = type
    self.device = device
    count = Int(ct_count(handle))
  }

  deinit { ct_release(handle) }

  /// A tensor whose elements are not yet set.
  public convenience init(uninitialized shape: [Int], _ type: DataType, on device: Device = .cpu) {
    Runtime.start()
    if device.isCUDA { trapping { () throws(TorchError) in try device.prepare() } }
    let handle = shape.withInt64s { shape in
      Tensor.make {
        ct_empty(type.code, shape.baseAddress, Int32(shape.count), device.number, &$0)
      }
    }
    self.init(owning: handle, on: device)
  }

  /// A tensor of the type and on the device of another, whose elements are not yet set.
  public convenience init(uninitialized shape: [Int], like other: Tensor) {
    self.init(uninitialized: shape, other.type, on: other.device)
  }

  /// A tensor of these elements, row-major.
  ///
  /// - Precondition: `shape` has as many elements as `elements`; without one it is one-dimensional.
  public convenience init<Element: TensorElement>(_ elements: [Element], shape: [Int]? = nil) {
    let shape = shape ?? [elements.count]
    require(
      shape.reduce(1, *) == elements.count,
      "\(elements.count) elements do not fill the shape \(shape)")
    self.init(uninitialized: shape, Element.dataType)
    elements.withUnsafeBytes { bytes in
      guard let source = bytes.baseAddress else { return }
      data.copyMemory(from: source, byteCount: bytes.count)
    }
  }

  /// A tensor of zeros.
  public static func zeros(
    _ shape: [Int], _ type: DataType = .float32, on device: Device = .cpu
  ) -> Tensor {
    let tensor = Tensor(uninitialized: shape, type, on: device)
    if device.isCPU {
      tensor.data.initializeMemory(as: UInt8.self, repeating: 0, count: tensor.count * type.size)
    } else {
      tensor.fill(0)
    }
    return tensor
  }

  /// A tensor of zeros of the type and on the device of another.
  public static func zeros(_ shape: [Int], like other: Tensor) -> Tensor {
    .zeros(shape, other.type, on: other.device)
  }

  /// A tensor of no dimensions with this value.
  public static func scalar(_ value: Double, _ type: DataType = .float32) -> Tensor {
    type == .float64 ? Tensor([value], shape: []) : Tensor([Float(value)], shape: []).to(type)
  }
}

extension Tensor {
  /// The number of dimensions.
  public var rank: Int { Int(ct_rank(handle)) }

  /// The sizes of all dimensions.
  public var shape: [Int] { (0..<rank).map(size) }

  /// The size of one dimension.
  public func size(_ dimension: Int) -> Int {
    require(
      dimension >= 0 && dimension < rank, "dimension \(dimension) of a tensor of shape \(shape)")
    return Int(ct_size(handle, Int32(dimension)))
  }

  /// The address of the first element.
  ///
  /// - Precondition: The tensor lies in the processor's memory.
  @inline(__always)
  var data: UnsafeMutableRawPointer {
    require(
      device.isCPU,
      "the elements of a tensor on \(device) are out of reach; to(.cpu) makes a copy that is not")
    return ct_data(handle)
  }

  var isDouble: Bool { type == .float64 }

  /// The elements, row-major; from a device, copied.
  ///
  /// - Precondition: `Element` is the tensor's type.
  public func elements<Element: TensorElement>(_: Element.Type = Element.self) -> [Element] {
    require(
      Element.dataType == type, "a tensor of \(type) was asked for elements of \(Element.dataType)")
    let source = to(.cpu).contiguous()
    return withExtendedLifetime(source) {
      Array(
        UnsafeBufferPointer(
          start: UnsafePointer(source.data.assumingMemoryBound(to: Element.self)), count: count))
    }
  }

  /// The elements as numbers of double precision, row-major.
  public var doubles: [Double] { detached().to(.float64).elements() }

  /// The only element.
  ///
  /// - Precondition: There is exactly one.
  public var item: Double {
    require(count == 1, "a tensor of shape \(shape) has no single element")
    return doubles[0]
  }

  /// The same elements in a gapless row-major layout; the same tensor where it has one already.
  public func contiguous() -> Tensor {
    ct_is_contiguous(handle) ? self : Operator.contiguous(self)
  }

  /// `count` elements from `offset` on in a new shape, sharing memory with this tensor.
  ///
  /// - Precondition: The tensor is contiguous and has these elements.
  public func slice(from offset: Int, shape: [Int]) -> Tensor {
    let handle = shape.withInt64s { shape in
      Tensor.make {
        ct_slice(self.handle, Int64(offset), shape.baseAddress, Int32(shape.count), &$0)
      }
    }
    return Tensor(owning: handle, on: device)
  }

  /// The rows `range` of the first dimension, sharing memory with this tensor.
  public func rows(_ range: Range<Int>) -> Tensor {
    let width = size(0) == 0 ? 0 : count / size(0)
    return slice(from: range.lowerBound * width, shape: [range.count] + shape.dropFirst())
  }

  /// Overwrites the elements, which may be part of another tensor's, with those of a tensor of the
  /// same shape.
  public func assign(_ source: Tensor) { _ = Operator.copy(self, source) }

  /// Sets all elements, which may be part of another tensor's, to a number.
  public func fill(_ value: Double) { _ = Operator.fill(self, options: .double(value)) }

  /// Overwrites the elements with those of a tensor of the same type and count.
  ///
  /// - Precondition: This tensor is contiguous, and both lie on one device.
  public func overwrite(with source: Tensor) {
    require(
      source.type == type && source.count == count,
      "cannot overwrite \(type)\(shape) with \(source.type)\(source.shape)")
    guard ct_is_contiguous(source.handle), device.isCPU, source.device.isCPU else {
      // Rearranged on the way, without a copy in between.
      _ = Operator.copy(source.shape == shape ? self : reshaped(source.shape), source)
      return
    }
    withExtendedLifetime(source) {
      data.copyMemory(from: source.data, byteCount: count * type.size)
    }
  }

  /// The handle that a call of the C interface fills in.
  static func make(_ body: (inout ct_tensor?) -> ct_error?) -> ct_tensor {
    var handle: ct_tensor?
    trapping { () throws(TorchError) in try TorchError.check(body(&handle)) }
    guard let handle else { fatalError("libtorch returned no tensor") }
    return handle
  }
}

extension Tensor: CustomStringConvertible {
  /// Type, shape and, of a small tensor, the elements.
  public var description: String {
    let place = device.isCPU ? "" : " on \(device)"
    return count <= 64 ? "\(type)\(shape)\(place) \(doubles)" : "\(type)\(shape)\(place)"
  }
}

extension Array where Element == Int {
  /// The elements as the C interface takes them.
  func withInt64s<Result>(_ body: (UnsafeBufferPointer<Int64>) -> Result) -> Result {
    withUnsafeBufferPointer { $0.withMemoryRebound(to: Int64.self, body) }
  }
}
