import Synchronization

/// How far the reading of data has come, where that takes a while.
public enum DataProgress {
  /// Is told how many of how many are done.
  public typealias Observer = @Sendable (_ done: Int, _ total: Int) -> Void

  private static let observer = Mutex<Observer?>(nil)

  /// Does something that reads data, and lets `observe` know how far it has come.
  public static func observed<Result>(
    by observe: @escaping Observer, _ body: () throws -> Result
  ) rethrows -> Result {
    observer.withLock { $0 = observe }
    defer { observer.withLock { $0 = nil } }
    return try body()
  }

  static func report(_ done: Int, of total: Int) { observer.withLock { $0 }?(done, total) }
}
