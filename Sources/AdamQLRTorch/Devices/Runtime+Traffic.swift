import Synchronization

/// What passes between devices and the processor.
extension Runtime {
  private static let fetches = Atomic<Int>(0)

  private static let copies = Atomic<Int>(0)

  static func noteFetch() { fetches.add(1, ordering: .relaxed) }

  static func noteCopy() { copies.add(1, ordering: .relaxed) }

  /// How many tensors have been copied between devices in this process.
  public static var copyCount: Int { copies.load(ordering: .relaxed) }

  /// How often numbers have been fetched from devices in this process, each time waiting for one.
  public static var fetchCount: Int { fetches.load(ordering: .relaxed) }
}
