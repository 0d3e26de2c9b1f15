import CTorch
import Requirements

/// Where a tensor's elements lie and operations on it are computed.
///
/// Operands of an operation lie on one device, and so does its result. Nothing moves by itself:
/// ``Tensor/to(_:)-(Device)`` copies.
public struct Device: Hashable, Sendable {
  /// CUDA's number, or a negative one.
  private let code: Int32

  private init(code: Int32) { self.code = code }

  /// The processor and its memory.
  public static let cpu = Device(code: -1)

  /// An NVIDIA GPU.
  ///
  /// - Parameter index: Its number. Default 0.
  /// - Precondition: The number is not negative.
  public static func cuda(_ index: Int = 0) -> Device {
    require(index >= 0 && index < 128, "there is no cuda:\(index)")
    return Device(code: Int32(index))
  }

  /// The processor in the part of a GPU: operations go the way they go there, by libtorch's operators,
  /// its memory is out of reach without a copy, and it does not mix with ``cpu``.
  ///
  /// It shows on any machine what would happen on a GPU, rounding aside.
  public static let simulated = Device(code: -2)

  /// The device that is meant by `cpu`, `cuda`, which is `cuda:0`, `cuda:1` and so on, or
  /// `simulated`; `nil` for anything else.
  public init?(_ name: String) {
    switch name {
    case "cpu": self = .cpu
    case "cuda": self = .cuda()
    case "simulated": self = .simulated
    default:
      let digits = name.dropFirst("cuda:".count)
      guard name.hasPrefix("cuda:"), digits.allSatisfy({ ("0"..."9").contains($0) }),
        let index = Int(digits), index < 128
      else { return nil }
      self = .cuda(index)
    }
  }

  /// Whether it is an NVIDIA GPU.
  public var isCUDA: Bool { code >= 0 }

  /// Whether kernels may work on its memory directly.
  @inline(__always)
  var isCPU: Bool { code == -1 }

  /// The number that the C interface has for it.
  var number: Int32 { max(code, -1) }

  /// The number of GPUs that this process sees; 0 where none can be used.
  public static var cudaCount: Int {
    guard (try? cuda().prepare()) != nil else { return 0 }
    return Int(ct_cuda_count())
  }

  /// Makes the device ready for use. Operations do that themselves, but trap where it is not to be
  /// had.
  ///
  /// Call it before the first operation of all where a GPU is to be used: libtorch looks for one only
  /// once.
  ///
  /// - Throws: ``TorchError`` where this libtorch has no CUDA, there is no GPU or driver, or fewer
  ///   GPUs than that.
  public func prepare() throws(TorchError) {
    guard isCUDA else { return }
    do {
      try TorchError.check(ct_prepare_cuda(code))
    } catch {
      throw TorchError("the device '\(self)' cannot be used: \(error)")
    }
  }
}

extension Device: CustomStringConvertible {
  /// The name: `cpu`, `cuda:0`.
  public var description: String {
    switch code {
    case -1: "cpu"
    case -2: "simulated"
    default: "cuda:\(code)"
    }
  }
}

extension Tensor {
  /// A copy on another device; the tensor itself where it lies there already.
  ///
  /// A device is waited for where the copy comes from one to the processor.
  public func to(_ device: Device) -> Tensor {
    if device == self.device { return self }
    trapping { () throws(TorchError) in try device.prepare() }
    Runtime.noteCopy()
    return Tensor(
      owning: Tensor.make { ct_copy_to(handle, device.number, &$0) }, on: device)
  }

  /// The first `count` numbers of 0, `step`, 2·`step`, …, of type int64, on a device.
  public static func countingUp(_ count: Int, by step: Int = 1, on device: Device) -> Tensor {
    Runtime.start()
    trapping { () throws(TorchError) in try device.prepare() }
    let numbers = Tensor(
      owning: Tensor.make { ct_device_count_up(Int64(count), device.number, &$0) }, on: device)
    return step == 1 ? numbers : Operator.multiplyScalar(numbers, options: .int(step))
  }
}
