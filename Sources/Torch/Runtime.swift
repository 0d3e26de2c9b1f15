import CTorch
import Synchronization

/// The engine as a whole.
public enum Runtime {
  private static let initialized: Void = {
    ct_initialize()
    ct_set_thread_count(Int32(defaultThreadCount))
  }()

  /// The number of threads unless ``threadCount`` is set: the machine's cores.
  private static var defaultThreadCount: Int { Int(ct_thread_count()) }

  /// Prepares the engine once.
  static func start() { initialized }

  private static let endOutOfMemory = Mutex<(@Sendable (TorchError) -> Never)?>(nil)

  /// Sets what ends the program where an operation finds no memory for its result. Default: a trap
  /// with the error's description.
  ///
  /// ``Operator/call(_:)`` throws the error instead.
  public static func whenOutOfMemory(_ end: @escaping @Sendable (TorchError) -> Never) {
    endOutOfMemory.withLock { $0 = end }
  }

  /// Ends the program.
  static func end(outOfMemory error: TorchError) -> Never {
    if let end = endOutOfMemory.withLock({ $0 }) { end(error) }
    fatalError(error.description)
  }

  /// The version of libtorch.
  public static var version: String { String(cString: ct_version()) }

  /// The most threads that an operation uses; small operations use fewer, as a fixed function of
  /// their size. Default: the machine's cores.
  ///
  /// Set it before the first operation and leave it: sums depend on it to the last bit.
  public static var threadCount: Int {
    get {
      start()
      return Int(ct_thread_count())
    }
    set {
      precondition(newValue >= 1, "the thread count is \(newValue), but must be positive")
      start()
      ct_set_thread_count(Int32(newValue))
    }
  }
}
