import Verification
import Foundation
import Studies
import Testing
import AdamQLRTorch

@Suite("Device check")
struct DeviceCheckTests {
  /// The device that is checked: `ADAMQLR_TEST_DEVICE=cuda swift test … --filter DeviceCheck` takes a
  /// GPU, which libtorch must see before its first operation.
  static let device =
    ProcessInfo.processInfo.environment["ADAMQLR_TEST_DEVICE"].flatMap { Device($0) } ?? .simulated

  @Test("Every kernel and every step on a device agrees with the processor's")
  func agreement() throws {
    var names: Set<String> = []
    try DeviceCheck(Self.device).run { outcome in
      #expect(
        outcome.isPassed, "\(outcome.name): \(outcome.deviation) above \(outcome.tolerance)")
      // What is compared with a simulated device is the same on one; all else is computed otherwise,
      // by operators instead of kernels, and cannot agree to the last bit throughout.
      if outcome.deviation > 0 { names.insert(outcome.name) }
    }
    #expect(names.count > 30)
  }

  @Test("Products in single precision are the same beside a thread that rounds factors")
  func neighborhoods() throws {
    let neighborhoods = try DeviceCheck(Self.device).neighborhoods()
    for beside in neighborhoods {
      #expect(beside.deviations == 0, "\(beside.deviations) of \(beside.count), \(beside.neighbor)")
    }
    #expect(neighborhoods.contains { $0.neighbor == .bf16 && $0.isTelling })
  }
}
