import Synchronization

/// What ends the program at a failure that nothing can go on from; it is for the program to say.
struct FatalHandler<Failure: Error & CustomStringConvertible>: ~Copyable, Sendable {
  private let handler = Mutex<(@Sendable (Failure) -> Never)?>(nil)

  /// Sets what ends the program. Default: a trap with the failure's description.
  func set(_ end: @escaping @Sendable (Failure) -> Never) { handler.withLock { $0 = end } }

  /// Ends the program.
  func end(_ failure: Failure) -> Never {
    if let end = handler.withLock({ $0 }) { end(failure) }
    fatalError(failure.description)
  }
}
