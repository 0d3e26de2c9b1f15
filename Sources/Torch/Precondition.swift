/// As the standard library's function of that name, which it hides here; but that one says nothing
/// in release builds, and a trap must say what was wrong.
@inline(__always)
package func precondition(
  _ condition: @autoclosure () -> Bool, _ message: @autoclosure () -> String,
  file: StaticString = #fileID, line: UInt = #line
) {
  if !condition() { fatalError(message(), file: file, line: line) }
}
