import Foundation
import Synchronization

/// Notices Ctrl-C and requests to terminate, so that a run can end after its current step.
///
/// A second signal ends the process at once.
package enum Interruption {
  private static let received = Atomic<Int32>(0)

  /// The process whose end counts as a request to terminate, if there is one.
  private static let parent = ProcessInfo.processInfo.environment["ADAMQLR_PARENT"]
    .flatMap(Int32.init)

  /// The signal that was received, 0 for none.
  package static var signal: Int32 {
    let signal = received.load(ordering: .relaxed)
    if signal == 0, let parent, getppid() != parent { return SIGTERM }
    return signal
  }

  /// Starts to notice.
  package static func watch() {
    // Whoever started the process may have blocked them.
    var numbers = sigset_t()
    sigemptyset(&numbers)
    for number in [SIGINT, SIGTERM] {
      sigaddset(&numbers, number)
      Foundation.signal(number) { number in
        Interruption.received.store(number, ordering: .relaxed)
        Foundation.signal(number, SIG_DFL)
      }
    }
    pthread_sigmask(SIG_UNBLOCK, &numbers, nil)
  }
}
