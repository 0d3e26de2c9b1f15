import Foundation
import AdamQLRNetworks
import Synchronization
import AdamQLRTorch

/// What one thread's precision of products does to another's.
extension DeviceCheck {
  /// What came of computing in single precision beside a thread that computes with rounded factors.
  public struct Neighborhood: Hashable, Sendable {
    /// How the other thread computes products.
    public let neighbor: ProductPrecision
    /// How often loss and gradient were computed beside it.
    public let count: Int
    /// How often a bit of them was not as it is without the other thread; there is no need for any.
    public let deviations: Int
    /// Whether the other precision makes a difference on the device at all; otherwise nothing could
    /// be found. TF32 makes none on the processor and on GPUs before Ampere.
    public let isTelling: Bool
  }

  /// Computes loss and gradient of a network in single precision, alone and then beside another
  /// thread that computes those of the same network with rounded factors.
  ///
  /// - Parameter count: How often, beside each. Default 50.
  public func neighborhoods(count: Int = 50) -> [Neighborhood] {
    let own = Workload(device, .float)
    let alone = own.figures()
    return [ProductPrecision.tf32, .bf16].map { precision in
      let isTelling = Workload(device, precision).figures() != alone
      let neighbor = Neighbor(device, precision)
      let deviations = (0..<count).count { _ in own.figures() != alone }
      neighbor.end()
      return Neighborhood(
        neighbor: precision, count: count, deviations: deviations, isTelling: isTelling)
    }
  }
}

/// A network whose products take most of the time.
private struct Workload {
  private let objective: NetworkObjective
  private let parameters: FlatVector

  init(_ device: Device, _ products: ProductPrecision) {
    var o = DeviceCheck.Operands(device, .float32)
    var model = Model(
      Sequential(Dense(128, 256, activation: .relu), Dense(256, 256), Dense(256, 16)))
    model.products = products
    var generator = o.split()
    parameters = model.initialParameters(using: &generator).to(device)
    objective = NetworkObjective(
      model, SoftmaxCrossEntropy(), inputs: o.normals(64, 128), targets: o.integers(below: 16, 64))
  }

  /// Loss and gradient.
  func figures() -> [Double] {
    let linearized = objective.linearize(at: parameters)
    var gradient = parameters
    linearized.formGradient(&gradient)
    return [linearized.loss] + gradient.tensor.doubles
  }
}

/// A thread that computes all the time.
private final class Neighbor: Sendable {
  private let isOver = Atomic(false)
  private let begun = DispatchSemaphore(value: 0)
  private let ended = DispatchSemaphore(value: 0)

  /// Starts it, and returns when it is at work.
  init(_ device: Device, _ products: ProductPrecision) {
    Thread.detachNewThread {
      let workload = Workload(device, products)
      repeat {
        _ = workload.figures()
        self.begun.signal()
      } while !self.isOver.load(ordering: .relaxed)
      self.ended.signal()
    }
    begun.wait()
  }

  /// Ends it, and returns when it is over.
  func end() {
    isOver.store(true, ordering: .relaxed)
    ended.wait()
  }
}
