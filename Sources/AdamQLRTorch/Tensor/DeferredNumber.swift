import CTorch
import Synchronization

/// A number that is known, or one that a device is still computing.
///
/// Waiting for a device takes longer than many operations on it. So numbers are fetched when one of
/// them is asked for, and then all of them that are outstanding in one go.
public struct DeferredNumber: Sendable {
  private let known: Double
  private let source: (numbers: DeferredNumbers, index: Int)?
  private var divisor = 1.0

  /// A number that is known.
  public init(_ value: Double) {
    known = value
    source = nil
  }

  init(_ numbers: DeferredNumbers, _ index: Int = 0) {
    known = .nan
    source = (numbers, index)
  }

  /// The number divided by another.
  public func divided(by divisor: Double) -> DeferredNumber {
    var result = self
    result.divisor *= divisor
    return result
  }

  /// The number; waits for the device where it is not known yet.
  public var value: Double { (source.map { $0.numbers.values[$0.index] } ?? known) / divisor }
}

/// The numbers that a kernel leaves on a device.
public final class DeferredNumbers: Sendable {
  private struct Contents {
    /// The numbers on the device, until they are fetched.
    var tensor: Tensor?
    var values: [Double] = []
    var isChecked = false
  }

  private let contents: Mutex<Contents>
  private let device: Device
  private let check: @Sendable ([Double]) -> Void

  private struct Reference {
    weak var numbers: DeferredNumbers?
  }

  /// All that may be outstanding, which nobody may want any more.
  private static let outstanding = Mutex<[Reference]>([])

  /// Takes the numbers that `kernel` leaves.
  ///
  /// - Parameters:
  ///   - device: The device that it works on.
  ///   - check: Is shown the numbers when they are first asked for.
  init(
    on device: Device, check: @escaping @Sendable ([Double]) -> Void = { _ in },
    _ kernel: (inout ct_tensor?) -> ct_error?
  ) {
    contents = Mutex(Contents(tensor: Tensor(owning: Tensor.make(kernel), on: device)))
    self.device = device
    self.check = check
    Self.outstanding.withLock { $0.append(Reference(numbers: self)) }
  }

  /// The numbers; fetches all that are outstanding on the device unless these are there.
  var values: [Double] {
    if contents.withLock({ $0.tensor != nil }) { Self.fetch(on: device) }
    // They may have been fetched with others, whom the check does not concern.
    let (values, isChecked) = contents.withLock { contents in
      defer { contents.isChecked = true }
      return (contents.values, contents.isChecked)
    }
    if !isChecked { check(values) }
    return values
  }

  private static func fetch(on device: Device) {
    outstanding.withLock { references in
      let wanted = references.compactMap(\.numbers).filter { $0.device == device }
      references.removeAll { $0.numbers.map { $0.device == device } ?? true }
      let tensors = wanted.map { numbers in numbers.contents.withLock { $0.tensor } }
      let all = tensors.compactMap(\.self)
      guard let first = all.first else { return }
      let joined = all.count == 1 ? first : Tensor.joining(all, over: 0)
      var values = [Double](repeating: 0, count: joined.count)
      withExtendedLifetime(joined) {
        onDevice { ct_device_numbers(joined.handle, Int64(joined.count), &values) }
      }
      Runtime.noteFetch()
      var place = 0
      for (numbers, tensor) in zip(wanted, tensors) {
        guard let tensor else { continue }
        let own = Array(values[place..<(place + tensor.count)])
        place += tensor.count
        numbers.contents.withLock { ($0.tensor, $0.values) = (nil, own) }
      }
    }
  }
}
