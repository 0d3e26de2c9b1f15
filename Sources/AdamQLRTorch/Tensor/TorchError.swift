import CTorch

#if canImport(Glibc)
  import Glibc
#endif

/// What libtorch refused to do: the operation with the types and shapes it was given, and why.
public struct TorchError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The operation, its operands and the reason, in one or a few lines.
  public let description: String
  /// Whether the reason is that memory was missing; the description then says how much was asked for.
  public let isOutOfMemory: Bool

  /// An error with this description.
  public init(_ description: String, isOutOfMemory: Bool = false) {
    self.description = description
    self.isOutOfMemory = isOutOfMemory
  }

  /// Takes over a message of the C interface and throws it.
  static func check(_ message: ct_error?) throws(TorchError) {
    guard let message else { return }
    defer { free(message) }
    throw TorchError(String(cString: message), isOutOfMemory: ct_was_out_of_memory())
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
    if error.isOutOfMemory { Runtime.end(outOfMemory: error) }
    fatalError(error.description)
  }
}

/// Runs a kernel on a device, or traps with what failed.
@inline(never)
func onDevice(_ kernel: () -> ct_error?) {
  trapping { () throws(TorchError) in try TorchError.check(kernel()) }
}

/// Traps with what a kernel reports, if anything.
@inline(__always)
func trap(on error: ct_error?) {
  if error != nil { onDevice { error } }
}
