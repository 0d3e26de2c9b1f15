import AdamQLRTorch
import ArgumentParser
import Foundation

/// The ranks that this process was started as one of, if it was.
struct Ranks {
  /// The ranks; `nil`: there is one process.
  let group: ProcessGroup?

  /// Whether this process shows and writes what comes out.
  var isFirst: Bool { group?.rank ?? 0 == 0 }

  /// Joins the ranks that the environment speaks of.
  ///
  /// - Throws: `DistributedError` where it is not as it must be, or they do not meet.
  init() throws {
    let environment = ProcessInfo.processInfo.environment
    guard let rendezvous = try Rendezvous(environment: environment) else {
      group = nil
      return
    }
    ProcessGroup.whenLost { error in
      Output.warning(
        "Error: \(error); this is rank \(rendezvous.rank). A run goes on from its last checkpoint with "
          + "--resume, on another number of ranks too")
      fflush(nil)
      // Other threads may be in the middle of things.
      _exit(ExitStatus.unavailable)
    }
    group = try ProcessGroup(joining: rendezvous)
  }

  /// Does this rank's part, and leaves when all have done theirs; an error ends the others too.
  func ending(_ body: () throws -> Void) throws {
    do {
      try body()
    } catch let code as ExitCode {
      // As the run's outcome, which all ranks share.
      group?.finish()
      throw code
    } catch {
      group?.abandon(because: "\(error)")
      throw error
    }
    group?.finish()
  }
}
