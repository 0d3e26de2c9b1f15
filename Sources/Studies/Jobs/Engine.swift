/// Where the runs of a study are made.
public enum Engine: Hashable, Sendable {
  /// In processes of this machine.
  ///
  /// - Parameters:
  ///   - executable: The path of the program.
  ///   - arguments: What makes it serve as a ``JobWorker``.
  ///   - count: The number of processes at a time.
  case local(executable: String, arguments: [String], count: Int)
  /// On a Ray cluster.
  case ray(RayOptions)

  /// What makes the jobs.
  ///
  /// - Parameter folder: Where processes can write what they complain of; it is there.
  func makeEngine(in folder: String) -> any JobEngine {
    switch self {
    case .local(let executable, let arguments, let count):
      LocalEngine(executable, arguments, count: count, folder: folder)
    case .ray(let options): RayEngine(options, folder: folder)
    }
  }
}
