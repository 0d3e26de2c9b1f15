import CTorch
import Requirements

/// The engine as a whole.
public enum Runtime {
  private static let initialized: Void = ct_set_thread_count(Int32(defaultThreadCount))

  /// The number of threads unless ``threadCount`` is set: the machine's cores.
  private static var defaultThreadCount: Int { Int(ct_thread_count()) }

  /// Prepares the engine once.
  static func start() { initialized }

  /// Sets, for the whole process, what makes training fast in a program that does little else. It is
  /// for the program to call, at its start, and not for a library: nothing else in this package changes
  /// settings that other parts of a process depend on, but for OpenMP's number of threads, which
  /// libtorch sets.
  ///
  /// - The C library keeps freed memory for reuse instead of returning it to the system, up to 256 MB
  ///   of it that lie together; pieces of 32 MB and more are returned at once, as they are by default.
  ///   Buffers of a step are then not paged in anew at the next.
  /// - The threads of OpenMP, which libtorch shares with whatever else uses it, are ended after a
  ///   matrix factorization, where they would wait for more work, and contend for the processors with
  ///   the threads that do it.
  ///
  /// Results do not depend on it.
  public static func tuneProcess() { ct_tune_process() }

  private static let outOfMemory = FatalHandler<TorchError>()

  /// Sets what ends the program where an operation finds no memory for its result. Default: a trap
  /// with the error's description.
  ///
  /// ``Operator/call(_:)`` throws the error instead.
  public static func whenOutOfMemory(_ end: @escaping @Sendable (TorchError) -> Never) {
    outOfMemory.set(end)
  }

  /// Ends the program.
  static func end(outOfMemory error: TorchError) -> Never { outOfMemory.end(error) }

  /// The version of libtorch.
  public static var version: String { String(cString: ct_version()) }

  /// The processors that this process may use, as bits, of the first 1024.
  package static var processors: [UInt32] {
    [UInt32](unsafeUninitializedCapacity: 32) { bits, count in
      bits.baseAddress.map(ct_processors)
      count = 32
    }
  }

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
      require(newValue >= 1, "the thread count is \(newValue), but must be positive")
      start()
      ct_set_thread_count(Int32(newValue))
    }
  }
}
