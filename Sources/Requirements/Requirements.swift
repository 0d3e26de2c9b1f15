/// Ends the program with a message, and the place of the call, unless a condition holds.
///
/// For what a caller is responsible for, as an array's index is. The standard library's `precondition`
/// says nothing in release builds, and a trap must say what was wrong: so no module of this package
/// uses that one, and all use this one.
///
/// - Parameters:
///   - condition: What must hold.
///   - message: What was wrong; evaluated where the condition does not hold alone.
@inlinable @inline(__always)
package func require(
  _ condition: @autoclosure () -> Bool, _ message: @autoclosure () -> String,
  file: StaticString = #fileID, line: UInt = #line
) {
  if !condition() { fatalError(message(), file: file, line: line) }
}
