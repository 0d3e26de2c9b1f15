import Foundation
import Synchronization
import Tasks

extension Output {
  /// Shows on standard error how far the reading of data has come while something is done, once it takes
  /// more than a second: on a terminal in a live line, elsewhere every ten seconds.
  static func showingProgress<Result>(of what: String, _ body: () throws -> Result) rethrows
    -> Result
  {
    let isTerminal = isatty(STDERR_FILENO) == 1
    let clock = ContinuousClock()
    let start = clock.now
    let last = Mutex<ContinuousClock.Instant?>(nil)
    defer {
      if isTerminal, last.withLock({ $0 != nil }) {
        FileHandle.standardError.write(Data("\r\u{1B}[K".utf8))
      }
    }
    return try DataProgress.observed(by: { done, total in
      let now = clock.now
      let isDue = last.withLock { last in
        guard (now - start).seconds > 1,
          (now - (last ?? start)).seconds > (isTerminal ? 0.1 : 10) || last == nil
        else { return false }
        last = now
        return true
      }
      guard isDue else { return }
      let text = "reading \(what): \(done.grouped) of \(total.grouped)"
      FileHandle.standardError.write(Data((isTerminal ? "\r\u{1B}[K\(text)" : text + "\n").utf8))
    }) { try body() }
  }
}
