import Foundation

extension Process {
  /// Waits until the process has ended, and ends it itself after some time.
  ///
  /// - Returns: Whether it ended by itself.
  package func waitUntilExit(limit: Duration) -> Bool {
    let end = ContinuousClock.now + limit
    while isRunning {
      guard ContinuousClock.now < end else {
        kill(processIdentifier, SIGKILL)
        waitUntilExit()
        return false
      }
      usleep(2000)
    }
    waitUntilExit()
    return true
  }
}
