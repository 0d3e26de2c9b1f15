/// A value that a device may still be computing: asking for it waits.
public struct Deferred<Value: Sendable>: Sendable {
  private enum Source: Sendable {
    case known(Value)
    case deferred(@Sendable () -> Value)
  }

  private let source: Source

  /// A value that is there.
  public init(_ value: Value) { source = .known(value) }

  /// The value that `fetch` waits for.
  public init(_ fetch: @escaping @Sendable () -> Value) { source = .deferred(fetch) }

  /// The value.
  public var value: Value {
    switch source {
    case .known(let value): value
    case .deferred(let fetch): fetch()
    }
  }
}
