import CTorch

#if canImport(Glibc)
  import Glibc
#endif

/// What libtorch refused to do: the operation with the types and shapes it was given, and why.
public struct TorchError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The operation, its operands and the reason, in one or a few lines.
  public let description: String

  /// An error with this description.
  public init(_ description: String) { self.description = description }

  /// Takes over a message of the C interface and throws it.
  static func check(_ message: ct_error?) throws(TorchError) {
    guard let message else { return }
    defer { free(message) }
    throw TorchError(String(cString: message))
  }
}

/// The result of `body`, or a trap that says what failed.
///
/// For operations whose operands are a programmer's responsibility, as an array's index is.
@inline(__always)
func trapping<Result>(_ body: () throws(TorchError) -> Result) -> Result {
  do {
    return try body()
  } catch {
    fatalError(error.description)
  }
}

/// Runs a kernel on a device, or traps with what failed.
@inline(never)
func onDevice(_ kernel: () -> ct_error?) {
  trapping { () throws(TorchError) in try TorchError.check(kernel()) }
}
